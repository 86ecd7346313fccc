"""Daogou's ALS on the sequences of ``common``: ``fit_als`` with the settings that a shop has.

The iterations are those of ``implicit``, whose library it calls. What is daogou's own are the
settings, and that whoever asks is folded in by the newest purchases instead of having a vector.
"""

import time

import numpy as np

from benchmarks.peers.common import (
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
from daogou.features import Interactions, ShopLog
from daogou.features.items import Float32
from daogou.retrieval.base import Request
from daogou.training.zoo.als import AlsConfig, factor_source, fit_als

ITERATIONS = 1_000_000


def main() -> None:
    """Iterate until the time is over."""
    given = arguments()
    begun = time.perf_counter()
    sequences = Sequences.read(given.data)
    log = log_of(sequences)
    interactions = Interactions.from_log(log, sequences.n_items, end_of(log))
    config = AlsConfig(width=WIDTH, iterations=ITERATIONS, seed=given.seed, n_threads=given.threads)
    question = Question(sequences, log, config)
    newest: list[Float32] = []

    def told(factors: Float32) -> None:
        newest[:] = [factors]
        clock.step_or_stop(len(interactions))

    say(ready_s=time.perf_counter() - begun)
    clock = Clock(lambda: question(newest[0]), given.seconds, given.every)
    try:
        fit_als(interactions, config, told=told)
    except Over:
        return


class Question:
    """The validation's NDCG of item factors as they are."""

    def __init__(self, sequences: Sequences, log: ShopLog, config: AlsConfig) -> None:
        self.answers, self.config = sequences.answers(), config
        training, end = sequences.training(), end_of(log)
        self.seen = [training[visitor] for visitor in sequences.asked]
        self.requests = [Request(end, log.history(visitor)) for visitor in sequences.asked.tolist()]

    def __call__(self, factors: Float32) -> float:
        """Ask all, one after the other."""
        source = factor_source(factors, self.config)
        found = []
        for request, seen in zip(self.requests, self.seen, strict=True):
            _, scores = source.opinions(request)
            found.append(best(scores[None], [seen]))
        return ndcg(np.concatenate(found), self.answers)


if __name__ == "__main__":
    main()
