"""``daogou evaluate`` on a tiny shop, and where it splits."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from daogou.cli.evaluating import find_split
from daogou.errors import TrainingError
from daogou.store import Store
from daogou.types import EventLine, UserEvent

Run = Callable[..., Result]


def bought(store: Store, *days: datetime) -> None:
    store.append_events(
        UserEvent(str(day), "purchase-complete", "v", day, (EventLine("p"),)) for day in days
    )


def test_the_split_is_at_midnight(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        bought(store, datetime(2026, 1, 1, 8, tzinfo=UTC), datetime(2026, 1, 30, 22, tzinfo=UTC))
        assert find_split(store, 7) == datetime(2026, 1, 24, tzinfo=UTC).timestamp()
        with pytest.raises(TrainingError, match="span 30 days, and the last 56"):
            find_split(store, 56)


def test_a_purchase_in_the_future_moves_no_split(tmp_path: Path) -> None:
    """One of a wrong clock would leave nothing behind the split."""
    late = datetime.now(UTC) + timedelta(days=3650)
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        bought(store, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 30, tzinfo=UTC), late)
        assert find_split(store, 7) == datetime(2026, 1, 24, tzinfo=UTC).timestamp()


def test_without_purchases_there_is_nothing_to_evaluate_on(tmp_path: Path) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store,
        pytest.raises(TrainingError, match="daogou import events"),
    ):
        find_split(store, 7)


@pytest.mark.usefixtures("tiny_training")
def test_it_compares_writes_and_trains_once(run: Run, tmp_path: Path, feeds: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "daogou.toml").write_text("[training]\nthreads = 1\nreplay_days = 30\n")
    for what in ("products", "events"):
        run("import", what, feeds / f"{what}.jsonl", "--home", home)
    file = tmp_path / "out" / "results.json"
    words = ("evaluate", "--home", home, "--days", 8, "--json", file)

    first = run(*words)
    assert first.exit_code == 0, first.output
    rows = {row["name"]: row for row in json.loads(file.read_text())["rows"]}
    assert {"popularity", "personal frequency", "item-to-item", "ease", "daogou joint"} <= set(rows)
    for name, row in rows.items():
        assert name in first.stdout
        assert row["ndcg@10_low"] <= row["ndcg@10"] <= row["ndcg@10_high"]
    assert "before 2026-05-" in first.stdout
    assert file.with_suffix(".svg").read_text().startswith("<?xml")
    assert "daogou joint" in file.with_suffix(".html").read_text()
    assert not (home / "bundles").exists()  # what is served stays what it was

    again = run(*words)
    assert again.exit_code == 0, again.output
    assert "was trained on the same past" in again.stderr
    assert json.loads(file.read_text())["rows"] == list(rows.values())
