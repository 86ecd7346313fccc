"""The sequences of ``common`` as daogou reads a shop: a log of purchases, a day from one on."""

import numpy as np

from benchmarks.peers.common import Sequences
from benchmarks.recommend.dataset import positions, purchase_log
from daogou.features import Interactions, ShopLog
from daogou.features.stats import DAY


def log_of(sequences: Sequences) -> ShopLog:
    """What may be learned from: each visitor's purchases but for the last two."""
    training = sequences.training()
    lengths = [len(items) for items in training]
    ordinals = positions(lengths)
    return purchase_log(
        [str(visitor) for visitor in range(len(training))],
        lengths,
        np.concatenate(training).astype(np.int32),
        (ordinals * DAY).astype(np.float64),
        ordinals,
    )


def interactions_of(sequences: Sequences) -> Interactions:
    """The same as purchases alone, which is what the reference models are fitted to."""
    log = log_of(sequences)
    return Interactions.from_log(log, sequences.n_items, end_of(log))


def end_of(log: ShopLog) -> float:
    """A day after the last purchase, in seconds."""
    return float(log.lines.times.max()) + DAY
