"""Popular queries: what many typed, and nothing that says who; the same on both databases."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from daogou.errors import InvalidInput
from daogou.store import PopularQuery, Store
from daogou.store.querylog import MAX_QUERY, looks_personal
from daogou.text import normalize
from daogou.types import UserEvent

T0 = datetime(2026, 11, 1, tzinfo=UTC)


def search(
    store: Store, query: str | None, visitors: Iterable[str], hours: int = 1, kind: str = "search"
) -> None:
    """Have some visitors search for something."""
    time = T0 + timedelta(hours=hours)
    store.append_events(
        UserEvent(f"{kind}{query!r}{visitor}{hours}", "search", visitor, time, query=query)
        for visitor in visitors
    )


def told(store: Store, k: int = 3, limit: int = 100) -> list[PopularQuery]:
    return store.popular_queries(T0, k, limit)


def test_only_what_k_different_visitors_typed(store: Store) -> None:
    search(store, "milk", "abcd")
    search(store, "连衣裙", "abc")
    search(store, "my strange rash", "ab")
    for hours in range(2, 12):
        search(store, "only me", "a", hours)
    assert told(store) == [PopularQuery("milk", 4), PopularQuery("连衣裙", 3)]


def test_spellings_of_one_query_are_counted_together(store: Store) -> None:
    search(store, "Milk ", "ab")
    search(store, "ｍｉｌｋ", "bc")
    search(store, "連衣裙", "ab")
    search(store, "连衣裙", "c")
    assert told(store) == [PopularQuery("milk", 3), PopularQuery("连衣裙", 3)]


def test_only_the_period_and_only_searches(store: Store) -> None:
    search(store, "old", "abcd", hours=-1)
    search(store, "half", "ab", hours=-1)
    search(store, "half", "c")
    search(store, "at the edge", "abc", hours=0)
    views = [UserEvent(f"view{v}", "detail-page-view", v, T0, query="not searched") for v in "abcd"]
    store.append_events(views)
    search(store, None, "abcd")
    assert told(store) == [PopularQuery("at the edge", 3)]


def test_the_most_popular_first_and_no_more_than_asked_for(store: Store) -> None:
    search(store, "b", "wxyz")
    search(store, "a", "wxyz")
    search(store, "c", "vwxyz")
    assert [query.text for query in told(store)] == ["c", "a", "b"]
    assert [query.text for query in told(store, limit=2)] == ["c", "a"]


def test_asking_again_finds_the_same(store: Store) -> None:
    search(store, "milk", "abc")
    assert told(store) == told(store) == [PopularQuery("milk", 3)]


def test_a_failure_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    search(store, "milk", "abc")
    with monkeypatch.context() as broken:
        broken.setattr("daogou.store.querylog._counted", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            told(store)
    for _ in range(3):
        assert told(store) == [PopularQuery("milk", 3)]


def test_who_is_erased_is_not_counted(store: Store) -> None:
    search(store, "milk", "abc")
    store.delete_visitor("c")
    assert told(store) == []


PERSONAL = [
    "jane.doe@example.com",
    "jane @ example",
    "ｊａｎｅ＠example.com",
    "13800138000",
    "138 0013 8000",
    "+1 (415) 555-0132",
    "order 4471-2290-118",
    "6222 0212 3456 7890 123",
    "１３８００１３８０００",
    "110101199003074258",
    "张三 13800138000",
    "https://shop.example/cart?s=1",
]


@pytest.mark.parametrize("text", PERSONAL)
def test_what_looks_personal_is_never_told(text: str) -> None:
    assert looks_personal(normalize(text))


@pytest.mark.parametrize(
    "text", ["iphone 15 pro 256gb", "12.7 oz", "2x4 lumber 8 ft", "ssd 1tb 990 pro", "200-300元"]
)
def test_numbers_of_products_are_not_personal(text: str) -> None:
    assert not looks_personal(normalize(text))


def test_nothing_personal_however_many_typed_it(store: Store) -> None:
    for text in [*PERSONAL, "", "  ", "!!!", "x" * (MAX_QUERY + 1)]:
        search(store, text, "abcdefgh")
    search(store, "milk", "abc")
    assert told(store) == [PopularQuery("milk", 3)]


def test_one_visitor_is_no_crowd(store: Store) -> None:
    with pytest.raises(InvalidInput, match="least_visitors is 1; expected 2 or more"):
        store.popular_queries(T0, 1)
    with pytest.raises(InvalidInput, match="limit is 0"):
        store.popular_queries(T0, 5, 0)


def test_a_log_longer_than_a_batch(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daogou.store.querylog._BATCH", 7)
    for number in range(40):
        search(store, f"query {number}", [f"v{n}" for n in range(number % 5)])
    found = {query.text: query.visitors for query in told(store)}
    assert found == {f"query {n}": n % 5 for n in range(40) if n % 5 >= 3}
