"""Data sets for recommendation: each layout on planted files, its errors, and the real ones."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest

from benchmarks.recommend.dataset import Dataset
from benchmarks.recommend.datasets import read_datasets
from benchmarks.recommend.invoices import COLUMNS, purchases
from daogou.errors import FeedError
from daogou.features import Basket
from daogou.types import Money

DATA = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))


def asked(dataset: Dataset, baskets: Iterable[Basket]) -> list[tuple[str, list[str], list[str]]]:
    """Visitor, history and answer of each case, by their ids."""
    ids = dataset.table.ids
    return [
        (
            dataset.log.visitors[basket.visitor],
            [ids[item] for item in dataset.log.history(basket.visitor, basket.end).items],
            [ids[item] for item in basket.items],
        )
        for basket in baskets
    ]


def fitted(dataset: Dataset) -> list[list[str]]:
    """The sequences that a model may learn from, by ids."""
    sequences = dataset.interactions().sequences()
    return [[dataset.table.ids[item] for item in sequence] for sequence in sequences]


# --- sequences


@pytest.fixture
def sequences(tmp_path: Path) -> Path:
    (tmp_path / "Toys_and_Games.txt").write_text("1 4 7 2 9\n2 7 4\n3 9 2 4\n")
    codes = {"4": [1, 2], "7": [2], "2": [], "5": [3]}
    (tmp_path / "Toys_and_Games_item2attributes.json").write_bytes(orjson.dumps(codes))
    return tmp_path


def test_the_last_two_items_are_withheld_from_everybody_at_once(sequences: Path) -> None:
    (toys,) = read_datasets(sequences)
    assert toys.name == "Toys_and_Games"
    assert toys.table.ids == ("2", "4", "5", "7", "9")  # 5 has attributes and no purchase
    assert [codes.tolist() for codes in toys.attributes] == [[], [1, 2], [3], [2], []]
    assert asked(toys, toys.test) == [("1", ["4", "7", "2"], ["9"]), ("3", ["9", "2"], ["4"])]
    assert asked(toys, toys.validation) == [("1", ["4", "7"], ["2"]), ("3", ["9"], ["2"])]
    assert fitted(toys) == [["4", "7"], ["9"]]  # of two items none is left
    assert toys.views == ("explore",)
    assert toys.counts().tolist() == [0, 1, 0, 1, 1]
    assert not toys.has_titles


def test_a_folder_may_hold_several_sets(sequences: Path) -> None:
    (sequences / "Beauty.txt").write_text("1 1 2 3\n")
    (sequences / "Beauty_item2attributes.json").write_text("{}")
    assert [dataset.name for dataset in read_datasets(sequences)] == ["Beauty", "Toys_and_Games"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "Toys_and_Games.txt is missing"),
        ("", "is empty"),
        ("1 4 7\n2 4,7\n", "line 2: found '2 4,7'; expected a visitor and then the numbers"),
        ("1 4\n2\n", "line 2: found '2'"),
        ("1 4\n\n", "line 2: found ''"),
        ("1 4\n1 7\n", "line 2: visitor 1 has come before"),
    ],
)
def test_a_bad_sequence_file_is_told(sequences: Path, content: str | None, told: str) -> None:
    path = sequences / "Toys_and_Games.txt"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(FeedError, match=told):
        read_datasets(sequences)


@pytest.mark.parametrize("content", ["[1]", "{", '{"a": [1]}', '{"4": ["x"]}'])
def test_bad_attributes_are_told(sequences: Path, content: str) -> None:
    (sequences / "Toys_and_Games_item2attributes.json").write_text(content)
    with pytest.raises(FeedError, match="expected one JSON object, item number to a list"):
        read_datasets(sequences)


# --- texts

CASES: dict[str, list[dict[str, Any]]] = {
    "valid": [
        {"user": "A", "history": [0, 1], "target": 2},
        {"user": "B", "history": [3], "target": 0},
    ],
    "test": [
        {"user": "A", "history": [0, 1, 2], "target": 4},
        {"user": "A", "history": [0, 1, 2, 4], "target": 1},
        {"user": "C", "history": [4], "target": 3},
    ],
}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    items = [
        {"item_id": 0, "title": "Glue", "description": "['Sticks.', 'Dries.']", "brand": "Acme"},
        {"item_id": 1, "title": "Tape", "description": "5'' [wide]", "brand": ""},
        *({"item_id": n, "title": f"Thing {n}"} for n in range(2, 6)),
    ]
    (tmp_path / "Office.items.jsonl").write_bytes(b"\n".join(map(orjson.dumps, items)))
    (tmp_path / "Office.sequences_reconstructed.txt").write_text("A 0 1 2 4 1\nB 3 0\nC 4 3\n")
    for kind, cases in CASES.items():
        (tmp_path / f"Office.{kind}.jsonl").write_bytes(b"\n".join(map(orjson.dumps, cases)))
    return tmp_path


def test_cases_ask_with_their_history(texts: Path) -> None:
    office, _ = read_datasets(texts)
    assert asked(office, office.validation) == [("A", ["0", "1"], ["2"]), ("B", ["3"], ["0"])]
    assert asked(office, office.test) == [
        ("A", ["0", "1", "2"], ["4"]),
        ("A", ["0", "1", "2", "4"], ["1"]),
        ("C", ["4"], ["3"]),
    ]
    assert fitted(office) == [["0", "1"], ["3"], ["4"]]
    assert max(b.time for b in office.validation) < min(b.time for b in office.test)
    assert office.until <= min(b.time for b in office.validation)
    assert (office.views, office.longest) == (("all",), 10)


def test_texts_are_the_products(texts: Path) -> None:
    glue, tape, *_ = read_datasets(texts)[0].products
    assert (glue.title, glue.description, glue.brand) == ("Glue", "Sticks. Dries.", "Acme")
    assert (tape.description, tape.brand) == ("5'' [wide]", None)


def test_a_cold_start_knows_no_target_at_all(texts: Path) -> None:
    _, cold = read_datasets(texts)
    assert cold.name == "Office, cold start"
    # 1, 3 and 4 are test targets: they are in no history, and C has none left to ask with.
    assert asked(cold, cold.test) == [("A", ["0", "2"], ["4"]), ("A", ["0", "2"], ["1"])]
    assert asked(cold, cold.validation) == [("A", ["0"], ["2"])]
    assert fitted(cold) == [["0"]]
    assert {cold.table.ids[item] for item in cold.log.lines.items} == {"0", "2"}


def test_a_history_is_cut_to_ten_and_found_all_the_same(texts: Path) -> None:
    long = [0, 1, 2, 3] * 3  # its window of ten comes twice with the same end
    (texts / "Office.sequences_reconstructed.txt").write_text(f"A {' '.join(map(str, long))} 5 5\n")
    cases = [{"user": "A", "history": long[-10:], "target": 5}]
    cases.append({"user": "A", "history": [*long[-9:], 5], "target": 5})
    (texts / "Office.valid.jsonl").write_text("")
    (texts / "Office.test.jsonl").write_bytes(b"\n".join(map(orjson.dumps, cases)))
    office, _ = read_datasets(texts)
    assert [basket.end for basket in office.test] == [12, 13]


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("items.jsonl", '{"item_id": 3, "title": "x"}', "line 1: item_id is 3; expected 0"),
        ("items.jsonl", '{"item_id": 0}', "expected an object with item_id, title"),
        ("items.jsonl", "nonsense", "line 1 is not JSON"),
        ("sequences_reconstructed.txt", "A 0 77\n", "numbers of items below 6"),
        ("sequences_reconstructed.txt", "A 0 1\n\n", "line 2: found ''"),
        ("sequences_reconstructed.txt", None, "sequences_reconstructed.txt is missing"),
        ("valid.jsonl", None, "valid.jsonl is missing"),
        ("test.jsonl", '{"user": "A", "history": [9], "target": 1}', "is not in the sequence"),
        ("test.jsonl", '{"user": "Z", "history": [], "target": 1}', "of visitor Z"),
        ("test.jsonl", '{"user": "A", "history": [0], "target": 1}', "to follow in time"),
    ],
)
def test_bad_texts_are_told(texts: Path, file: str, content: str | None, told: str) -> None:
    path = texts / f"Office.{file}"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(FeedError, match=told):
        read_datasets(texts)


# --- invoices


def invoice_lines(
    *rows: tuple[str, str, str | None, int, datetime, float, int | None],
) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "gift-shop"
    folder.mkdir()
    early, later = datetime(2010, 11, 1, 9, 30), datetime(2010, 11, 20, 8, 0)
    test = datetime(2011, 1, 10, 12, 50)
    first = [
        ("500", "10001", "RED MUG", 2, early, 1.5, 7),
        ("500", "10001", "RED MUG", 1, early.replace(minute=31), 1.5, 7),
        ("500", "10002a", "MUG?", 1, early, 2.0, 7),
        ("500", "POST", "POSTAGE", 1, early, 9.0, 7),
        ("501", "10002A", "BLUE MUG", 1, early, 2.5, 8),
        ("502", "10002A", "BLUE MUG", -1, early, 2.5, 8),
        ("503", "10003", "BOWL", 1, early, 3.0, None),
        ("504", "10003", "BOWL", 1, early, 0.0, 8),
        ("600", "10009", "ONLY IN THE FIRST FILE", 1, later, 1.0, 8),
    ]
    second = [
        ("600", "10002A", "BLUE MUG", 1, later, 2.5, 8),
        ("700", "10001", "RED MUG", 1, test, 1.7, 7),
        ("700", "10002A", "BLUE MUG", 1, test, 2.5, 7),
        ("700", "10004", None, 1, test, 4.0, 7),
        ("701", "10001", "RED MUG", 1, test, 1.7, 8),
    ]
    invoice_lines(*first).write_parquet(folder / "year1.parquet")
    invoice_lines(*second).write_parquet(folder / "year2.parquet")
    return folder


def test_invoices_are_purchases_of_goods(shop: Path) -> None:
    (gifts,) = read_datasets(shop)
    assert gifts.name == "gift-shop"
    assert gifts.table.ids == ("10001", "10002A", "10004")
    assert [p.title for p in gifts.products] == ["RED MUG", "BLUE MUG", "10004"]
    assert [p.price for p in gifts.products] == [Money(n, "GBP") for n in (160, 250, 400)]
    assert gifts.log.visitors == ("7", "8")
    assert fitted(gifts) == [
        ["10001", "10002A"],
        ["10002A"],
    ]  # the later one is of the test's weeks
    mugs = gifts.log.history(0, 3)
    assert mugs.events.tolist() == [0, 0, 0]  # one invoice, of two minutes
    assert np.unique(mugs.times).tolist() == [datetime(2010, 11, 1, 9, 30, tzinfo=UTC).timestamp()]
    assert mugs.quantities.tolist() == [2, 1, 1]


def test_the_last_weeks_are_asked_for_where_a_basket_is_large_enough(shop: Path) -> None:
    (gifts,) = read_datasets(shop)
    assert asked(gifts, gifts.test) == [
        ("7", ["10001", "10001", "10002A"], ["10001", "10002A", "10004"])
    ]
    assert gifts.validation == ()
    midnight = datetime(2011, 1, 11, tzinfo=UTC).timestamp()
    assert gifts.final_until == midnight - 56 * 86_400
    assert gifts.until == midnight - 70 * 86_400


def test_what_is_no_shop_is_told(shop: Path) -> None:
    pl.DataFrame({"invoice": ["1"], "code": ["2"]}).write_parquet(shop / "year3.parquet")
    with pytest.raises(FeedError, match=r"year3\.parquet has invoice String, code String; exp"):
        read_datasets(shop)
    for path in shop.glob("*.parquet"):
        invoice_lines().write_parquet(path)
    with pytest.raises(FeedError, match="has no line with a customer"):
        read_datasets(shop)


# --- any folder


def test_an_unknown_folder_is_told_what_could_be_there(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"holds nothing; expected one of: NAME\.txt"):
        read_datasets(tmp_path)
    (tmp_path / "stray.csv").write_text("")
    with pytest.raises(FeedError, match=r"holds stray\.csv; .*online-retail-ii"):
        read_datasets(tmp_path)


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.exists(), reason=f"there is no {DATA}")
def test_the_counts_of_the_real_sets_are_those_of_their_descriptions() -> None:
    beauty, sports = read_datasets(DATA / "amazon14-seq-s3rec")
    assert (len(beauty.test), beauty.n_items, len(beauty.log.lines)) == (22_363, 12_101, 198_502)
    assert (len(sports.test), sports.n_items, len(sports.log.lines)) == (35_598, 18_357, 296_337)
    assert len(beauty.interactions()) == 198_502 - 2 * 22_363
    industrial, cold = read_datasets(DATA / "amazon18-text-seq")
    assert (len(industrial.log.visitors), industrial.n_items) == (3_285, 3_686)
    assert (len(industrial.validation), len(industrial.test)) == (4_532, 4_533)
    targets = {int(basket.items[0]) for basket in cold.test}
    assert not targets & set(cold.log.lines.items.tolist())
    (shop,) = read_datasets(DATA / "online-retail-ii")
    assert len(purchases(DATA / "online-retail-ii")) == len(shop.log.lines) > 915_000
    assert len(shop.test) > 4_000
