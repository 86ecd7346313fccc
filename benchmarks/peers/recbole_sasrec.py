"""RecBole's SASRec on the sequences of ``common``: its data set, its loader, its model and loss.

RecBole cuts each sequence into all its beginnings, an example each. The loop over the loader is
here, since RecBole's own trainer tells nothing until an epoch has ended.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender import SASRec
from recbole.utils import init_seed

from benchmarks.peers.common import (
    BLOCKS,
    DROPOUT,
    HEADS,
    LONGEST,
    RATE,
    WIDTH,
    Clock,
    Sequences,
    arguments,
    best,
    ndcg,
    say,
)

BATCH = 512


def main() -> None:
    """Train until the time is over."""
    given = arguments()
    del sys.argv[1:]  # RecBole reads the command line too
    torch.set_num_threads(given.threads)
    # Another model of RecBole's turns the search for NaNs on as it is imported, for all of them.
    torch.autograd.set_detect_anomaly(False)
    begun = time.perf_counter()
    sequences = Sequences.read(given.data)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), sequences)
        config = Config(model="SASRec", dataset="shop", config_dict=settings(folder, given.seed))
        init_seed(given.seed, reproducibility=True)
        dataset = create_dataset(config)
        loader, _, _ = data_preparation(config, dataset)
    model = SASRec(config, loader.dataset)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    ask = Question(model, dataset, sequences)
    say(ready_s=time.perf_counter() - begun)
    clock = Clock(ask, given.seconds, given.every)
    while True:
        for batch in loader:
            model.train()
            optimizer.zero_grad()
            model.calculate_loss(batch).backward()
            optimizer.step()
            if not clock.step(len(batch)):
                return


def write(folder: Path, sequences: Sequences) -> None:
    """RecBole's file: a line an event. Leave-one-out is RecBole's own; its last item is unused."""
    (folder / "shop").mkdir()
    with (folder / "shop" / "shop.inter").open("w") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        for visitor, (start, end) in enumerate(
            zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True)
        ):
            for n, item in enumerate(sequences.items[start:end]):
                file.write(f"{visitor}\t{item}\t{n}\n")


def settings(folder: str, seed: int) -> dict[str, Any]:
    """RecBole's configuration; what is not here has its default."""
    return {
        "data_path": folder,
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {
            "split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full",
        },
        "train_neg_sample_args": None,
        "train_batch_size": BATCH,
        "MAX_ITEM_LIST_LENGTH": LONGEST,
        "n_layers": BLOCKS,
        "n_heads": HEADS,
        "hidden_size": WIDTH,
        "inner_size": WIDTH,
        "hidden_dropout_prob": DROPOUT,
        "attn_dropout_prob": DROPOUT,
        "use_gpu": False,
        "show_progress": False,
        "seed": seed,
        "state": "ERROR",
    }  # fmt: skip


class Question:
    """The validation's NDCG of the model as it is."""

    def __init__(self, model: Any, dataset: Any, sequences: Sequences) -> None:
        self.model, self.answers = model, sequences.answers()
        training = sequences.training()
        self.seen = [training[visitor] for visitor in sequences.asked]
        tokens = dataset.field2id_token["item_id"][1:]  # the first one pads
        self.ours = np.array([int(token) for token in tokens])
        theirs = np.zeros(sequences.n_items, np.int64)
        theirs[self.ours] = np.arange(1, len(self.ours) + 1)
        self.lists = np.zeros((len(self.seen), LONGEST), np.int64)
        for row, items in enumerate(self.seen):
            newest = items[-LONGEST:]
            self.lists[row, : len(newest)] = theirs[newest]
        self.lengths = np.maximum((self.lists > 0).sum(1), 1)
        self.n_items = sequences.n_items

    def __call__(self) -> float:
        """Ask all."""
        self.model.eval()
        found = []
        with torch.no_grad():
            for start in range(0, len(self.seen), 256):
                cut = slice(start, start + 256)
                asked = {"item_id_list": torch.tensor(self.lists[cut]),
                         "item_length": torch.tensor(self.lengths[cut])}  # fmt: skip
                theirs = self.model.full_sort_predict(Interaction(asked)).numpy()
                scores = np.full((len(theirs), self.n_items), -np.inf, np.float32)
                scores[:, self.ours] = theirs[:, 1:]
                found.append(best(scores, self.seen[cut]))
        return ndcg(np.concatenate(found), self.answers)


if __name__ == "__main__":
    main()
