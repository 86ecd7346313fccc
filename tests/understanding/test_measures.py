"""Bounds of measures, alone and against the values of a catalogue."""

import pytest

from daogou.understanding import Entry, Gazetteer, Parser
from daogou.understanding.measures import find_measures


@pytest.mark.parametrize(
    ("text", "said", "low", "high"),
    [
        ("up to two litres", "up to two litres", None, "2l"),
        ("bottle, 2 l or less", "2 l or less", None, "2l"),
        ("between 1 and 2 litres of milk", "between 1 and 2 litres", "1l", "2l"),
        ("500 g - 1 kg", "500 g - 1 kg", "500g", "1kg"),
        ("13 to 15 inch laptop", "13 to 15 inch", "13in", "15in"),
        ("no more than 1.5 kg", "no more than 1.5 kg", None, "1.5kg"),
        ("at least 16 gb memory", "at least 16 gb", "16gb", None),
        ("16 inches and up", "16 inches and up", "16in", None),
        ("两升以下的水壶", "两升以下的", None, "2l"),
        ("16寸以上", "16寸以上", "16in", None),
        ("1到2升", "1到2升", "1l", "2l"),
        ("不超过一公斤", "不超过一公斤", None, "1kg"),
        ("5000毫安以上的充电宝", "5000毫安以上的", "5000mah", None),
    ],
)
def test_bounds_are_found(text: str, said: str, low: str | None, high: str | None) -> None:
    (found,) = find_measures(text)
    assert text[found.start : found.end] == said
    assert (found.low and found.low.token) == low
    assert (found.high and found.high.token) == high


@pytest.mark.parametrize(
    "text",
    [
        "27 inch monitor", "2 l", "两升", "under 50 dollars", "3 in 1", "up to 50", "五百元以下",
        "under armour", "5 stars and up", "milk", "",
    ],
)  # fmt: skip
def test_what_is_no_bounded_measure(text: str) -> None:
    assert list(find_measures(text)) == []


SHOP = Parser(
    Gazetteer.from_entries(
        [
            *(Entry("attributes.volume", v, (v,), 20) for v in ("500 ml", "1 L", "2 L", "5 L")),
            *(Entry("attributes.screen", v, (v,), 20) for v in ("13-inch", "16 inch", '27"')),
            Entry("categories", "Kitchen > Kettles", ("Kettles", "水壶"), 40),
        ],
        200,
    ),
    "USD",
)


@pytest.mark.parametrize(
    ("text", "field", "values", "wanted"),
    [
        ("kettle up to two litres", "volume", {"500 ml", "1 L", "2 L"}, "kettle"),
        ("两升以下的水壶", "volume", {"500 ml", "1 L", "2 L"}, "水壶"),
        ("kettle, at least 2 l", "volume", {"2 L", "5 L"}, "kettle"),
        ("1-2升的水壶", "volume", {"1 L", "2 L"}, "水壶"),
        ("16寸以上", "screen", {"16 inch", '27"'}, ""),
        ("under 40 cm", "screen", {"13-inch"}, ""),
    ],
)
def test_the_values_within_are_meant(text: str, field: str, values: set[str], wanted: str) -> None:
    read = SHOP.parse(text)
    told = [c for c in read.constraints if c.field == f"attributes.{field}"]
    assert len(told) == 1
    assert set(told[0].values) == values
    assert told[0].strength == "must"
    assert told[0].confidence >= 0.75
    assert read.wanted == wanted


def test_bounds_that_no_value_is_within_stay_words() -> None:
    read = SHOP.parse("kettle up to 100 ml")
    assert not [c for c in read.constraints if c.field.startswith("attributes.")]
    assert "100 ml" in read.wanted


def test_a_budget_beside_a_measure_stays_one() -> None:
    read = SHOP.parse("kettle up to 2 l under $30")
    told = {c.field: c for c in read.constraints}
    assert told["price"].high == 3000
    assert set(told["attributes.volume"].values) == {"500 ml", "1 L", "2 L"}
