"""A tiny shop as feed files: even visitors buy apples, odd ones soap, never across."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from daogou.cli import app
from daogou.training import pipeline
from tests.tiny_training import tiny_plan

END: Final = datetime(2026, 6, 1, tzinfo=UTC)
DAYS: Final = 60
N_ITEMS: Final = 24
VISITORS: Final = 8


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAOGOU_HOME", "DAOGOU_STORE", "PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run() -> Callable[..., Result]:
    """The command line, in this process."""

    def invoke(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return invoke


@pytest.fixture(scope="session")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``products.jsonl`` and ``events.jsonl``."""
    folder = tmp_path_factory.mktemp("feeds")
    write_rows(folder / "products.jsonl", [product(i) for i in range(N_ITEMS)])
    write_rows(folder / "events.jsonl", events())
    return folder


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def product(number: int) -> dict[str, Any]:
    even = number % 2 == 0
    return {
        "id": f"p{number}",
        "title": f"{'red apple' if even else 'blue soap'} number {number}",
        "categories": ["Food > Fruit" if even else "Home > Soap"],
        "priceInfo": {"currencyCode": "USD", "price": 1 + number / 100},
        "localized": {"zh": {"title": f"{'红苹果' if even else '蓝肥皂'} {number}"}},
    }


def events() -> list[dict[str, Any]]:
    chance = random.Random(0)
    rows = []
    for visitor in range(VISITORS):
        own = range(visitor % 2, N_ITEMS, 2)
        for day in range(visitor % 3, DAYS, 3):
            when = END - timedelta(days=DAYS - day, seconds=visitor)
            bought = chance.sample(own, 4)
            shown = [*bought[:2], *chance.sample(range(N_ITEMS), 4)]
            before = when - timedelta(minutes=5)
            rows.append(event(f"i-{visitor}-{day}", "impression", visitor, before, shown))
            rows.append(event(f"b-{visitor}-{day}", "purchase-complete", visitor, when, bought))
    return rows


def event(id_: str, kind: str, visitor: int, time: datetime, items: list[int]) -> dict[str, Any]:
    return {
        "eventId": id_,
        "eventType": kind,
        "visitorId": f"v{visitor}",
        "eventTime": time.isoformat(),
        "productDetails": [
            {"product": {"id": f"p{i}"}, "quantity": 1} for i in dict.fromkeys(items)
        ],
    }


@pytest.fixture
def tiny_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training takes a moment, whatever the effort."""
    monkeypatch.setattr(pipeline, "plan", lambda _config: tiny_plan())
