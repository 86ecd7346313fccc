"""Daogou's SASRec on the sequences of ``common``: ``train_sasrec``, without side information.

Sizes, dropout and learning rate are those of the other libraries; with ``--own`` dropout and rate
are the ones that a shop trains with. Sequences of about the same length make a batch, and the
softmax over all items never holds more than a few rows of its logits.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
import torch

from benchmarks.peers.common import (
    BLOCKS,
    DROPOUT,
    HEADS,
    LONGEST,
    RATE,
    WIDTH,
    Clock,
    Over,
    Sequences,
    arguments,
    best,
    ndcg,
    say,
)
from benchmarks.peers.daogou_log import interactions_of
from daogou.models.zoo.sasrec import SASRec
from daogou.training.zoo.holdout import hold_out
from daogou.training.zoo.sasrec import SASRecConfig, known_items, train_sasrec

FOREVER = 1_000_000
ASKED = 256


def main() -> None:
    """Train until the time is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--own", action="store_true")
    given = arguments(parser)
    torch.set_num_threads(given.threads)
    begun = time.perf_counter()
    sequences = Sequences.read(given.data)
    config = SASRecConfig(
        width=WIDTH, length=LONGEST, layers=BLOCKS, heads=HEADS, epochs=FOREVER, seed=given.seed
    )
    if not given.own:
        config = replace(config, dropout=DROPOUT, learning_rate=RATE)
    split = hold_out(interactions_of(sequences), 0, given.seed)
    question = Question(sequences, known_items(split, config))
    clocks: list[Clock] = []

    def told(model: SASRec, predicted: int) -> None:
        if clocks:
            clocks[0].step_or_stop(predicted)
        else:
            say(ready_s=time.perf_counter() - begun)
            clocks.append(Clock(lambda: question(model), given.seconds, given.every))

    try:
        train_sasrec(split, config, told=told)
    except Over:
        return


class Question:
    """The validation's NDCG of the model as it is.

    ``known`` are the items that can be proposed, bool [V].
    """

    def __init__(self, sequences: Sequences, known: np.ndarray[tuple[int], np.dtype[np.bool_]]):
        training = sequences.training()
        self.answers = sequences.answers()
        self.seen = [training[visitor] for visitor in sequences.asked]
        self.unknown = torch.from_numpy(~known)
        self.lengths = torch.tensor([min(len(items), LONGEST) for items in self.seen])
        self.lists = torch.zeros(len(self.seen), LONGEST, dtype=torch.int64)
        for row, items in enumerate(self.seen):
            self.lists[row, : self.lengths[row]] = torch.from_numpy(items[-LONGEST:])

    @torch.no_grad()
    def __call__(self, model: SASRec) -> float:
        """Ask all."""
        model.eval()
        table, bias = model.outputs()
        bias = bias.masked_fill(self.unknown, -torch.inf)
        found = []
        for start in range(0, len(self.seen), ASKED):
            cut = slice(start, start + ASKED)
            states = model.states(table[self.lists[cut]])  # [B, L, D]
            newest = states[torch.arange(len(states)), self.lengths[cut] - 1]
            found.append(best((newest @ table.T + bias).numpy(), self.seen[cut]))
        model.train()
        return ndcg(np.concatenate(found), self.answers)


if __name__ == "__main__":
    main()
