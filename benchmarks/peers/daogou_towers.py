"""The joint model's first stage on the sequences of ``common``: its towers, its packed rows.

There is no content here, so that nothing of it is told again (no autoencoder) and no item has to do
without its own row. Sizes are those of the other libraries, dropout and learning rate the
shop's own; the rate rises and falls over the time that is given as it does over a shop's epochs.
"""

import time
from dataclasses import replace

import numpy as np
import torch

from benchmarks.peers.common import (
    BLOCKS,
    HEADS,
    LONGEST,
    WIDTH,
    Clock,
    Over,
    Sequences,
    arguments,
    best,
    ndcg,
    say,
)
from benchmarks.peers.daogou_log import end_of, log_of
from daogou.features import ShopLog
from daogou.models import ContentSizes, ItemContent, JointModel
from daogou.training.config import Plan, TrainingConfig, plan
from daogou.training.forecasting import contexts
from daogou.training.pretraining import Stretch, _Pretraining
from daogou.training.schedule import schedule
from daogou.training.sequences import Packed

WEIGHTS = {"retrieval": 1.0, "masked": 0.0, "autoencoder": 0.0}
ASKED = 256


class Timed(_Pretraining):
    """Ends by the clock, not by its epochs."""

    clock: Clock

    def _step(self, packed: Packed) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * schedule(self.clock.share)
        losses = super()._step(packed)
        self.clock.step_or_stop(int(packed.follows.sum()))
        return losses


def main() -> None:
    """Train until the time is over."""
    given = arguments()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    begun = time.perf_counter()
    sequences = Sequences.read(given.data)
    log, derived = log_of(sequences), _plan(sequences, given.seed)
    model = JointModel(derived.model, nothing_known(sequences.n_items), n_features=1)
    popularity = np.bincount(log.lines.items, minlength=sequences.n_items).astype(np.float32)
    until = end_of(log)
    stage = Timed(
        model, Stretch(log, until, until, popularity), derived, WEIGHTS, given.seed, lambda *_: None
    )
    question = Question(sequences, log)
    say(ready_s=time.perf_counter() - begun)
    stage.clock = Clock(lambda: question(model), given.seconds, given.every)
    try:
        while True:
            stage.epoch()
    except Over:
        return


def _plan(sequences: Sequences, seed: int) -> Plan:
    derived = plan(TrainingConfig(seed=seed))
    sizes = replace(
        derived.model, width=WIDTH, layers=BLOCKS, attention_heads=HEADS, length=LONGEST,
        id_dropout=0.0,
    )  # fmt: skip
    # An epoch is a pass over everything; a visitor's tokens are the items and a start.
    return replace(derived, model=sizes, pretraining_tokens=2 * len(sequences.items))


def nothing_known(n_items: int) -> ItemContent:
    """Items of which nothing is known but that there are so many."""
    codes = torch.zeros(n_items, dtype=torch.int64)
    return ItemContent(
        text=torch.zeros(n_items, 1, dtype=torch.float16),
        image=torch.zeros(n_items, 0, dtype=torch.float16),
        category=codes,
        department=codes,
        brand=codes,
        attributes=codes[:, None],
        price=torch.full((n_items,), torch.nan),
        sizes=ContentSizes(n_items, categories=1, departments=1, brands=1, attributes=1, text=1),
        names=torch.zeros(1, 1),
    )


class Question:
    """The validation's NDCG of the model as it is."""

    def __init__(self, sequences: Sequences, log: ShopLog) -> None:
        self.log, self.answers = log, sequences.answers()
        training, end = sequences.training(), end_of(log)
        asked = sequences.asked.tolist()
        self.moments = [(visitor, len(training[visitor]), end) for visitor in asked]
        self.seen = [training[visitor] for visitor in asked]

    def __call__(self, model: JointModel) -> float:
        """Ask all."""
        table = model.all_item_vectors()
        found = []
        for start in range(0, len(self.seen), ASKED):
            cut = slice(start, start + ASKED)
            scores = contexts(model, table, self.log, self.moments[cut]) @ table.T  # [B, V]
            found.append(best(scores.numpy(), self.seen[cut]))
        model.train()
        return ndcg(np.concatenate(found), self.answers)


if __name__ == "__main__":
    main()
