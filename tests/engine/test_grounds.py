"""Every reason is a fact that the records show: computed here again by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from daogou.engine.catalogue import Catalogue
from daogou.engine.changes import apply_changes
from daogou.engine.drops import Drop
from daogou.engine.grounds import ORDER, CategoryRows, Grounds, Shown, bestsellers
from daogou.engine.reasons import SENTENCES
from daogou.engine.vectors import Vectors
from daogou.features import History, ItemStats, Neighbours
from daogou.types import EventLine, EventType, LocalizedText, Money, Product, Reason, UserEvent

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PATH = "Grocery > Soft drinks"
PRODUCTS = [
    Product(
        id="cola",
        title="Cola Zero",
        categories=(PATH,),
        price=Money(150, "USD"),
        original_price=Money(200, "USD"),
        localized={"zh": LocalizedText(title="零度可乐", categories=("食品 > 软饮料",))},
        published=NOW - timedelta(days=3, hours=1),
    ),
    Product(id="lemonade", title="Lemonade", categories=(PATH,)),
    Product(id="crisps", title="Crisps", categories=("Grocery > Snacks",)),
    Product(id="soap", title="Soap"),
]
COLA, LEMONADE, CRISPS, SOAP = range(4)


def event(days_ago: float, kind: EventType, *ids: str) -> UserEvent:
    time = NOW - timedelta(days=days_ago)
    lines = tuple(EventLine(product_id=i) for i in ids)
    return UserEvent(
        event_id=f"{days_ago}{kind}", type=kind, visitor_id="v", time=time, lines=lines
    )


EVENTS = [
    event(40, "purchase-complete", "cola", "crisps", "cola"),
    event(20, "purchase-complete", "cola"),
    event(13.5, "detail-page-view", "crisps"),
    event(2.2, "purchase-complete", "lemonade"),
    event(1.4, "detail-page-view", "soap"),
]
STATS = replace(
    ItemStats.nothing(4, NOW.timestamp()),
    popularity_slow=np.array([5, 9, 0, 7], np.float32),
    neighbours=Neighbours(
        np.array([[CRISPS, -1], [CRISPS, COLA], [COLA, -1], [-1, -1]], np.int32),
        np.array([[0.2, 0], [0.7, 0.1], [0.2, 0], [0, 0]], np.float32),
    ),
)
VECTORS = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], np.float32)


@pytest.fixture
def grounds() -> Grounds:
    catalogue = apply_changes(Catalogue.empty(), PRODUCTS, (), 1)
    return Grounds(
        catalogue=catalogue,
        history=History.from_events(EVENTS, catalogue.table.index),
        now=NOW.timestamp(),
        language="en",
        anchors=np.zeros(0, np.int32),
        query_tokens=(),
        stats=STATS,
        by_category=CategoryRows.from_codes(catalogue.table.category),
        bestsellers=bestsellers(catalogue, STATS),
        vectors=Vectors(VECTORS),
    )


def shown(row: int) -> Shown:
    return Shown(row, PRODUCTS[row])


def test_bought_before_counts_purchases_not_lines(grounds: Grounds) -> None:
    reason = grounds.bought_before(shown(COLA))
    assert reason == Reason("bought_before", {"times": 2, "days_ago": 20})
    assert grounds.bought_before(shown(SOAP)) is None


def test_viewed_recently_is_within_two_weeks(grounds: Grounds) -> None:
    assert grounds.viewed_recently(shown(SOAP)) == Reason("viewed_recently", {"days_ago": 1})
    assert grounds.viewed_recently(shown(CRISPS)) == Reason("viewed_recently", {"days_ago": 13})
    later = replace(grounds, now=grounds.now + 86400)
    assert later.viewed_recently(shown(CRISPS)) is None


def test_goes_with_names_the_strongest_tie_to_what_was_bought(grounds: Grounds) -> None:
    reason = grounds.goes_with(shown(CRISPS))
    assert reason is not None
    assert reason.product_ids == ("lemonade",)
    assert reason.values["weight"] == pytest.approx(0.7)
    assert grounds.goes_with(shown(SOAP)) is None


def test_goes_with_speaks_of_the_page_before_the_history(grounds: Grounds) -> None:
    on_page = replace(grounds, anchors=np.array([COLA, SOAP], np.int32))
    reason = on_page.goes_with(shown(CRISPS))
    assert reason is not None
    assert reason.product_ids == ("cola",)


def test_goes_with_never_names_a_product_that_is_gone(grounds: Grounds) -> None:
    catalogue = apply_changes(grounds.catalogue, (), ["lemonade"], 2)
    reason = replace(grounds, catalogue=catalogue).goes_with(shown(CRISPS))
    assert reason is not None
    assert reason.product_ids == ("cola",)


def test_because_you_bought_is_what_was_seen_and_stands_for_the_tie(grounds: Grounds) -> None:
    seen = replace(grounds, carried={CRISPS: Drop(LEMONADE, 1.25, 0.5)})
    expected = Reason("because_you_bought", {"score": 1.25, "without": 0.5}, ("lemonade",))
    assert seen.because_you_bought(shown(CRISPS)) == expected
    assert seen.goes_with(shown(CRISPS)) is None
    assert seen.because_you_bought(shown(COLA)) is None
    assert grounds.because_you_bought(shown(CRISPS)) is None


def test_ties_are_sought_for_what_was_never_bought(grounds: Grounds) -> None:
    assert grounds.untold_ties(np.array([COLA, CRISPS, SOAP], np.int32)) == {}
    later = replace(grounds, history=grounds.history.slice(4, len(grounds.history)))
    assert later.untold_ties(np.array([COLA, CRISPS, SOAP], np.int32)) == {
        COLA: LEMONADE,
        CRISPS: LEMONADE,
    }


def test_similar_to_is_the_nearest_anchor(grounds: Grounds) -> None:
    on_page = replace(grounds, anchors=np.array([CRISPS, COLA], np.int32))
    assert on_page.similar_to(shown(LEMONADE)) == Reason("similar_to", {"cosine": 0.8}, ("crisps",))
    assert on_page.similar_to(shown(SOAP)) is None


def test_matches_names_the_words_that_stand_there_in_either_language(grounds: Grounds) -> None:
    asked = replace(grounds, query_tokens=("diet", "zero", "可乐", "zero"))
    assert asked.matches(shown(COLA)) == Reason("matches", {"words": "zero 可乐"})
    assert asked.matches(shown(SOAP)) is None
    assert grounds.matches(shown(COLA)) is None


def test_discount_is_in_whole_percent_of_the_original_price(grounds: Grounds) -> None:
    expected = {"percent": 25, "price": 150, "original_price": 200}
    assert grounds.discount(shown(COLA)) == Reason("discount", expected)
    dearer = replace(PRODUCTS[COLA], original_price=Money(150, "USD"))
    assert grounds.discount(Shown(COLA, dearer)) is None
    foreign = replace(PRODUCTS[COLA], original_price=Money(900, "CNY"))
    assert grounds.discount(Shown(COLA, foreign)) is None


def test_your_category_counts_purchases_in_the_path(grounds: Grounds) -> None:
    expected = Reason("your_category", {"times": 3, "category": "Soft drinks"})
    assert grounds.your_category(shown(LEMONADE)) == expected
    assert grounds.your_category(shown(CRISPS)) is None
    assert grounds.your_category(shown(SOAP)) is None
    chinese = replace(grounds, language="zh").your_category(shown(LEMONADE))
    assert chinese is not None
    assert chinese.values["category"] == "软饮料"


def test_ranks_count_the_live_products_that_sold_more(grounds: Grounds) -> None:
    expected = Reason("popular_in", {"rank": 2, "category": "Soft drinks"})
    assert grounds.popular_in(shown(COLA)) == expected
    assert grounds.popular(shown(COLA)) == Reason("popular", {"rank": 3})
    assert grounds.popular(shown(CRISPS)) is None  # sold none
    catalogue = apply_changes(grounds.catalogue, (), ["lemonade"], 2)
    assert replace(grounds, catalogue=catalogue).popular(shown(COLA)) == Reason(
        "popular", {"rank": 2}
    )


def test_new_is_for_thirty_days(grounds: Grounds) -> None:
    assert grounds.new(shown(COLA)) == Reason("new", {"days_ago": 3})
    assert replace(grounds, now=grounds.now + 30 * 86400).new(shown(COLA)) is None
    assert grounds.new(shown(SOAP)) is None


def test_without_a_bundle_or_a_history_only_the_record_speaks(grounds: Grounds) -> None:
    bare = replace(grounds, history=History.empty(), stats=None, vectors=None)
    assert [r.code for r in bare.reasons(shown(COLA), "home")] == ["discount", "new"]
    assert bare.reasons(shown(SOAP), "home") == ()


def test_the_strongest_reasons_come_first_and_no_more_than_three(grounds: Grounds) -> None:
    given = grounds.reasons(shown(COLA), "home")
    assert [r.code for r in given] == ["bought_before", "goes_with", "your_category"]


def test_every_reason_that_is_given_can_be_said() -> None:
    assert {code for codes in ORDER.values() for code in codes} == set(SENTENCES)
