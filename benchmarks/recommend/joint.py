"""Daogou itself as a row: the shop's own training, and what it would serve."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.recommend.dataset import Dataset, offsets_of
from daogou.encoders import EncoderConfig, TextEncoder, open_text_encoder
from daogou.encoders.base import Float32, Kind, Progress
from daogou.evaluation import Contender
from daogou.features import ShopLog
from daogou.features.stats import DAY
from daogou.training.config import TrainingConfig
from daogou.training.evaluating import Joint
from daogou.training.pipeline import train_shop
from daogou.training.shop import Shop, build_shop


class NoText:
    """The encoder of a data set without a title: nothing is known of any text."""

    name, version, dim, blocks = "none", "1", 1, (1,)

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> Float32:
        """Zeros, [N, 1]."""
        del kind, progress
        return np.zeros((len(texts), self.dim), np.float32)


def joint(dataset: Dataset, seed: int) -> Contender:
    """Train as `daogou train` does, with its settings as they are, and rank as it would serve."""
    return trained(dataset, TrainingConfig(seed=seed), "daogou joint")


def trained(dataset: Dataset, config: TrainingConfig, name: str) -> Joint:
    """A bundle of the data set's past under some settings, as a contender.

    What lies between the fit and the test is what training validates on; the bundle's
    statistics and sources know it only where the data set's protocol lets them.
    """
    days = max(1, round((_end(dataset) - dataset.until) / DAY))
    config = replace(config, validation_days=days, min_basket=_least(dataset))
    shop = shop_of(dataset)
    folder = Path(tempfile.mkdtemp(prefix="daogou-benchmark-"))
    told = train_shop(
        shop, folder, _encoder(dataset), config, dataset.until + days * DAY,
        known=dataset.final_until, stage=_said, report=lambda *_: None,
    )  # fmt: skip
    print(f"  trained in {told.seconds}", flush=True)
    print(f"  metrics {dict(told.bundle.manifest.metrics)}", flush=True)
    return Joint(told.bundle, before(dataset.log, dataset.final_until), name=name)


def shop_of(dataset: Dataset) -> Shop:
    """What training may see: everything before the first test case."""
    log = before(dataset.log, _end(dataset))
    return build_shop(
        dataset.products, dataset.n_items, 0, _encoder(dataset), lambda _: log, lambda *_: None
    )


def before(log: ShopLog, until: float) -> ShopLog:
    """The log without what happened from ``until`` on, in seconds."""
    kept = log.lines.times < until
    owner = np.repeat(np.arange(len(log.visitors)), np.diff(log.offsets))
    lengths = np.bincount(owner[kept], minlength=len(log.visitors))
    lines = log.lines
    cut = type(lines)(
        lines.items[kept], lines.kinds[kept], lines.times[kept], lines.quantities[kept],
        lines.events[kept],
    )  # fmt: skip
    return replace(log, offsets=offsets_of(lengths.tolist()), lines=cut)


def _end(dataset: Dataset) -> float:
    """Where the validation ends: before anything that is tested."""
    if dataset.final_until > dataset.until:
        return dataset.final_until
    return max(case.time for case in dataset.validation) + DAY / 2


def _least(dataset: Dataset) -> int:
    return min(3, min(len(case.items) for case in dataset.validation))


def _encoder(dataset: Dataset) -> TextEncoder:
    if not dataset.has_titles:
        return NoText()
    return open_text_encoder(EncoderConfig(), None)


_told: set[str] = set()


def _said(name: str, done: int, total: int) -> None:
    if name not in _told or (total > 20 and done % max(total // 10, 1) == 0):
        _told.add(name)
        print(f"  {name} {done}/{total}", flush=True)
