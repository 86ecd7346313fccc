"""Fitting Wide & Deep and DeepFM to the lists that the joint ranker learns from."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor
from torch.export import Dim
from torch.nn import functional

from daogou.features import FEATURES, ItemStats, ItemTable, ShopLog
from daogou.models.zoo.wide_deep import CrossRanker, DeepFM, WideDeep
from daogou.retrieval.sources.crosses import CROSSES, code_sizes, codes, crosses
from daogou.retrieval.sources.ranker import RankerSource
from daogou.training.examples import Int64, Lists
from daogou.training.objective import listwise_ndcg
from daogou.training.zoo.graphs import EXAMPLE_SIZE, exported
from daogou.training.zoo.keeping import Best, seeded

MODELS: Final[dict[str, type[CrossRanker]]] = {"wide-deep": WideDeep, "deepfm": DeepFM}


@dataclass(frozen=True, slots=True)
class WideDeepConfig:
    """How the rankers are made and trained.

    Attributes
    ----------
    model
        Which of the two.
    width
        E, of the embeddings of codes.
    hidden
        Of the deep part's first layer; the second is half as wide.
    buckets
        Of the hashed crosses.
    dropout
        In the deep part.
    epochs, patience
        At most so many epochs; training stops after ``patience`` without a better NDCG.
    batch
        Lists in a step.
    learning_rate, weight_decay
        Of AdamW.
    held_out_share
        Of the visitors with lists: theirs are kept from training to stop it.
    seed
        Of everything that is drawn.
    """

    model: Literal["wide-deep", "deepfm"] = "wide-deep"
    width: int = 8
    hidden: int = 64
    buckets: int = 1 << 16
    dropout: float = 0.1
    epochs: int = 10
    patience: int = 2
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    held_out_share: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of all lists as tensors, M of them, and where each list begins.

    ``wide`` is float16 [M, F], ``codes`` int32 [M, A], ``crosses`` int32 [M, X], ``labels``
    (1 or 0) [M], ``offsets`` int64 [B + 1].
    """

    wide: Tensor
    codes: Tensor
    crosses: Tensor
    labels: Tensor
    offsets: Int64

    @classmethod
    def of(cls, lists: Lists, log: ShopLog, table: ItemTable, buckets: int) -> "Rows":
        """The rows of ``lists``, each with the crosses of its visitor's past back then."""
        crossed = np.zeros((len(lists.items), len(CROSSES)), np.int32)
        for n in range(len(lists)):
            cut = lists.rows(n)
            past = log.history(int(lists.visitor[n]), int(lists.end[n]))
            crossed[cut] = crosses(past, lists.items[cut], table, buckets)
        return cls(
            torch.from_numpy(lists.wide),
            torch.from_numpy(codes(table, lists.items).astype(np.int32)),
            torch.from_numpy(crossed),
            torch.from_numpy((lists.labels > 0).astype(np.float32)),
            lists.offsets,
        )

    def logits(self, model: CrossRanker, rows: Tensor) -> Tensor:
        """The model's logits of ``rows``, int64 [M'] -> [M']."""
        logits: Tensor = model(
            self.wide[rows].float(), self.codes[rows].long(), self.crosses[rows].long()
        )
        return logits

    def of_lists(self, chosen: Int64) -> Tensor:
        """Which rows belong to the lists ``chosen``, int64 [M']."""
        spans = [np.arange(self.offsets[n], self.offsets[n + 1]) for n in chosen.tolist()]
        return torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *spans]))


def train_wide_deep(
    lists: Lists, log: ShopLog, table: ItemTable, config: WideDeepConfig
) -> CrossRanker:
    """Was each candidate bought? Logistic loss over the rows of the lists, as in both papers."""
    rng = np.random.default_rng(config.seed)
    rows = Rows.of(lists, log, table, config.buckets)
    learned, measured = _split(lists, config.held_out_share, rng)
    with seeded(config.seed):
        model = MODELS[config.model](
            n_features=len(FEATURES),
            sizes=code_sizes(table),
            buckets=config.buckets,
            width=config.width,
            hidden=config.hidden,
            dropout=config.dropout,
        )
        if len(lists.items):
            model.fit_scale(rows.wide[:: max(1, len(lists.items) // 100_000)].float())
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        best = Best(config.patience)
        for _ in range(config.epochs):
            model.train()
            order = rng.permutation(learned)
            for start in range(0, len(order), config.batch):
                batch = rows.of_lists(order[start : start + config.batch])
                loss = functional.binary_cross_entropy_with_logits(
                    rows.logits(model, batch), rows.labels[batch]
                )
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
            if best.after(model, _ndcg(model, rows, measured)):
                break
        best.restore(model)
    return model


def fit_wide_deep(
    lists: Lists,
    log: ShopLog,
    table: ItemTable,
    stats: ItemStats,
    config: WideDeepConfig | None = None,
    *,
    name: str | None = None,
) -> RankerSource:
    """Wide & Deep or DeepFM as a source.

    Parameters
    ----------
    lists
        From ``Replay.baskets``: candidates as serving would have proposed and described them.
    stats
        What is known of the items when serving begins.
    name
        Of the source; the model's where it is None.
    """
    config = config or WideDeepConfig()
    model = train_wide_deep(lists, log, table, config)
    rows = EXAMPLE_SIZE
    batch = Dim("rows", min=1, max=1 << 20)
    example = {
        "wide": torch.randn(rows, len(FEATURES), generator=torch.Generator().manual_seed(0)),
        "codes": torch.zeros(rows, len(code_sizes(table)), dtype=torch.int64),
        "crosses": torch.arange(rows * len(CROSSES)).reshape(rows, -1) % config.buckets,
    }
    graph = exported(model, example, {key: {0: batch} for key in example})
    return RankerSource(name or config.model, graph, table, stats, buckets=config.buckets)


def _split(lists: Lists, share: float, rng: np.random.Generator) -> tuple[Int64, Int64]:
    """Lists to learn from and lists to measure on, those of one visitor on the same side."""
    visitors = np.unique(lists.visitor)
    held = rng.permutation(visitors)[: int(len(visitors) * share)]
    inside = np.isin(lists.visitor, held)
    return np.flatnonzero(~inside), np.flatnonzero(inside)


@torch.no_grad()
def _ndcg(model: CrossRanker, rows: Rows, lists: Int64) -> float | None:
    """Mean NDCG@10 of the lists that have a bought row; None where none has."""
    model.eval()
    gains = []
    for n in lists.tolist():
        members = rows.of_lists(np.array([n]))
        if rows.labels[members].any():
            logits = rows.logits(model, members)[None]
            labels = rows.labels[members][None]
            gains.append(float(listwise_ndcg(logits, labels, torch.ones_like(labels).bool())))
    return float(np.mean(gains)) if gains else None
