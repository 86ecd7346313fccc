"""Two server processes on one store: what one accepts changes the next answer of the other."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from daogou.store import Store

HERE: Final = Path(__file__).parent
PLACES: Final = [
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.postgres),
]


def told(home: Path, process: "subprocess.Popen[bytes]") -> str:
    from tests.server.conftest import told_address

    return told_address(home, process)


@pytest.fixture(scope="module", params=PLACES)
def pair(
    request: pytest.FixtureRequest, planted: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[httpx2.Client]]:
    """Clients of two processes that share a database, each with a copy of the bundle."""
    root = tmp_path_factory.mktemp("pair")
    shutil.copytree(planted, root / "shop")
    url = f"sqlite:///{root / 'shop' / 'daogou.db'}"
    if request.param == "postgres":
        there = str(request.getfixturevalue("postgres_server"))
        with Store.open(url, create=False) as old, Store.open(there) as new:
            new.put_products(old.iter_products())
        url = there
    with ExitStack() as stack:
        clients = []
        for name in "ab":
            home = root / name
            shutil.copytree(planted, home)
            log = stack.enter_context((home / "log").open("w"))
            process = subprocess.Popen(
                [sys.executable, str(HERE / "serve_planted.py"), str(home)],
                stderr=log,
                env={**os.environ, "DAOGOU_STORE": url},
            )
            stack.callback(_stop, process)
            clients.append((home, process))
        yield [
            stack.enter_context(httpx2.Client(base_url=told(*client), timeout=60))
            for client in clients
        ]
        for home, _ in clients:
            assert "Traceback" not in (home / "log").read_text()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(timeout=30)


def post(client: httpx2.Client, path: str, body: Any) -> Any:
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def tell(client: httpx2.Client, visitor: str, kind: str, product: str) -> None:
    event = {
        "eventType": kind,
        "visitorId": visitor,
        "eventId": str(uuid.uuid4()),
        "productDetails": [{"product": {"id": product}}],
    }
    assert post(client, "/v1/events", event)["accepted"] == 1


def recommended(client: httpx2.Client, visitor: str, placement: str) -> list[str]:
    body = {"placement": placement, "userEvent": {"visitorId": visitor}, "pageSize": 60}
    return [result["id"] for result in post(client, "/v1/recommend", body)["results"]]


@pytest.fixture(params=[0, 1], ids=["a to b", "b to a"])
def ways(request: pytest.FixtureRequest, pair: list[httpx2.Client]) -> list[httpx2.Client]:
    """The process that is told, and the one that answers."""
    return pair if request.param == 0 else pair[::-1]


@pytest.fixture
def visitor() -> str:
    return str(uuid.uuid4())


def test_a_purchase(ways: list[httpx2.Client], visitor: str) -> None:
    one, other = ways
    assert recommended(other, visitor, "buy-again") == []
    for number, product in enumerate(("cereal", "milk", "salsa"), 1):
        tell(one, visitor, "purchase-complete", product)
        assert product in recommended(other, visitor, "buy-again")
        assert len(recommended(other, visitor, "buy-again")) == number


def test_no_interest(ways: list[httpx2.Client], visitor: str) -> None:
    one, other = ways
    first = recommended(other, visitor, "home")[0]
    tell(one, visitor, "not-interested", first)
    assert first not in recommended(other, visitor, "home")


def test_a_cart(ways: list[httpx2.Client], visitor: str) -> None:
    one, other = ways
    first = recommended(other, visitor, "home")[0]
    tell(one, visitor, "add-to-cart", first)
    assert first not in recommended(other, visitor, "home")
    tell(one, visitor, "remove-from-cart", first)
    assert first in recommended(other, visitor, "home")


def test_a_search(ways: list[httpx2.Client], visitor: str) -> None:
    one, other = ways

    def found() -> list[dict[str, Any]]:
        body = {"query": "milk", "visitorId": visitor}
        results: list[dict[str, Any]] = post(other, "/v1/search", body)["results"]
        return results

    def reasons(product: str) -> list[str]:
        (result,) = [result for result in found() if result["id"] == product]
        return [reason["code"] for reason in result["reasons"]]

    last = found()[-1]["id"]
    assert "bought_before" not in reasons(last)
    tell(one, visitor, "purchase-complete", last)
    assert "bought_before" in reasons(last)


def test_a_conversation(ways: list[httpx2.Client], visitor: str) -> None:
    """What is said to one holds in what the other says, and so does an event that came to one."""
    one, other = ways
    begun = post(one, "/v1/conversations", {"visitorId": visitor, "languageCode": "en"})
    messages = f"/v1/conversations/{begun['conversationId']}/messages"
    said = post(other, messages, {"text": "milk under $5"})
    assert said["turnId"] == 2
    assert said["state"]["budget"]
    again = post(one, messages, {"text": "only Green Farm"})
    assert again["turnId"] == 3
    assert again["state"]["budget"] == said["state"]["budget"]
    shown = again["products"][0]["id"]
    # What was turned down in the talk is an event, which the other's recommendations know.
    post(other, messages, {"text": "not the first one"})
    assert shown not in recommended(one, visitor, "home")


def test_a_product_that_was_waved_away_elsewhere(ways: list[httpx2.Client], visitor: str) -> None:
    one, other = ways
    begun = post(other, "/v1/conversations", {"visitorId": visitor, "languageCode": "en"})
    messages = f"/v1/conversations/{begun['conversationId']}/messages"
    first = post(other, messages, {"text": "What do you recommend?"})["products"][0]["id"]
    tell(one, visitor, "not-interested", first)
    answer = post(other, messages, {"text": "What do you recommend?"})
    assert answer["products"]
    assert first not in [product["id"] for product in answer["products"]]


def test_erasure(ways: list[httpx2.Client], visitor: str) -> None:
    one, other = ways
    tell(one, visitor, "purchase-complete", "cereal")
    assert recommended(other, visitor, "buy-again") == ["cereal"]
    assert one.delete(f"/v1/visitors/{visitor}").json() == {"deleted": 1}
    assert recommended(other, visitor, "buy-again") == []


def test_a_repeat_at_the_other_process_counts_once(ways: list[httpx2.Client], visitor: str) -> None:
    one, other = ways
    event = {
        "eventType": "purchase-complete",
        "visitorId": visitor,
        "eventId": f"order-{visitor}",
        "productDetails": [{"product": {"id": "rice"}}],
    }
    assert post(one, "/v1/events", event)["accepted"] == 1
    assert post(other, "/v1/events", event) == {"accepted": 0, "duplicates": 1, "errors": []}
    assert len(other.get(f"/v1/visitors/{visitor}/events").json()["userEvents"]) == 1
