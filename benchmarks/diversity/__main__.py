"""What variety, exploration and the control of popularity cost: NDCG on baskets held out.

    daogou evaluate --home .demo
    python -m benchmarks.diversity --home .demo [--baskets 2000] [--json FILE] [--svg FILE]

Each dial is turned alone, the others stand at 0. The bundle is the one that ``daogou evaluate``
keeps: it has seen nothing of the baskets that are asked for. The candidates are those of the joint
model there, and the pages are laid out by the function that lays out the shop's
(:func:`daogou.ranking.pages.lay_out`). Beside each setting's NDCG@10 stands what its dial is for.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.diversity.measures import MEASURES, SIZE
from benchmarks.diversity.plot import draw
from benchmarks.diversity.shop import HeldOut
from benchmarks.reporting import document, save, spread
from daogou.cli.results import Row
from daogou.evaluation import bootstrap, coverage
from daogou.ranking.pages import PageRules
from daogou.store import Store

DIALS: Final = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class Setting:
    """One turn of one dial."""

    dial: str
    value: float
    rules: PageRules

    @property
    def name(self) -> str:
        """As its row is called."""
        return f"{self.dial} {self.value:g}"


def settings() -> list[Setting]:
    """Every turn of every dial."""
    found = []
    for value in DIALS:
        found += [
            Setting("mmr", value, PageRules(SIZE, diversity=value)),
            Setting("dpp", value, PageRules(SIZE, diversity=value, arranger="dpp")),
            Setting("popularity_control", value, PageRules(SIZE, popularity_control=value)),
            Setting("explore_share", value, PageRules(SIZE, explore_share=value)),
        ]
    return sorted(found, key=lambda setting: setting.dial)


def compare(shop: HeldOut, chosen: Sequence[Setting]) -> list[Row]:
    """A row a setting: means over the baskets, with intervals by bootstrap over visitors."""
    values = np.full((len(chosen), len(shop.baskets), len(MEASURES)), np.nan)
    seen = np.zeros((len(chosen), shop.n_items), np.bool_)
    rules = [setting.rules for setting in chosen]
    progress = track(shop.baskets, "laying out pages", console=Console(stderr=True))
    for b, basket in enumerate(progress):
        for s, page in enumerate(shop.pages(basket, rules)):
            values[s, b] = shop.shelf.measure(page, basket.items)
            seen[s, page] = True
    visitors = np.array([basket.visitor for basket in shop.baskets])
    return [
        _row(setting, values[s], visitors, coverage(np.flatnonzero(seen[s]), shop.n_items))
        for s, setting in enumerate(chosen)
    ]


def _row(
    setting: Setting,
    values: npt.NDArray[np.float64],
    visitors: npt.NDArray[np.int64],
    covered: float,
) -> Row:
    row: Row = {"name": setting.name, "dial": setting.dial, "value": setting.value}
    for measure, column in zip(MEASURES, values.T, strict=True):
        row |= spread(measure, bootstrap(column, visitors))
    return row | {"coverage": covered}


def _table(rows: Sequence[Row], title: str) -> Table:
    table = Table("", *MEASURES.values(), "catalogue coverage", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    dial = rows[0]["dial"]
    for row in rows:
        if row["dial"] != dial:
            table.add_section()
            dial = row["dial"]
        cells = [f"{row[measure]:.4f}" for measure in MEASURES]
        table.add_row(str(row["name"]), *cells, f"{row['coverage']:.4f}")
    return table


def main(arguments: list[str]) -> None:
    """Compare, print, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks.diversity", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".demo"))
    parser.add_argument("--baskets", type=int, default=2000, help="0 takes all")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args(arguments)
    with Store.open(f"sqlite:///{(options.home / 'daogou.db').resolve()}", create=False) as store:
        shop = HeldOut(options.home, store, options.baskets)
    rows = compare(shop, settings())
    title = f"{len(shop.baskets):,} baskets after the split, bundle {shop.bundle_id}"
    Console(width=140).print(_table(rows, title))
    save(options.json, document("diversity", arguments, rows))
    if options.svg is not None:
        options.svg.parent.mkdir(parents=True, exist_ok=True)
        options.svg.write_bytes(draw(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
