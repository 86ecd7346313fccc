"""What the towers alone foretell, over the whole catalogue.

Dimension letters: B batch, L history length, V items, D width.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from daogou.features import Basket, ShopLog
from daogou.features.items import Int32
from daogou.models import JointModel
from daogou.training.examples import histories
from daogou.training.sequences import SOUGHT

ASKED: Final = 2000
"""Visitors by whom an epoch of pretraining is judged."""
BATCH: Final = 256


@torch.no_grad()
def contexts(
    model: JointModel, table: Tensor, log: ShopLog, moments: Sequence[tuple[int, int, float]]
) -> Tensor:
    """``u`` of moments (visitor, lines before it, seconds), [B, D]; ``table`` is [V, D]."""
    model.eval()
    past = histories(log, moments, model.config.length)
    lines = table[past.lines] * (past.kinds > 0)[..., None]
    nothing = torch.zeros(len(moments), model.content.sizes.text)
    u: Tensor = model.context_tower(
        lines, past.kinds, past.ages, nothing, torch.zeros(len(moments))
    )[0]
    return u


def nearest(model: JointModel, log: ShopLog, baskets: Sequence[Basket], k: int) -> list[Int32]:
    """The ``k`` items that the towers find nearest to each basket's visitor, before it."""
    table = model.all_item_vectors()
    k = min(k, len(table))
    found: list[Int32] = []
    for start in range(0, len(baskets), BATCH):
        moments = [(b.visitor, b.end, b.time) for b in baskets[start : start + BATCH]]
        scores = contexts(model, table, log, moments) @ table.T  # [B, V]
        found.extend(scores.topk(k, 1).indices.numpy().astype(np.int32))
    return found


def forecast_ndcg(model: JointModel, log: ShopLog, since: float, until: float) -> float:
    """NDCG@10 of the item of each visitor's first line in ``[since, until)``; NaN without any."""
    moments, targets = [], []
    for visitor in range(len(log.visitors)):
        end, stop = log.end_at(visitor, since), log.end_at(visitor, until)
        first = int(log.offsets[visitor])
        later = np.flatnonzero(np.isin(log.lines.kinds[first + end : first + stop], SOUGHT))
        if len(later):
            line = first + end + int(later[0])
            moments.append((visitor, end, float(log.lines.times[line])))
            targets.append(int(log.lines.items[line]))
    if len(moments) > ASKED:
        kept = np.random.default_rng(0).choice(len(moments), ASKED, replace=False)
        moments, targets = [moments[i] for i in kept], [targets[i] for i in kept]
    if not moments:
        return float("nan")
    table = model.all_item_vectors()
    gains = []
    for start in range(0, len(moments), BATCH):
        scores = contexts(model, table, log, moments[start : start + BATCH]) @ table.T
        own = scores.gather(1, torch.tensor(targets[start : start + BATCH])[:, None])
        rank = (scores > own).sum(1)
        gains.append(torch.where(rank < 10, 1 / torch.log2(rank + 2.0), torch.zeros(())))
    return float(torch.cat(gains).mean())
