"""RecTools' SASRec on the sequences of ``common``, with its softmax over all items."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback, Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

from benchmarks.peers.common import (
    BLOCKS,
    DROPOUT,
    HEADS,
    LONGEST,
    RATE,
    WIDTH,
    Clock,
    K,
    Sequences,
    arguments,
    ndcg,
    say,
)

FOREVER = 10_000
BATCH = 128


class Watch(Callback):  # type: ignore[misc]
    """Starts the clock with the first batch, tells it of each, and stops when the time is over."""

    def __init__(self, start: Callable[[], Clock]) -> None:
        super().__init__()
        self.start = start

    def on_train_start(self, trainer: Any, module: Any) -> None:
        """See Lightning."""
        del trainer, module
        self.clock = self.start()

    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, number: int
    ) -> None:
        """See Lightning."""
        del outputs, number
        if not self.clock.step(int((batch["y"] > 0).sum())):
            trainer.should_stop = True
        module.train()


def main() -> None:
    """Train until the time is over."""
    given = arguments()
    torch.set_num_threads(given.threads)
    begun = time.perf_counter()
    sequences = Sequences.read(given.data)
    dataset = Dataset.construct(events(sequences.training()))
    seed_everything(given.seed, verbose=False)
    answers = sequences.answers()
    users = [int(visitor) for visitor in sequences.asked]

    def ask() -> float:
        model.is_fitted = True  # it has weights, which is all that asking needs
        table = model.recommend(users, dataset, k=K, filter_viewed=True)
        model.is_fitted = False
        lists = np.full((len(users), K), -1)
        row = pd.Series(np.arange(len(users)), index=users)[table[Columns.User]].to_numpy()
        lists[row, table[Columns.Rank].to_numpy() - 1] = table[Columns.Item].to_numpy()
        return ndcg(lists, answers)

    def start() -> Clock:
        say(ready_s=time.perf_counter() - begun)
        return Clock(ask, given.seconds, given.every)

    model = SASRecModel(
        n_blocks=BLOCKS, n_heads=HEADS, n_factors=WIDTH, dropout_rate=DROPOUT, lr=RATE,
        session_max_len=LONGEST, batch_size=BATCH, loss="softmax", recommend_torch_device="cpu",
        get_trainer_func=lambda: Trainer(
            max_epochs=FOREVER, min_epochs=0, accelerator="cpu", logger=False,
            callbacks=[Watch(start)], enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        ),
    )  # fmt: skip
    model.fit(dataset)


def events(training: list[np.ndarray[Any, Any]]) -> pd.DataFrame:
    """RecTools' table: an event a row."""
    lengths = [len(items) for items in training]
    place = np.concatenate([np.arange(length) for length in lengths])
    return pd.DataFrame(
        {
            Columns.User: np.repeat(np.arange(len(training)), lengths),
            Columns.Item: np.concatenate(training),
            Columns.Weight: 1.0,
            Columns.Datetime: pd.Timestamp("2020-01-01") + pd.to_timedelta(place, unit="D"),
        }
    )


if __name__ == "__main__":
    main()
