"""The measures by hand, and the dials on a planted shop."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.diversity.__main__ import DIALS, main, settings
from benchmarks.diversity.measures import Shelf, category_coverage, intra_list_distance
from daogou.cli.results import Row
from daogou.store import Store
from daogou.types import EventLine, UserEvent

PLANT = Path(__file__).parents[1] / "server" / "plant.py"


def test_distance_is_the_mean_over_pairs() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1], [-1, 0]], np.float32)
    # Cosines of the six pairs: 1, 0, -1, 0, -1, 0.
    assert intra_list_distance(vectors) == pytest.approx(1 + 1 / 6)
    assert intra_list_distance(vectors[:2]) == pytest.approx(0)
    assert np.isnan(intra_list_distance(vectors[:1]))


def test_distance_agrees_with_all_pairs_one_by_one() -> None:
    vectors = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [1 - vectors[i] @ vectors[j] for i in range(7) for j in range(i)]
    assert intra_list_distance(vectors) == pytest.approx(float(np.mean(pairs)), abs=1e-6)


def test_a_product_without_a_category_is_a_kind_of_its_own() -> None:
    assert category_coverage(np.array([3, 3, 4, 0, 0], np.int32)) == pytest.approx(4 / 5)
    assert np.isnan(category_coverage(np.zeros(0, np.int32)))


def test_a_page_is_measured_by_what_the_basket_had() -> None:
    shelf = Shelf(
        texts=np.eye(4, dtype=np.float32),
        categories=np.array([1, 1, 2, 0], np.int32),
        sold=np.array([8, 4, 0, 0], np.float32),
        fresh=np.array([False, False, True, True]),
    )
    page, basket = np.array([0, 2], np.int32), np.array([2], np.int32)
    ndcg = 1 / np.log2(3)  # found in the second place
    assert shelf.measure(page, basket) == pytest.approx([ndcg, 1.0, 1.0, 4.0, 0.5])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted shop, whose bundle is from before a week of more baskets."""
    made = tmp_path_factory.mktemp("diversity")
    subprocess.run([sys.executable, PLANT, made], check=True)
    (made / "evaluation").mkdir()
    shutil.move(made / "bundles", made / "evaluation")
    with Store.open(f"sqlite:///{made / 'daogou.db'}") as store:
        later = datetime.now(UTC) + timedelta(days=2)
        baskets = {event.visitor_id: event for event in newest_purchases(store)}
        store.append_events(
            UserEvent(
                f"{visitor} again",
                "purchase-complete",
                visitor,
                later + timedelta(minutes=n),
                tuple(EventLine(line.product_id) for line in event.lines),
            )
            for n, (visitor, event) in enumerate(sorted(baskets.items()))
        )
    return made


def newest_purchases(store: Store) -> list[UserEvent]:
    """One of each household."""
    return [
        event
        for number in range(1, 41)
        for event in store.visitor_events(f"household-{number}", limit=1)
    ]


@pytest.fixture(scope="module")
def rows(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    out = tmp_path_factory.mktemp("out")
    main(["--home", str(home), "--json", str(out / "d.json"), "--svg", str(out / "d.svg")])
    assert (out / "d.svg").read_text().startswith("<?xml")
    found = json.loads((out / "d.json").read_text())
    assert found["name"] == "diversity"
    return {row["name"]: row for row in found["rows"]}


def dial(rows: dict[str, Row], name: str, measure: str) -> list[float]:
    return [float(rows[f"{name} {value:g}"][measure]) for value in DIALS]


def test_every_dial_is_turned_alone_and_begins_where_the_others_do(rows: dict[str, Row]) -> None:
    assert list(rows) == [setting.name for setting in settings()]
    first = [rows[f"{name} 0"] for name in ("mmr", "dpp", "popularity_control", "explore_share")]
    for row in first:
        assert row["ndcg@10"] == first[0]["ndcg@10"]
        assert row["coverage"] == first[0]["coverage"]
    for row in rows.values():
        assert float(row["ndcg@10_low"]) <= float(row["ndcg@10"]) <= float(row["ndcg@10_high"])


@pytest.mark.parametrize("arranger", ["mmr", "dpp"])
def test_variety_is_bought_with_ndcg(rows: dict[str, Row], arranger: str) -> None:
    distance, kinds, ndcg = (dial(rows, arranger, m) for m in ("ild", "categories", "ndcg@10"))
    assert distance[0] < distance[2] < distance[-1]
    assert kinds[0] < kinds[-1]
    assert ndcg[0] > ndcg[-1]


def test_control_shows_what_sells_less(rows: dict[str, Row]) -> None:
    popularity = dial(rows, "popularity_control", "popularity")
    assert popularity[0] > popularity[3] > popularity[-1]


def test_exploration_gives_the_fresh_ones_their_share(rows: dict[str, Row]) -> None:
    fresh = dial(rows, "explore_share", "fresh")
    assert fresh == sorted(fresh)
    assert fresh[-1] > fresh[0]


def test_without_an_evaluation_it_says_what_to_run(home: Path, tmp_path: Path) -> None:
    shutil.copy(home / "daogou.db", tmp_path)
    with pytest.raises(SystemExit, match="daogou evaluate --home"):
        main(["--home", str(tmp_path)])
