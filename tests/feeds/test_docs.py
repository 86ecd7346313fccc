"""docs/feeds.md: its examples run, and it leaves out no field."""

import re
from pathlib import Path

import orjson
import pytest

from daogou.feeds import EVENT_SCHEMA, FEED_KINDS, PRODUCT_SCHEMA
from daogou.feeds.codec import event_from_json, product_from_json
from daogou.feeds.codec import events as event_codec
from daogou.feeds.codec import products as product_codec
from daogou.feeds.merchant import COLUMNS
from daogou.types import AVAILABILITIES, EVENT_TYPES

TEXT = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, flags=re.M | re.S)


@pytest.mark.parametrize(
    "names",
    [
        product_codec.FIELDS,
        product_codec.UNUSED,
        event_codec.FIELDS - {"userInfo"},
        event_codec.UNUSED,
        event_codec.LINE_FIELDS,
        COLUMNS,
        EVENT_TYPES,
        AVAILABILITIES,
        FEED_KINDS,
        PRODUCT_SCHEMA.keys(),
        EVENT_SCHEMA.keys() - {"userInfo"},
    ],
)
def test_every_name_is_described(names: frozenset[str]) -> None:
    assert [name for name in sorted(names) if f"`{name}`" not in TEXT] == []


def test_the_json_examples_are_what_they_say() -> None:
    product, event = (orjson.loads(block) for kind, block in BLOCKS if kind == "json")
    assert product_from_json(product).localized["zh"].title == "可乐 2升"
    assert event_from_json(event).lines[0].quantity == 2


def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, block in BLOCKS:
        if kind == "python":
            exec(compile(block, "docs/feeds.md", "exec"), {})  # noqa: S102
