"""Purchases, exposures, campaigns and redemptions, by hand."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from daogou.demo.events import (
    as_feed,
    brought_forward,
    coupons_redeemed,
    promotions_sent,
    purchases,
)
from daogou.demo.exposures import NOT_BOUGHT_KEPT, impressions
from daogou.feeds import read_events, write_events_parquet
from daogou.types import EventLine, Money, UserEvent

MakeFrame = Callable[[Sequence[dict[str, Any]]], pl.DataFrame]


def promotions(rows: list[tuple[int, int, int, str, str]]) -> pl.LazyFrame:
    columns = ["product_id", "store_id", "week", "display_location", "mailer_location"]
    return pl.LazyFrame(rows, schema=columns, orient="row")


def events_of(lines: pl.DataFrame, tmp_path: Path) -> list[UserEvent]:
    """What the shop's own import reads from the feed."""
    path = tmp_path / "events.parquet"
    as_feed(lines).write_parquet(path)
    events = list(read_events(path))
    assert all(isinstance(event, UserEvent) for event in events), events
    return [event for event in events if isinstance(event, UserEvent)]


def test_a_basket_is_one_purchase_at_what_was_paid(sales: MakeFrame, tmp_path: Path) -> None:
    frame = sales(
        [
            {"product_id": 5, "quantity": 2, "sales_value": 3.0, "coupon_disc": 0.5},
            {"product_id": 4, "quantity": 500, "sales_value": 5.0},
            {"product_id": 6, "sales_value": 0.5, "coupon_disc": 0.75},
        ]
    )
    (event,) = events_of(purchases(frame), tmp_path)
    assert event == UserEvent(
        event_id="basket-11",
        type="purchase-complete",
        visitor_id="household-7",
        time=datetime(2017, 3, 5, 14, 30, tzinfo=UTC),
        lines=(
            EventLine("4", 99, Money(1, "USD")),
            EventLine("5", 2, Money(125, "USD")),
            EventLine("6", 1, Money(0, "USD")),
        ),
        attributes={"store": ("300",), "week": ("10",)},
    )


def test_a_visit_is_shown_what_the_store_promoted_that_week(
    sales: MakeFrame, tmp_path: Path
) -> None:
    frame = sales(
        [
            {"product_id": 1, "transaction_timestamp": datetime(2017, 3, 6, 9, 0)},
            {"product_id": 2, "transaction_timestamp": datetime(2017, 3, 5, 8, 0)},
            {"product_id": 3},  # bought, not promoted
            {"product_id": 1, "store_id": 301, "household_id": 8},  # a store without promotions
        ]
    )
    shown = promotions(
        [
            (1, 300, 10, "9", "A"),
            (2, 300, 10, "0", "D"),
            (4, 300, 10, "3", "0"),
            (5, 300, 10, "0", "A"),
            (6, 300, 11, "1", "0"),  # another week
            (7, 300, 10, "1", "0"),  # not in the shop
            (4, 300, 10, "5", "0"),  # twice in a week: the later place counts
        ]
    )
    shop = pl.Series([1, 2, 3, 4, 5, 6])
    (event,) = events_of(impressions(shown, frame, shop), tmp_path)
    assert event == UserEvent(
        event_id="impression-7-300-10",
        type="impression",
        visitor_id="household-7",
        time=datetime(2017, 3, 5, 7, 59, 59, tzinfo=UTC),
        lines=(
            EventLine("1", placement="display:9+mailer:A"),
            EventLine("2", placement="mailer:D"),
            EventLine("4", placement="display:5"),
            EventLine("5", placement="mailer:A"),
        ),
        policy_id="display-mailer",
        attributes={"store": ("300",), "week": ("10",)},
    )


def test_what_was_not_bought_is_a_uniform_sample_with_its_rate(sales: MakeFrame) -> None:
    households = 2000
    frame = sales([{"household_id": i, "basket_id": i, "product_id": 0} for i in range(households)])
    shown = promotions([(product, 300, 10, "1", "0") for product in range(21)])
    lines = impressions(shown, frame, pl.Series(range(21)))
    bought = lines.filter(pl.col("product_id") == 0)
    others = lines.filter(pl.col("product_id") > 0)
    assert bought["sampling_rate"].to_list() == [1.0] * households
    assert set(others["sampling_rate"]) == {NOT_BOUGHT_KEPT / 20}
    assert set(others.group_by("event_id").len()["len"]) == {NOT_BOUGHT_KEPT}
    # Each of 20 is drawn with probability .4: 800 times of 2000, within five deviations of 22.
    times = others.group_by("product_id").len()
    assert times.height == 20
    assert times["len"].is_between(690, 910).all()
    assert_frame_equal(lines, impressions(shown, frame, pl.Series(range(21))))


def test_a_campaign_reaches_a_household_on_its_first_day(tmp_path: Path) -> None:
    campaigns = pl.DataFrame({"campaign_id": [13], "household_id": [7]})
    descriptions = pl.DataFrame(
        {
            "campaign_id": [13],
            "campaign_type": ["Type A"],
            "start_date": [datetime(2017, 8, 8)],
            "end_date": [datetime(2017, 9, 24)],
        }
    )
    (event,) = events_of(promotions_sent(campaigns, descriptions), tmp_path)
    assert event == UserEvent(
        event_id="campaign-13-household-7",
        type="promotion-sent",
        visitor_id="household-7",
        time=datetime(2017, 8, 8, tzinfo=UTC),
        attributes={"campaignId": ("13",), "campaignType": ("Type A",)},
    )


def test_a_coupon_is_redeemed_on_what_it_covers(sales: MakeFrame, tmp_path: Path) -> None:
    coupons = pl.DataFrame(
        {"coupon_upc": [55, 55, 66], "product_id": [1, 2, 3], "campaign_id": [13, 13, 13]}
    )
    redemptions = pl.DataFrame(
        {
            "household_id": [7, 7],
            "coupon_upc": [55, 66],
            "campaign_id": [13, 13],
            "redemption_date": [datetime(2017, 3, 5), datetime(2017, 3, 5)],
        }
    )
    frame = sales(
        [
            {"product_id": 1, "quantity": 2},
            {
                "product_id": 1,
                "basket_id": 12,
                "transaction_timestamp": datetime(2017, 3, 5, 20, 0),
            },
            {
                "product_id": 2,
                "basket_id": 13,
                "transaction_timestamp": datetime(2017, 3, 6, 9, 0),
            },
        ]
    )
    nothing, something = events_of(coupons_redeemed(redemptions, coupons, frame), tmp_path)
    assert something == UserEvent(
        event_id="redemption-7-55-13-2017-03-05",
        type="coupon-redeemed",
        visitor_id="household-7",
        time=datetime(2017, 3, 5, 20, 0, 1, tzinfo=UTC),
        lines=(EventLine("1", 3),),
        attributes={"campaignId": ("13",), "couponUpc": ("55",)},
    )
    assert nothing.event_id == "redemption-7-66-13-2017-03-05"
    assert (nothing.lines, nothing.time) == ((), datetime(2017, 3, 5, 12, 0, tzinfo=UTC))


def test_the_fold_writes_what_the_feeds_writer_writes(sales: MakeFrame, tmp_path: Path) -> None:
    lines = purchases(sales([{"product_id": 1}, {"product_id": 2, "basket_id": 12}]))
    path = tmp_path / "written.parquet"
    write_events_parquet(path, events_of(lines, tmp_path))
    folded = as_feed(lines).with_columns(
        # The writer leaves out a rate of 1, which is what a line without one has.
        pl.col("productDetails").list.eval(
            pl.element().struct.with_fields(
                samplingRate=pl.when(pl.element().struct.field("samplingRate") != 1).then(
                    pl.element().struct.field("samplingRate")
                )
            )
        )
    )
    assert_frame_equal(folded, pl.read_parquet(path))


def test_events_are_brought_forward_by_whole_weeks(sales: MakeFrame) -> None:
    lines = purchases(sales([{"basket_id": 1}]))
    before = lines["time"].max()
    assert isinstance(before, datetime)
    moved, weeks = brought_forward(lines, before + timedelta(weeks=3, days=6))
    assert weeks == 3
    assert moved["time"].max() == before + timedelta(weeks=3)
    assert_frame_equal(moved.drop("time"), lines.drop("time"))
    assert brought_forward(lines, before - timedelta(weeks=9))[1] == 0
