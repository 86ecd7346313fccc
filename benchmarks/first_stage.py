"""The towers alone, as the first stage of training leaves them, one part changed at a time.

    python -m benchmarks.first_stage --data DIR [--set NAME] [--variants NAME ...] [--json FILE]

DIR is in the layout of amazon14-seq-s3rec. The towers read all histories without their last two
items, are stopped by some of the second last ones, and are asked for all of these: NDCG@10 against
every item that the visitor has not had. Settings of the first stage may be chosen by it; the last
items are not touched. A difference from the stage as it is has the same visitors on both sides;
intervals are 95% over visitors and seeds.
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.recommend.dataset import Dataset
from benchmarks.recommend.datasets import read_datasets
from benchmarks.recommend.joint import shop_of
from benchmarks.reporting import document, save, spread
from daogou.cli.results import Row
from daogou.errors import FeedError
from daogou.evaluation import Resampling
from daogou.features.items import Float64
from daogou.features.stats import DAY, popularity
from daogou.models import JointModel
from daogou.training.config import Plan, TrainingConfig, plan
from daogou.training.forecasting import contexts
from daogou.training.pipeline import content_of
from daogou.training.pretraining import Pretrained, Stretch, pretrain
from daogou.training.shop import Shop

BATCH: Final = 256
AS_IT_IS: Final = "as it is"
_TOLD: Final = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Variant:
    """What is changed: settings of training, and of the model."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)

    def config(self, seed: int) -> TrainingConfig:
        """The settings with the change."""
        return replace(TrainingConfig(seed=seed), **self.settings)

    def plan(self, config: TrainingConfig) -> Plan:
        """What they derive, with the change."""
        derived = plan(config)
        return replace(derived, model=replace(derived.model, **self.model))


VARIANTS: Final[Mapping[str, Variant]] = {
    AS_IT_IS: Variant(),
    "hstu": Variant({"block": "hstu"}),
    "masked events, lambda .1": Variant({"lambda_masked": 0.1}),
    "autoencoder, lambda .1": Variant({"lambda_autoencoder": 0.1}),
    "no id dropout": Variant(model={"id_dropout": 0.0}),
    "id dropout .5": Variant(model={"id_dropout": 0.5}),
}


@dataclass(frozen=True, slots=True)
class Fit:
    """NDCG@10 of each case, [N]; how training went, and the seconds that it took."""

    gains: Float64
    course: Pretrained
    seconds: float


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.first_stage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data / "amazon14-seq-s3rec")
    parser.add_argument("--set", help="of the folder; the first one without it")
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    try:
        datasets = {dataset.name: dataset for dataset in read_datasets(given.data)}
    except FeedError as error:
        raise SystemExit(str(error)) from error
    name = given.set or next(iter(datasets))
    if name not in datasets:
        raise SystemExit(f"{given.data} has no set named {name}; it has {', '.join(datasets)}.")
    rows = compare(datasets[name], given.variants, max(given.seeds, 1))
    print_table(rows, datasets[name].summary())
    save(given.json, document("first_stage", arguments, rows))


def compare(dataset: Dataset, variants: Sequence[str], seeds: int) -> list[Row]:
    """A row a variant, and one for its difference from the stage as it is."""
    shop = shop_of(dataset)
    sampled = Resampling(np.array([case.visitor for case in dataset.validation]))
    gains: dict[str, Float64] = {}
    rows: list[Row] = []
    for name in variants:
        fits = [fit(dataset, shop, VARIANTS[name], seed) for seed in range(seeds)]
        gains[name] = np.stack([one.gains for one in fits])
        rows.append(
            {
                "name": name,
                **spread("ndcg@10", sampled.mean(gains[name])),
                "epochs": float(np.mean([one.course.best_epoch for one in fits])),
                "seconds": float(np.mean([one.seconds for one in fits])),
            }
        )
        _TOLD.print(rows[-1], soft_wrap=True)
    for name in variants:
        if name != AS_IT_IS and AS_IT_IS in gains:
            apart = sampled.difference(gains[name], gains[AS_IT_IS])
            rows.append({"name": f"{name} - {AS_IT_IS}", **spread("ndcg@10", apart)})
    return rows


def fit(dataset: Dataset, shop: Shop, variant: Variant, seed: int) -> Fit:
    """Pretrain by a variant on all that the data set lets a model be fitted to, and ask it."""
    config = variant.config(seed)
    derived = variant.plan(config)
    torch.manual_seed(seed)
    model = JointModel(derived.model, content_of(shop), n_features=1)
    _, items, times = shop.log.purchases()
    # The second last items end here, where the last ones begin.
    until, check = dataset.until, dataset.until + DAY
    counts = popularity(items, times, n_items=dataset.n_items, as_of=until)
    begun = time.perf_counter()
    course = pretrain(
        model, Stretch(shop.log, until, check, counts[-1]), derived, config.weights(), seed
    )
    return Fit(_gains(model, dataset), course, time.perf_counter() - begun)


@torch.no_grad()
def _gains(model: JointModel, dataset: Dataset) -> Float64:
    """NDCG@10 of the validation's cases, [N]; what the visitor has had is not ranked."""
    table, cases, log = model.all_item_vectors(), dataset.validation, dataset.log
    gains = []
    for start in range(0, len(cases), BATCH):
        asked = cases[start : start + BATCH]
        moments = [(case.visitor, case.end, case.time) for case in asked]
        logits = contexts(model, table, log, moments) @ table.T  # [B, V]
        target = torch.tensor([[int(case.items[0])] for case in asked])
        own = logits.gather(1, target)
        for row, case in enumerate(asked):
            had = log.history(case.visitor, case.end).items.astype(np.int64)
            logits[row, torch.from_numpy(had)] = -torch.inf
        # What ties with the item sought stands before it, as in the other tables.
        rank = (logits >= own).sum(1)
        found = (rank <= 10) & torch.isfinite(logits.gather(1, target)[:, 0])
        gains.append(torch.where(found, 1 / torch.log2(rank + 1.0), torch.zeros(())))
    return np.asarray(torch.cat(gains).numpy(), np.float64)


def print_table(rows: Sequence[Row], title: str, console: Console | None = None) -> None:
    """All rows."""
    table = Table("", "ndcg@10", "epochs", "seconds", title=title)
    for row in rows:
        interval = "{:.4f} [{:.4f}, {:.4f}]".format(
            *(float(row[f"ndcg@10{end}"]) for end in ("", "_low", "_high"))
        )
        cells = (f"{float(row[key]):.1f}" if key in row else "" for key in ("epochs", "seconds"))
        table.add_row(str(row["name"]), interval, *cells)
    (console or Console(width=120)).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
