"""ALS of ``implicit`` on the sequences of ``common``; an iteration learns every event once."""

import time
from typing import Any

import numpy as np
import scipy.sparse as sparse
from implicit.als import AlternatingLeastSquares

from benchmarks.peers.common import WIDTH, Clock, K, Over, Sequences, arguments, ndcg, say

REGULARIZATION = 0.05
ALPHA = 10.0
"""How much surer a bought item is than one that was not (Hu, Koren and Volinsky, 2008)."""
ITERATIONS = 10_000


def main() -> None:
    """Iterate until the time is over."""
    given = arguments()
    begun = time.perf_counter()
    sequences = Sequences.read(given.data)
    training = sequences.training()
    bought = np.concatenate(training)
    visitor = np.repeat(np.arange(len(training)), [len(items) for items in training])
    matrix = sparse.csr_matrix(
        (np.ones(len(bought), np.float32), (visitor, bought)),
        shape=(len(training), sequences.n_items),
    )
    model = AlternatingLeastSquares(
        factors=WIDTH, regularization=REGULARIZATION, alpha=ALPHA, iterations=ITERATIONS,
        num_threads=given.threads, random_state=given.seed, use_gpu=False,
    )  # fmt: skip
    answers = sequences.answers()

    def ask() -> float:
        found, _ = model.recommend(sequences.asked, matrix[sequences.asked], N=K)
        return ndcg(found, answers)

    say(ready_s=time.perf_counter() - begun)
    clock = Clock(ask, given.seconds, given.every)

    def ended(iteration: int, seconds: float, *loss: Any) -> None:
        del iteration, seconds, loss
        clock.step_or_stop(len(bought))

    try:
        model.fit(matrix, show_progress=False, callback=ended)
    except Over:
        return


if __name__ == "__main__":
    main()
