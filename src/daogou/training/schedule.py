"""What both stages of training share: the course of the learning rate, and keeping weights."""

import numpy as np
from torch import Tensor, nn


def schedule(share: float) -> float:
    """Share of the learning rate: warm up over a twentieth, then along a cosine to a twentieth.

    ``share`` is how much of all steps lies behind, from 0 to 1.
    """
    if share < 0.05:
        return max(share / 0.05, 0.02)
    return 0.05 + 0.95 * 0.5 * (1 + float(np.cos(np.pi * (min(share, 1.0) - 0.05) / 0.95)))


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """The weights as they are now."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
