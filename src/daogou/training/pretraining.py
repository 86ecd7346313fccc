"""The first stage: the towers learn from whole histories and from content, before any head.

Everything is from before the replayed days, so that what the towers say of the lists that
the ranker learns from is a forecast, as it will be in serving.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from daogou.features import ShopLog
from daogou.features.items import Float32
from daogou.models import JointModel
from daogou.models.pretraining import ItemAutoencoder, MaskedEvents
from daogou.training.config import Plan
from daogou.training.forecasting import forecast_ndcg
from daogou.training.retrieval_loss import Negatives, Vectors, line_vectors, next_line_loss
from daogou.training.schedule import schedule, snapshot
from daogou.training.sequences import Packed, cut_log, drawn, packed_batches

MASKED_SHARE = 0.2
"""Of the lines that are hidden (BERT4Rec takes .2 to .6, the fewer the longer the histories)."""
AUTOENCODED = 512
"""Items whose content is told again in a step."""
BETA = 0.02
"""Of the divergence: beside reconstruction it only has to keep ``v`` from drifting apart (beta
below 1: Higgins et al., ICLR 2017; Liang et al., WWW 2018)."""
Told = Callable[[int, int], None]


@dataclass(slots=True)
class Pretrained:
    """How the first stage went.

    Attributes
    ----------
    losses
        Task to its mean loss in each epoch.
    forecast
        NDCG@10 of what followed the newest histories, after each epoch.
    best_epoch
        The epoch (from 1) whose weights were kept; 0 where nothing could be learned.
    """

    losses: dict[str, list[float]] = field(default_factory=dict)
    forecast: list[float] = field(default_factory=list)
    best_epoch: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the first stage learns from, and on what it stops.

    ``until`` is where its events end, ``check`` where those end that it is stopped by, both in
    seconds. ``popularity`` is float32 [V].
    """

    log: ShopLog
    until: float
    check: float
    popularity: Float32


def pretrain(
    model: JointModel,
    stretch: Stretch,
    plan: Plan,
    weights: Mapping[str, float],
    seed: int,
    told: Told = lambda *_: None,
) -> Pretrained:
    """Train the towers by L = L_pretrain + lambda L_next, and leave them at their best epoch.

    Parameters
    ----------
    weights
        Lambdas of "masked", "autoencoder" and "retrieval".
    told
        Told of steps done, and of steps in all.
    """
    stage = _Pretraining(model, stretch, plan, weights, seed, told)
    best = snapshot(model)
    found = stage.found
    while len(stage.pieces) and len(found.forecast) < plan.pretraining_epochs:
        for name, value in stage.epoch().items():
            found.losses.setdefault(name, []).append(value)
        found.forecast.append(forecast_ndcg(model, stretch.log, stretch.until, stretch.check))
        if not found.forecast[-1] < max(found.forecast):
            found.best_epoch, best = len(found.forecast), snapshot(model)
        elif len(found.forecast) - found.best_epoch >= plan.pretraining_patience:
            break
    model.load_state_dict(best)
    return found


class _Pretraining:
    """What the first stage holds from its first step to its last."""

    def __init__(
        self,
        model: JointModel,
        stretch: Stretch,
        plan: Plan,
        weights: Mapping[str, float],
        seed: int,
        told: Told,
    ) -> None:
        self.model, self.stretch, self.plan = model, stretch, plan
        self.weights, self.told = weights, told
        torch.manual_seed(seed)
        self.rng = np.random.default_rng([seed, 1])
        self.items, self.events = ItemAutoencoder(model), MaskedEvents(model)
        self.parameters = [
            *model.item_tower.parameters(),
            *model.context_tower.parameters(),
            *self.items.parameters(),
            *self.events.parameters(),
        ]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=plan.pretraining_rate, weight_decay=plan.weight_decay, fused=True
        )
        generator = torch.Generator().manual_seed(seed)
        self.negatives = Negatives.of(stretch.popularity, plan.negatives, generator)
        self.pieces = cut_log(stretch.log, stretch.until, model.config.length)
        tokens = min(int((self.pieces.lengths + 1).sum()), plan.pretraining_tokens)
        self.steps = max(1, -(-tokens // (plan.rows * (model.config.length + 1))))
        self.found = Pretrained()

    def epoch(self) -> dict[str, float]:
        """One pass over all stretches, or as many of them as the plan allows; mean losses."""
        self.model.train()
        total = self.steps * self.plan.pretraining_epochs
        before = self.steps * len(self.found.forecast)
        sums: dict[str, float] = {}
        chosen = drawn(self.pieces, self.plan.pretraining_tokens, self.rng)
        length, count = self.model.config.length, 0
        for packed in packed_batches(self.stretch.log, chosen, length, self.plan.rows, self.rng):
            for group in self.optimizer.param_groups:
                group["lr"] = self.plan.pretraining_rate * schedule((before + count) / total)
            for name, value in self._step(packed).items():
                sums[name] = sums.get(name, 0.0) + value
            count += 1
            self.told(min(before + count, total), total)
        return {name: value / max(count, 1) for name, value in sums.items()}

    def _step(self, packed: Packed) -> dict[str, float]:
        losses = self._losses(packed)
        loss = torch.stack([self.weights[name] * value for name, value in losses.items()]).sum()
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _losses(self, packed: Packed) -> dict[str, Tensor]:
        model, sampled = self.model, self.negatives.draw()
        vectors = Vectors(model, sampled, packed.items)
        losses = {"retrieval": next_line_loss(model, packed, vectors, sampled, self.negatives)}
        if self.weights["masked"]:
            lines = line_vectors(packed, vectors)
            states, hidden = self.events.states(model, lines, packed.tokens, MASKED_SHARE)
            losses["masked"] = self.negatives.loss(
                states[hidden], packed.items[hidden], sampled, vectors
            )
        if self.weights["autoencoder"]:
            items = torch.randint(model.content.sizes.items, (AUTOENCODED,))
            losses["autoencoder"] = self.items(model, model.content.rows(items), BETA)
        return losses
