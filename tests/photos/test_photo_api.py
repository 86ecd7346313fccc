"""Search by photo over HTTP, and on the command line."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from daogou.cli import app as cli
from daogou.engine import Engine
from daogou.server import ServerConfig, create_app
from daogou.store import Store
from tests.photos.shop import picture


@pytest.fixture
def client(engine: Engine, store: Store) -> Iterator[TestClient]:
    app: FastAPI = create_app(engine, store, ServerConfig())
    with TestClient(app) as opened:
        yield opened


def asked(client: TestClient, photo: str, **body: Any) -> Any:
    return client.post("/v1/search", json={"imageQuery": {"imageBytes": photo}, **body})


def base64_of(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def test_a_photo_finds_its_like_with_the_reason(client: TestClient) -> None:
    answer = asked(client, base64_of(picture("kite", "Blue", 300)), pageSize=3).json()
    assert {result["id"] for result in answer["results"]} == {f"kite-blue-{n}" for n in (1, 2, 3)}
    reason = answer["results"][0]["reasons"][0]
    assert reason == {"code": "looks_like_photo", "text": "Looks like your photo", "productIds": []}
    assert answer["totalSize"] >= 3
    assert answer["attributionToken"]
    chinese = asked(client, base64_of(picture("kite", "Blue")), languageCode="zh").json()
    assert chinese["results"][0]["reasons"][0]["text"] == "与您的照片相似"


def test_words_and_filters_beside_it(client: TestClient) -> None:
    answer = asked(
        client,
        base64_of(picture("kite", "Red")),
        query="like this but in blue",
        filter="price: IN(*, 15)",
        facetSpecs=[{"facetKey": {"key": "attributes.color"}}],
    ).json()
    assert [result["id"] for result in answer["results"]] == ["kite-blue-1"]
    assert [chip["label"] for chip in answer["understanding"]["constraints"]] == ["Blue"]
    assert answer["facets"][0]["values"] == [{"count": 1, "value": "Blue"}]


@pytest.mark.parametrize("form", ["url safe", "data", "folded", "bare"])
def test_the_ways_in_which_bytes_are_written(client: TestClient, form: str) -> None:
    photo = picture("ball", "Red")
    plain = base64_of(photo)
    written = {
        "url safe": base64.urlsafe_b64encode(photo).decode(),
        "data": f"data:image/png;base64,{plain}",
        "folded": "\r\n".join(plain[n : n + 76] for n in range(0, len(plain), 76)),
        "bare": plain.rstrip("="),
    }[form]
    assert asked(client, written).json()["results"][0]["id"].startswith("ball-red")


@pytest.mark.parametrize(
    ("photo", "message"),
    [
        ("", "imageQuery.imageBytes is empty"),
        ("not base64 at all!", "is not base64"),
        ("A", "is not base64"),
        ("图片", "is not base64"),
        ("https://shop.example/1.jpg", "is not base64"),
        (base64_of(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "is not a picture"),
        (base64_of(picture("ball", "Red")[:120]), "cannot be decoded"),
    ],
)
def test_what_is_no_photo_is_a_400_that_names_the_field(
    client: TestClient, photo: str, message: str
) -> None:
    answer = asked(client, photo)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert message in error["message"]
    assert error["field"] == "imageQuery.imageBytes"


def test_what_is_larger_than_is_allowed_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = asked(client, "A" * (12 << 20))
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "imageQuery.imageBytes"
    assert len(answer.text) < 1000
    assert asked(client, "A" * (17 << 20)).status_code == 413


def test_a_misspelled_field_is_told(client: TestClient) -> None:
    answer = client.post("/v1/search", json={"imageQuery": {"imageByte": "AAAA"}})
    assert answer.status_code == 400
    assert "imageBytes" in answer.text


def test_a_shop_without_pictures_says_what_to_do(store: Store, tmp_path: Path) -> None:
    with (
        Engine.open(store, tmp_path / "none") as engine,
        TestClient(create_app(engine, store, ServerConfig())) as client,
    ):
        answer = asked(client, base64_of(picture("ball", "Red")))
    assert answer.status_code == 400
    assert "import images" in answer.json()["error"]["message"]


# --- in a conversation


def test_a_message_may_be_a_photo(client: TestClient) -> None:
    talk = client.post("/v1/conversations", json={}).json()["conversationId"]
    where = f"/v1/conversations/{talk}/messages"
    photo = base64_of(picture("kite", "Red"))
    found = client.post(where, json={"image": photo, "text": "这个有吗"}).json()
    assert found["intent"] == "photo"
    assert found["message"]["language"] == "zh"
    assert {card["reason"] for card in found["products"]} == {"与您的照片相似"}
    alone = client.post(where, json={"image": photo})
    assert alone.json()["products"][0]["id"].startswith("kite-red")
    blue = client.post(where, json={"text": "in blue"}).json()
    assert {card["id"] for card in blue["products"]} == {f"kite-blue-{n}" for n in (1, 2, 3)}
    kept = client.get(f"/v1/conversations/{talk}")
    assert [turn["text"] for turn in kept.json()["turns"]] == ["", "这个有吗", "", "in blue"]
    assert photo[200:300] not in kept.text


def test_a_photo_in_a_stream(client: TestClient) -> None:
    talk = client.post("/v1/conversations", json={}).json()["conversationId"]
    where = f"/v1/conversations/{talk}/messages"
    streamed = {"Accept": "text/event-stream"}
    good = client.post(where, json={"image": base64_of(picture("ball", "Red"))}, headers=streamed)
    assert '"RUN_FINISHED"' in good.text
    assert "ball-red-1" in good.text
    bad = client.post(where, json={"image": base64_of(b"text")}, headers=streamed)
    assert '"RUN_ERROR"' in bad.text
    assert "is not a picture" in bad.text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "neither text nor payload"),
        ({"image": "AAAA", "payload": "/more"}, "both image and payload"),
        ({"image": "AAAA"}, "is not a picture"),
        ({"image": ""}, "image is empty"),
        ({"image": "?"}, "image is not base64"),
    ],
)
def test_a_message_that_makes_no_sense(
    client: TestClient, body: dict[str, str], message: str
) -> None:
    talk = client.post("/v1/conversations", json={}).json()["conversationId"]
    answer = client.post(f"/v1/conversations/{talk}/messages", json=body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


# --- on the command line


def test_a_search_by_a_file(painted: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture("shirt", "Green"))
    command = ["search", "--image", str(photo), "-n", "3", "--home", str(painted)]
    found = CliRunner().invoke(cli, command)
    assert found.exit_code == 0, found.output
    assert "shirt-green-1" in found.output
    assert "Looks like your photo" in found.output
    missing = CliRunner().invoke(cli, ["search", "--image", str(tmp_path / "no.png"),
                                       "--home", str(painted)])  # fmt: skip
    assert missing.exit_code == 1
    assert "No such file" in missing.output


def test_a_photo_in_a_talk_on_the_terminal(painted: Path, tmp_path: Path) -> None:
    photo = tmp_path / "my kite.png"
    photo.write_bytes(picture("kite", "Red"))
    (tmp_path / "text.png").write_bytes(b"text")
    lines = f'/photo "{photo}" in blue\n/photo {tmp_path / "text.png"}\n/photo no.png\nbye\n'
    talked = CliRunner().invoke(cli, ["chat", "--json", "--home", str(painted)], input=lines)
    assert talked.exit_code == 0, talked.output
    answers = [json.loads(line) for line in talked.output.splitlines() if line.startswith("{")]
    assert [answer["intent"] for answer in answers] == ["greet", "photo", "bye"]
    assert {card["id"] for card in answers[1]["products"]} == {f"kite-blue-{n}" for n in (1, 2, 3)}
    assert "is not a picture" in talked.output
    assert "no.png cannot be read" in talked.output
