"""What a reference model is fitted to, and on what its training stops.

Dimension letters: B visitors of a batch, V items, D width.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from daogou.features import Interactions
from daogou.features.items import Int32
from daogou.models.zoo.base import HistoryModel
from daogou.retrieval.sources.graph import Reading

LARGEST_SHARE: Final = 0.2
"""Of the visitors whose last item may be held out: the others teach the newest taste."""
TOP: Final = 10


@dataclass(frozen=True, slots=True)
class Split:
    """Each visitor's items, and the last items of some visitors, held out.

    Attributes
    ----------
    train
        What is learned from: each visitor's items, oldest first, at least one.
    asked
        The visitors of ``train`` whose last item was held out.
    targets
        Those items.
    n_items
        V.
    """

    train: tuple[Int32, ...]
    asked: tuple[int, ...]
    targets: tuple[int, ...]
    n_items: int

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """The items that training meets, bool [V]."""
        seen = np.zeros(self.n_items, np.bool_)
        for items in self.train:
            seen[items] = True
        return seen


def hold_out(interactions: Interactions, most: int, seed: int) -> Split:
    """Take the last item from ``most`` visitors, drawn among those who bought two different ones.

    No more than a fifth of the visitors; nothing that is newer than the training data.
    """
    train = [items.copy() for items in interactions.sequences()]
    able = [n for n, items in enumerate(train) if len(items) > 1 and items[-1] not in items[:-1]]
    count = min(most, int(len(train) * LARGEST_SHARE), len(able))
    drawn = np.random.default_rng(seed).permutation(len(able))[:count]
    asked = sorted(able[n] for n in drawn.tolist())
    targets = [int(train[n][-1]) for n in asked]
    for n in asked:
        train[n] = train[n][:-1]
    return Split(tuple(train), tuple(asked), tuple(targets), interactions.n_items)


@torch.no_grad()
def ndcg(
    model: HistoryModel,
    split: Split,
    reading: Reading,
    known: npt.NDArray[np.bool_] | None = None,
) -> float | None:
    """Mean NDCG@10 of the held-out items among all that are new to the visitor.

    None where none is held out. An item that ties with the held-out one stands before it.

    Parameters
    ----------
    known
        The items that can be proposed, bool [V]; None for those that training meets.
    """
    known = split.known if known is None else known
    if not split.asked:
        return None
    training = model.training
    model.eval()
    table, (vectors, bias) = model.inputs(), model.outputs()
    bias = bias.masked_fill(~torch.from_numpy(known), -torch.inf)
    gains = []
    for rows, lines in _of_one_length(split, reading):
        logits = model(table[torch.from_numpy(lines)]) @ vectors.T + bias  # [B, V]
        target = logits[torch.arange(len(rows)), [split.targets[n] for n in rows]]
        for place, n in enumerate(rows):
            logits[place, torch.from_numpy(split.train[split.asked[n]])] = -torch.inf
        rank = (logits >= target[:, None]).sum(1)  # the target itself is counted: from 1 on
        gain = torch.where(rank <= TOP, 1 / torch.log2(rank + 1), 0.0)
        gains += torch.where(torch.isfinite(target), gain, 0.0).tolist()
    model.train(training)
    return float(np.mean(gains))


def _of_one_length(
    split: Split, reading: Reading, batch: int = 256
) -> Iterator[tuple[list[int], npt.NDArray[np.int64]]]:
    """The asked visitors in batches whose histories are as long: their places, and [B, L]."""
    read = [reading.items(split.train[n]).astype(np.int64) for n in split.asked]
    lengths = np.array([len(items) for items in read])
    for length in np.unique(lengths).tolist():
        members = np.flatnonzero(lengths == length).tolist()
        for start in range(0, len(members), batch):
            rows = members[start : start + batch]
            yield rows, np.stack([read[n] for n in rows])


def windows(sequences: Sequence[Int32], length: int) -> list[Int32]:
    """Sequences cut into pieces of at most ``length + 1`` items, from the newest back.

    Neighbouring pieces share one item, so that each item but a visitor's first follows
    another in some piece.
    """
    return [
        items[max(stop - length - 1, 0) : stop]
        for items in sequences
        for stop in range(len(items), 1, -length)
    ]


@dataclass(frozen=True, slots=True)
class Padded:
    """Sequences padded behind.

    ``items`` is int64 [B, L], ``real`` bool [B, L]: what is not padding.
    """

    items: Tensor
    real: Tensor


def padded_batches(
    sequences: Sequence[Int32], lines: int, rng: np.random.Generator
) -> Iterator[Padded]:
    """All sequences once, in batches of about ``lines`` lines, padding counted in.

    Sequences of about the same length stand together, so that little is padded; which of them,
    and the order of the batches, is drawn anew each time.
    """
    lengths = np.array([len(items) for items in sequences], np.int64)
    order = np.lexsort((rng.random(len(lengths)), lengths))
    cuts, start = [], 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * lengths[order[stop]] <= lines:
            stop += 1
        cuts.append(order[start:stop])
        start = stop
    for batch in rng.permutation(len(cuts)).tolist():
        members = cuts[batch]
        items = np.zeros((len(members), int(lengths[members].max())), np.int64)
        for row, n in enumerate(members.tolist()):
            items[row, : lengths[n]] = sequences[n]
        real = np.arange(items.shape[1]) < lengths[members][:, None]
        yield Padded(torch.from_numpy(items), torch.from_numpy(real))
