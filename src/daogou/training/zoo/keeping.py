"""Randomness that depends on a seed alone, and the weights of the best epoch."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw weights and dropout from ``seed`` within the block; the caller's draws stay theirs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def shuffled(n: int, size: int) -> Iterator[Tensor]:
    """The numbers below ``n`` in an order drawn by torch, ``size`` at a time."""
    order = torch.randperm(n)
    for start in range(0, n, size):
        yield order[start : start + size]


class Best:
    """Keeps the weights of the best epoch, and says when to stop.

    ``if best.after(model, score): break`` closes an epoch, ``best.restore(model)`` the
    training. Where nothing can be measured all epochs are run, and the last weights stay.

    Parameters
    ----------
    patience
        Measurements without a better one after which to stop.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.scores: list[float] = []
        self._weights: dict[str, Tensor] = {}

    def after(self, model: nn.Module, score: float | None) -> bool:
        """Take note of a score, the higher the better, None for none; True to stop."""
        if score is None:
            return False
        self.scores.append(score)
        best = int(np.argmax(self.scores))
        if best == len(self.scores) - 1:
            self._weights = {n: value.detach().clone() for n, value in model.state_dict().items()}
        return len(self.scores) - 1 - best >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Give the model the weights of its best epoch."""
        if self._weights:
            model.load_state_dict(self._weights)
