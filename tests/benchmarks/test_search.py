"""The benchmark of search on a judged catalogue, on one with planted answers."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pytest

from benchmarks.search.__main__ import Scores, _rows, _score
from benchmarks.search.contenders import Bm25s, Fusion, Tantivy
from benchmarks.search.judged import Judged, load, product_of
from daogou.types import Money, Product

RECORDS: list[dict[str, Any]] = [
    {
        "id": 1,
        "title": "Acme X1 Notebook Silver",
        "supplier": "Acme",
        "price": 99900,
        "ean": ["0012345678905"],
        "attr_t_product__colour_": "Silver",
        "attr_n_weight": 2.0,
        "attr_b_touchscreen": False,
        "attr_t_compatibility": "x" * 500,
    },
    {"id": "2", "title": "Notebook sleeves", "short_description": "for any Acme laptop"},
    {"id": "3", "title": "Desk lamp", "supplier": "Lux"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "products.jsonl").write_bytes(b"\n".join(map(orjson.dumps, RECORDS)))
    judgments = "query,docid,rating\nnotebook,1,3\nnotebook,2,1\nlamp,3,2\nlamp,1,0\nnone,1,0\n"
    (tmp_path / "judgments.csv").write_text(judgments)
    return tmp_path


def test_a_record_is_what_a_merchant_would_feed() -> None:
    product = product_of(RECORDS[0])
    assert (product.id, product.brand, product.gtin) == ("1", "Acme", "0012345678905")
    assert product.price == Money(99900, "USD")
    assert dict(product.attributes) == {"product_colour": ("Silver",), "weight": ("2",)}
    bare = product_of(RECORDS[2])
    assert (bare.price, bare.gtin, bare.description) == (None, None, "")


def test_queries_without_a_positive_grade_are_left_out(folder: Path) -> None:
    judged = load(folder)
    assert judged.grades == {"notebook": {"1": 3, "2": 1}, "lamp": {"3": 2, "1": 0}}
    assert [product.id for product in judged.products] == ["1", "2", "3"]


@pytest.mark.parametrize("damage", ["products.jsonl", "judgments.csv", "unknown"])
def test_a_folder_that_does_not_hold_together_is_told(folder: Path, damage: str) -> None:
    if damage == "unknown":
        (folder / "judgments.csv").write_text("query,docid,rating\nlamp,77,1\n")
    else:
        (folder / damage).unlink()
    with pytest.raises(SystemExit, match=r"77|is missing"):
        load(folder)


def test_words_find_stemmed_words() -> None:
    products = [product_of(record) for record in RECORDS]
    for contender in (Tantivy(products), Bm25s(products)):
        assert set(contender.rank("notebooks").tolist()) == {0, 1}
        assert contender.rank("sleeve").tolist() == [1]
        assert contender.rank("unheard").tolist() == []
    for odd in ('"', "title:", "a AND (", ""):
        Tantivy(products).rank(odd)
        Bm25s(products).rank(odd)


class Planted:
    """Ranks as it was told."""

    def __init__(self, name: str, *rows: int) -> None:
        self.name = name
        self._rows = rows

    def rank(self, query: str) -> npt.NDArray[np.int64]:
        del query
        return np.array(self._rows, np.int64)


def test_fusion_by_hand() -> None:
    # Row 1 is second and first, row 0 first and third, row 2 third and second.
    fused = Fusion((Planted("a", 0, 1, 2), Planted("b", 1, 2, 0)), 4)
    assert fused.rank("any").tolist() == [1, 0, 2]
    assert fused.name == "rrf of a, b"


def test_the_two_readings() -> None:
    products = tuple(Product(str(n), "x") for n in range(3))
    judged = Judged(products, {"q": {"1": 3, "2": 1}})
    scores = _score(Planted("p", 0, 1, 2), judged).metrics
    ideal = 7 + 1 / np.log2(3)
    assert scores["ndcg@10"][0] == pytest.approx((7 / np.log2(3) + 1 / 2) / ideal)
    assert scores["ndcg@10_judged"][0] == pytest.approx(1)
    assert scores["mrr"][0] == 0.5
    assert scores["recall@100"][0] == 1


def test_wins_and_losses_are_those_of_the_last_contender() -> None:
    def of(name: str, *values: float) -> Scores:
        metrics = ("ndcg@10", "ndcg@10_judged", "recall@100", "mrr")
        return Scores(name, dict.fromkeys(metrics, np.array(values)))

    *_, row = _rows([of("other", 0.5, 0.2, 0.3), of("daogou", 0.5, 0.4, 0.1)])
    assert row["name"] == "daogou - other"
    assert (row["mrr_wins"], row["mrr_losses"], row["mrr_ties"]) == (1, 1, 1)
    assert row["ndcg@10"] == pytest.approx(0)
