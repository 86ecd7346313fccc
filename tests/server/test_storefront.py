"""The pages, as far as they can be judged without a browser."""

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from daogou.server.config import LANGUAGES
from daogou.server.gate import HEADERS
from daogou.server.schemas import StorefrontAnswer
from daogou.server.storefront import PAGES, STATIC
from daogou.types import EVENT_TYPES

SCRIPTS = sorted(STATIC.glob("*.js"))
ASSISTANT = sorted((STATIC / "assistant").glob("*.js"))


def words(language: str, folder: Path = STATIC) -> dict[str, str]:
    table: dict[str, str] = json.loads((folder / "text" / f"{language}.json").read_text("utf-8"))
    return table


@pytest.mark.parametrize(
    "path", ["/", "/search?q=milk", "/product/a/b", "/knowledge/a", "/cart", "/me"]
)
def test_every_address_has_the_shell(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text == client.get("/").text
    for name, value in HEADERS.items():
        assert response.headers[name] == value


def test_the_policy_allows_nothing_inline_and_nothing_foreign() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy


def test_every_file_of_the_shell_is_served_and_kept(client: TestClient) -> None:
    shell = client.get("/").text
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', shell)
    assert len(files) == 3
    for path in files:
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["x-content-type-options"] == "nosniff"
    assert "http" not in shell
    assert "<noscript>" in shell


def test_a_file_that_is_not_there(client: TestClient) -> None:
    folder = re.findall(r"/static/\w+", client.get("/").text)[0]
    for path in (f"{folder}/nothing.js", f"{folder}/../../app.py", f"{folder}/%2e%2e/app.py"):
        response = client.get(path)
        assert response.status_code == 404
        assert response.json()["error"]["status"] == "NOT_FOUND"


def test_the_router_knows_the_pages() -> None:
    patterns = re.findall(r"\[/\^(.+)\$/, \w+Page\]", (STATIC / "app.js").read_text("utf-8"))
    known = [pattern.replace("\\", "").replace("(.+)", "*") for pattern in patterns]
    assert known == [re.sub(r"\{\w+:path\}", "*", page) for page in PAGES]


def test_what_the_storefront_opens_with(client: TestClient) -> None:
    english = StorefrontAnswer.model_validate(client.get("/v1/storefront").json())
    assert english.shop_name == "Corner Market"
    assert english.language_code == "en"
    assert english.shoppers[0].label == "Cooks pasta every week"
    assert [(t.category, t.count) for t in english.categories[:2]] == [
        ("Produce", 13),
        ("Pantry", 12),
    ]
    assert all(tile.emoji for tile in english.categories)
    chinese = StorefrontAnswer.model_validate(
        client.get("/v1/storefront", params={"languageCode": "zh"}).json()
    )
    assert chinese.shoppers[0].label == "每周做意面的一家"
    assert chinese.categories[0].category == "果蔬"


def test_the_tiles_follow_the_catalogue(client: TestClient) -> None:
    client.delete("/v1/products/apron")
    tiles = client.get("/v1/storefront").json()["categories"]
    assert "Home" not in [tile["category"] for tile in tiles]


@pytest.mark.parametrize("folder", [STATIC, STATIC / "assistant"], ids=lambda path: path.name)
def test_both_languages_have_the_same_words(folder: Path) -> None:
    tables = {language: words(language, folder) for language in LANGUAGES}
    assert sorted(path.stem for path in (folder / "text").iterdir()) == sorted(LANGUAGES)
    keys = set(tables["en"])
    for table in tables.values():
        assert set(table) == keys
    for key in keys:
        holes = [sorted(re.findall(r"\{\w+\}", table[key])) for table in tables.values()]
        assert holes[0] == holes[1], key


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    code = "\n".join(path.read_text("utf-8") for path in SCRIPTS)
    plain = set(re.findall(r'\bt\("([\w.-]+)"', code))
    choices = re.findall(r'\bt\([^"\n]+\? "([\w.]+)" : "([\w.]+)"\)', code)
    plain |= {key for pair in choices for key in pair}
    counted = set(re.findall(r'\bcounted\("([\w.-]+)"', code))
    used = plain | {f"{key}.{form}" for key in counted for form in ("one", "other")}
    used |= {f"event.{kind}" for kind in EVENT_TYPES}
    used |= {"sort.relevance", "sort.price", "sort.price desc", "shelf.similar", "shelf.goes-with"}
    assert used == set(words("en"))


def test_the_assistant_uses_every_word_of_its_own() -> None:
    code = "\n".join(path.read_text("utf-8") for path in ASSISTANT)
    known = set(words("en", STATIC / "assistant"))
    # A key stands in the code in quotes, or its last part is chosen among a few.
    chosen = {f"stock.{kind}" for kind in ("in", "out", "other")}
    chosen |= {f"rate.{kind}" for kind in ("up", "down")}
    assert {key for key in known if f'"{key}"' not in code} == chosen
    used = set(re.findall(r'\bt\("([\w.-]+)"', code))
    assert used <= known


def test_the_embedding_script_leads_to_the_module(client: TestClient) -> None:
    script = client.get("/assistant.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "no-cache"
    (module,) = re.findall(r'from "\.(/static/[^"]+)"', script.text)
    assert client.get(module).text.startswith("// <daogou-assistant>")


@pytest.mark.parametrize("path", [*SCRIPTS, *ASSISTANT], ids=lambda path: path.name)
def test_text_stays_text(path: Path) -> None:
    code = path.read_text("utf-8")
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert danger not in code
    assert not re.search(r"https?://(?!www\.w3\.org/)", code)
