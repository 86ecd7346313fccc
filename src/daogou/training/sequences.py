"""Whole histories as the context tower reads them in training: packed into rows, not padded.

Dimension letters: R rows, N tokens of a row, S sequences.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from daogou.features import ShopLog
from daogou.features.history import CART, PURCHASE, VIEW
from daogou.features.items import Float64
from daogou.models.towers import START, Tokens

Int64 = npt.NDArray[np.int64]
SOUGHT = (VIEW, CART, PURCHASE)
"""What is to be predicted; that something was waved away is read, and never foretold."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Stretches of the log, each read as one sequence: lines ``start`` to ``stop`` of it, [S]."""

    start: Int64
    stop: Int64

    def __len__(self) -> int:
        return len(self.start)

    @property
    def lengths(self) -> Int64:
        """Lines of each, [S]."""
        return self.stop - self.start


def cut_log(log: ShopLog, until: float, length: int) -> Pieces:
    """Every visitor's lines before ``until`` (seconds), in stretches of ``length`` at most.

    A long history is cut from its end, so that the newest stretch is a full one.
    """
    starts, stops = [], []
    for visitor in range(len(log.visitors)):
        first = int(log.offsets[visitor])
        last = first + log.end_at(visitor, until)
        cuts = np.arange(last, first, -length)
        stops.append(cuts)
        starts.append(np.maximum(cuts - length, first))
    none = [np.zeros(0, np.int64)]
    return Pieces(np.concatenate(none + starts), np.concatenate(none + stops))


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows of tokens.

    Attributes
    ----------
    items
        Item of each token, int64 [R, N]; 0 at one that is no line.
    is_line
        bool [R, N].
    follows
        Where the next token is a line that is to be predicted, bool [R, N]; it is the item
        of that token that follows.
    """

    items: Tensor
    is_line: Tensor
    tokens: Tokens
    follows: Tensor

    def targets(self) -> Tensor:
        """The item that follows each token marked in ``follows``, int64 [M]."""
        return self.items.roll(-1, 1)[self.follows]


def pack(lengths: Int64, room: int, order: Int64) -> list[list[int]]:
    """Put sequences into rows of ``room`` tokens, the longest ones first.

    Each takes its length and one token for its start. Best fit over the rows that are
    open, by the room that is left in them (Krell et al., "Efficient sequence packing
    without cross-contamination", 2021). ``order`` decides among equals.
    """
    rows: list[list[int]] = []
    open_rows: list[list[int]] = [[] for _ in range(room + 1)]  # by room left
    by_length = order[np.argsort(-lengths[order], kind="stable")]
    smallest = 1
    for sequence in by_length.tolist():
        size = int(lengths[sequence]) + smallest
        left = next((r for r in range(size, room + 1) if open_rows[r]), None)
        if left is None:
            rows.append([sequence])
            open_rows[room - size].append(len(rows) - 1)
        else:
            row = open_rows[left].pop()
            rows[row].append(sequence)
            open_rows[left - size].append(row)
    return rows


def packed_batches(
    log: ShopLog, pieces: Pieces, length: int, rows: int, rng: np.random.Generator
) -> Iterator[Packed]:
    """All stretches once, in a new order, in batches of so many rows of ``length`` + 1 tokens."""
    packed = pack(pieces.lengths, length + 1, rng.permutation(len(pieces)))
    for start in range(0, len(packed), rows):
        # Rows were filled longest first: a batch takes them from everywhere.
        yield lay_out(log, pieces, packed[start // rows :: -(-len(packed) // rows)], length)


def lay_out(log: ShopLog, pieces: Pieces, rows: list[list[int]], length: int) -> Packed:
    """Write sequences into rows of ``length`` + 1 tokens."""
    shape = (len(rows), length + 1)
    items, kinds, sequence, places = (np.zeros(shape, np.int64) for _ in range(4))
    asked, done = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for r, row in enumerate(rows):
        at = 0
        for number, piece in enumerate(row):
            cut = slice(int(pieces.start[piece]), int(pieces.stop[piece]))
            n = cut.stop - cut.start
            here = slice(at, at + n + 1)
            before = _before_the_end(log.lines.times[cut])
            items[r, at + 1 : at + 1 + n] = log.lines.items[cut]
            kinds[r, here] = np.concatenate([[START], log.lines.kinds[cut]])
            sequence[r, here] = number + 1
            places[r, here] = np.arange(n + 1)
            done[r, here] = np.concatenate([before[:1], before])
            asked[r, here] = np.concatenate([before, [0.0]])
            at += n + 1
    return _packed(items, kinds, sequence, places, asked, done)


def _before_the_end(times: Float64) -> npt.NDArray[np.float32]:
    return np.asarray(times[-1] - times, np.float32)


def _packed(
    items: Int64, kinds: Int64, sequence: Int64, places: Int64,
    asked: npt.NDArray[np.float32], done: npt.NDArray[np.float32],
) -> Packed:  # fmt: skip
    sought = np.isin(kinds, SOUGHT)
    follows = np.zeros(kinds.shape, bool)
    follows[:, :-1] = sought[:, 1:] & (sequence[:, 1:] == sequence[:, :-1])
    return Packed(
        items=torch.from_numpy(items),
        is_line=torch.from_numpy((kinds > 0) & (kinds < START)),
        tokens=Tokens(
            torch.from_numpy(kinds),
            torch.from_numpy(sequence),
            torch.from_numpy(places),
            torch.from_numpy(asked),
            torch.from_numpy(done),
        ),
        follows=torch.from_numpy(follows),
    )


def drawn(pieces: Pieces, tokens: int, rng: np.random.Generator) -> Pieces:
    """Stretches at random until they have some ``tokens``; all where there are no more."""
    order = rng.permutation(len(pieces))
    kept = order[: int(np.searchsorted(np.cumsum(pieces.lengths[order] + 1), tokens)) + 1]
    return Pieces(pieces.start[kept], pieces.stop[kept])
