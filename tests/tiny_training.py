"""Training that takes a moment, in this process or, as a program, in one of its own.

``python tests/tiny_training.py WORDS`` is ``daogou WORDS``, but that ``daogou train`` is quick.
"""

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING
from unittest.mock import patch

from daogou.cli import main

if TYPE_CHECKING:
    from daogou.training.config import Plan


def tiny_plan() -> "Plan":
    """What an effort derives, so small that training takes a moment."""
    # Here, because they bring torch, which the other commands do without.
    from daogou.models import ModelConfig
    from daogou.training.config import Plan

    return Plan(
        ModelConfig(width=16, layers=1, length=8, hidden=16),
        epochs=1, patience=1, baskets=40, queries=20, exposures=20, intents=20, list_size=30,
        pretraining_epochs=1, pretraining_patience=1, pretraining_tokens=500,
    )  # fmt: skip


if __name__ == "__main__":
    quick = patch("daogou.training.pipeline.plan", lambda _config: tiny_plan())
    with quick if "train" in sys.argv else nullcontext():
        main()
