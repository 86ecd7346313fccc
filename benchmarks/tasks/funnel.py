"""Simple models of the funnel: of whether a shown product is looked at, and bought.

All learn from the training exposures with the features that the joint ranker reads, stop or choose
on those of validation, and allow for the sampling of the log as the joint model does: the log
of the rate is an offset to the odds of a row (King and Zeng, 2001), so that a logit is one of
the whole log.

Dimension letters: M rows, F features.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.tasks.shop import Tested
from daogou.features import ItemTable, ShopLog
from daogou.models.zoo.wide_deep import CLAMP, WideDeep
from daogou.retrieval.sources.crosses import code_sizes
from daogou.training.examples import Lists
from daogou.training.zoo.keeping import Best, seeded
from daogou.training.zoo.wide_deep import Rows, WideDeepConfig

Array = npt.NDArray[Any]
RIDGES: Final = (1e-6, 1e-5, 1e-4, 1e-3)
"""Of which logistic regression takes the one with the best likelihood on validation."""
FLOORS: Final[Mapping[str, str]] = {
    "personal frequency": "bought_decayed_slow",
    "popularity": "popularity_slow",
}
"""Counts that know no probability: two numbers are fitted to the validation exposures."""
CALIBRATED: Final = tuple(FLOORS)
"""The contenders that are calibrated after training; all others are judged as they come."""


@dataclass(frozen=True, slots=True)
class Rated:
    """The exposures of a part for one head.

    Attributes
    ----------
    wide
        Features, float32 [M, F].
    labels, offset
        0 or 1, and what sampling added to the odds, float32 [M] each.
    """

    lists: Lists
    wide: Array
    labels: Array
    offset: Array

    @classmethod
    def of(cls, lists: Lists) -> "Rated":
        """All rows of ``lists``."""
        offset = -np.log(np.repeat(lists.rate, np.diff(lists.offsets)))
        return cls(lists, lists.wide.astype(np.float32), lists.labels, offset.astype(np.float32))

    def loss(self, logits: Array) -> float:
        """Mean negative log likelihood of the sampled rows, in nats."""
        z = torch.from_numpy(np.asarray(logits, np.float32))
        return float(_loss(z, torch.from_numpy(self.labels), torch.from_numpy(self.offset)))


@dataclass(frozen=True)
class Exposed:
    """Training, validation and test exposures for one head, and the shop that they are of."""

    head: str
    table: ItemTable
    columns: tuple[str, ...]
    log: ShopLog
    train: Rated
    validation: Rated
    test: Rated

    @classmethod
    def of(cls, tested: Tested, table: ItemTable, head: str) -> "Exposed":
        """The exposures of ``head``."""
        learned, asked = tested.learned, tested.asked
        parts = (learned.train, learned.validation, asked.validation)
        train, validation, test = (Rated.of(part[head]) for part in parts)
        return cls(head, table, learned.columns, asked.log, train, validation, test)


Fit = Callable[[Exposed, int], Array]
"""Fits with a seed and gives the logits of the test rows, [M]."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A simple model; ``seeded`` where another seed gives another one."""

    name: str
    fit: Fit
    seeded: bool = False


def contenders() -> list[Contender]:
    """All of them, the better ones first."""
    return [
        Contender("LightGBM", boosted, seeded=True),
        Contender("Wide & Deep", wide_deep, seeded=True),
        Contender("logistic regression", logistic),
        *(Contender(name, _floor(feature)) for name, feature in FLOORS.items()),
    ]


def logistic(exposed: Exposed, seed: int) -> Array:
    """Logistic regression on standardised features, with the best of the :data:`RIDGES`."""
    del seed
    mean, scale = exposed.train.wide.mean(0), exposed.train.wide.std(0) + 1e-3

    def scaled(rated: Rated) -> Array:
        return np.asarray(np.clip((rated.wide - mean) / scale, -CLAMP, CLAMP), np.float32)

    x, held = scaled(exposed.train), scaled(exposed.validation)
    fits = [_regress(x, exposed.train, ridge) for ridge in RIDGES]
    weights, bias = min(fits, key=lambda f: exposed.validation.loss(held @ f[0] + f[1]))
    return np.asarray(scaled(exposed.test) @ weights + bias, np.float64)


def boosted(exposed: Exposed, seed: int) -> Array:
    """Gradient boosted trees: LightGBM (Ke et al., NeurIPS 2017), stopped by validation."""
    import lightgbm

    # The trees begin at the mean of the whole log: far from it a Newton step leads anywhere.
    share = _share(exposed.train)
    start = float(np.log(share / (1 - share)))
    train, held = (
        lightgbm.Dataset(part.wide, part.labels, init_score=part.offset.astype(np.float64) + start)
        for part in (exposed.train, exposed.validation)
    )
    settings = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 50,
        "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1,
        "boost_from_average": False,
        "seed": seed, "deterministic": True, "force_row_wise": True, "verbose": -1,
        "num_threads": torch.get_num_threads(),
    }  # fmt: skip
    model = lightgbm.train(
        settings, train, 1000, valid_sets=[held],
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )  # fmt: skip
    return np.asarray(model.predict(exposed.test.wide, raw_score=True)) + np.float64(start)


def wide_deep(exposed: Exposed, seed: int) -> Array:
    """Wide & Deep (Cheng et al., DLRS 2016): features, codes and crosses; stopped by validation."""
    config = WideDeepConfig(seed=seed)
    parts = {
        name: Rows.of(part.lists, exposed.log, exposed.table, config.buckets)
        for name, part in (
            ("train", exposed.train), ("held", exposed.validation), ("test", exposed.test)
        )
    }  # fmt: skip
    rng, rows = np.random.default_rng(seed), parts["train"]
    offset = torch.from_numpy(exposed.train.offset)
    with seeded(seed):
        model = WideDeep(
            n_features=len(exposed.columns), sizes=code_sizes(exposed.table),
            buckets=config.buckets, width=config.width, hidden=config.hidden,
            dropout=config.dropout,
        )  # fmt: skip
        model.fit_scale(rows.wide.float())
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        best = Best(config.patience)
        for _ in range(config.epochs):
            model.train()
            order = rng.permutation(len(exposed.train.lists))
            for start in range(0, len(order), config.batch):
                batch = rows.of_lists(order[start : start + config.batch])
                loss = _loss(rows.logits(model, batch), rows.labels[batch], offset[batch])
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
            if best.after(model, -exposed.validation.loss(_logits(model, parts["held"]))):
                break
        best.restore(model)
    return _logits(model, parts["test"])


def _floor(feature: str) -> Fit:
    def fit(exposed: Exposed, seed: int) -> Array:
        """The log of a count, scaled and shifted as fits the validation exposures best."""
        del seed
        column = exposed.columns.index(feature)
        held, test = (
            np.log1p(np.maximum(part.wide[:, [column]], 0))
            for part in (exposed.validation, exposed.test)
        )
        weights, bias = _regress(held, exposed.validation, 0.0)
        return np.asarray(test @ weights + bias)

    return fit


def _regress(x: Array, rated: Rated, ridge: float) -> tuple[Array, float]:
    """Weights [F'] and bias of the likeliest logits of ``rated``, by features [M, F']."""
    features, labels = torch.from_numpy(x).double(), torch.from_numpy(rated.labels).double()
    offset = torch.from_numpy(rated.offset).double()
    weights = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.full((), float(np.log(_share(rated))), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights, bias], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = _loss(features @ weights + bias, labels, offset) + ridge * weights.square().sum()
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weights.detach().numpy(), float(bias.detach())


def _share(rated: Rated) -> float:
    """How many of the exposures of the whole log have the label, and never quite none."""
    hits = float(rated.labels.sum()) + 0.5
    return hits / (hits + float(np.exp(rated.offset)[rated.labels <= 0].sum()) + 0.5)


def _loss(logits: Tensor, labels: Tensor, offset: Tensor) -> Tensor:
    """Binary cross entropy of the sampled rows, as :func:`daogou.models.exposure_loss`."""
    return functional.binary_cross_entropy_with_logits(logits + offset, labels)


@torch.no_grad()
def _logits(model: WideDeep, rows: Rows) -> Array:
    model.eval()
    return rows.logits(model, torch.arange(len(rows.labels))).numpy()
