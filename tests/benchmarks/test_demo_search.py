"""The comparison in the demo shop: contenders on a planted shop, and the arithmetic of its rows."""

import math

import numpy as np
import pytest

from benchmarks.demo_search import METRICS, Scores, Words, rows_of, score
from benchmarks.queries.grading import Need, Query, Rule, Where, judge, queries_of
from daogou.types import LocalizedText, Product

SHELF = (
    ("tea", "Green tea, 40 ct", "绿茶 40件装", "Drinks > Tea"),
    ("milk", "Milk, 1 gal", "牛奶 1加仑", "Dairy > Milk"),
    ("choc", "Chocolate milk, 1 pt", "巧克力牛奶 1品脱", "Dairy > Chocolate milk"),
    ("nails", "Nails", "钉子", "Hardware > Nails"),
)
PRODUCTS = [
    Product(id_, title, categories=(path,), localized={"zh": LocalizedText(title=zh)})
    for id_, title, zh, path in SHELF
]
MILK = Need(
    1,
    "head",
    "milk",
    {"en": "milk", "zh": "牛奶"},
    (Rule(3, Where(type=("Milk",))), Rule(1, Where(words=("milk",)))),
)
TEA = Need(2, "head", "tea", {"en": "a cup of tea", "zh": "茶叶"}, (Rule(3, Where(type=("Tea",))),))
NEEDS = (MILK, TEA)


class Fixed:
    """A contender that always answers the same."""

    def __init__(self, name: str, *ids: str) -> None:
        self.name = name
        self.ids = list(ids)

    def search(self, query: Query) -> list[str]:
        del query
        return self.ids


def test_words_finds_titles_of_both_languages() -> None:
    words = Words(PRODUCTS)
    queries = {query.id: query for query in queries_of(NEEDS)}
    assert words.search(queries["en-01"])[0] == "milk"  # the shorter title
    assert set(words.search(queries["zh-01"])) == {"milk", "choc"}
    assert words.search(queries["en-02"]) == ["tea"]


def test_scores_are_by_query() -> None:
    queries = queries_of(NEEDS)
    found = score(Fixed("fixed", "choc", "milk"), queries, judge(NEEDS, PRODUCTS))
    milk = (1 + 7 / math.log2(3)) / (7 + 1 / math.log2(3))
    assert found.metrics["ndcg@10"] == pytest.approx([milk, 0, milk, 0])
    assert found.metrics["recall@100"] == pytest.approx([1, 0, 1, 0])
    assert found.metrics["mrr"] == pytest.approx([1 / 2, 0, 1 / 2, 0])


def test_rows_keep_languages_and_splits_apart() -> None:
    queries = queries_of(NEEDS)  # en-01, en-02, zh-01, zh-02; odd needs are for tuning

    def scores(name: str, *values: float) -> Scores:
        return Scores(name, dict.fromkeys(METRICS, np.array(values)), {})

    rows = {
        row["name"]: row
        for row in rows_of(
            [scores("theirs", 0.2, 0.9, 0.1, 0.9), scores("ours", 0.8, 0.0, 0.4, 0.0)],
            queries,
            "tune",
        )
    }
    assert rows["theirs, en, tune"]["ndcg@10"] == pytest.approx(0.2)
    assert rows["ours, zh, tune"]["mrr"] == pytest.approx(0.4)
    assert rows["ours - theirs, en, tune"]["ndcg@10"] == pytest.approx(0.6)
    assert rows["ours - theirs, zh, tune"]["ndcg@10_low"] == pytest.approx(0.3)
    assert rows["ours, zh / en, tune"]["ndcg@10"] == pytest.approx(0.5)
    assert len(rows) == 4 + 2 + 2
