"""Training examples: ragged lists of candidates, each at one moment of one visitor.

Dimension letters: B batch, L history length, K candidates of the longest list in a
batch, M rows of all lists, F features.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from daogou.features import ShopLog
from daogou.features.items import Float32, Float64, Int32

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of candidates with their features and labels.

    Attributes
    ----------
    visitor, end, time
        Whose moment, how many history lines came before, and when, [B].
    offsets
        Where each list begins among the rows, int64 [B + 1].
    items, wide, labels
        The rows: item number [M], features float16 [M, F], gain [M].
    new
        True where the visitor had not bought the item before, [M].
    grades
        How well each row answers the query whoever asks, from 0 to 1, [M]; zeros without
        a query that was derived.
    query
        Row of the query's text vector, int32 [B]; -1 without a query.
    rate
        Share of the unlabelled rows that was kept, [B]; 1 unless sampled.
    """

    visitor: Int32
    end: Int64
    time: Float64
    offsets: Int64
    items: Int32
    wide: npt.NDArray[np.float16]
    labels: Float32
    new: npt.NDArray[np.bool_]
    grades: Float32
    query: Int32
    rate: Float32

    def __len__(self) -> int:
        return len(self.visitor)

    @property
    def positives(self) -> int:
        """How many lists have a row with a gain."""
        return len(self._told())

    @property
    def asked_positives(self) -> int:
        """How many of those lists answer a query."""
        return int(np.count_nonzero(self.query[self._told()] >= 0))

    def _told(self) -> Int64:
        owner = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        return np.unique(owner[self.labels > 0])

    def rows(self, i: int) -> slice:
        """Where list ``i`` stands among the rows."""
        return slice(int(self.offsets[i]), int(self.offsets[i + 1]))


@dataclass(frozen=True, slots=True)
class Intents:
    """Queries and the categories that they are about.

    Attributes
    ----------
    query
        Row of the query's text vector, int32 [Q].
    category
        int32 [Q], never 0.
    """

    query: Int32
    category: Int32

    def __len__(self) -> int:
        return len(self.query)


_Rows = tuple[Int32, npt.NDArray[np.float16], Float32, npt.NDArray[np.bool_], Float32]


class ListBuilder:
    """Collects lists one by one."""

    def __init__(self) -> None:
        self.heads: list[tuple[int, int, float, int, float]] = []
        self.parts: list[_Rows] = []

    def add(
        self,
        *,
        visitor: int,
        end: int,
        time: float,
        items: Int32,
        wide: Float32,
        labels: Float32,
        new: npt.NDArray[np.bool_] | None = None,
        grades: Float32 | None = None,
        query: int = -1,
        rate: float = 1.0,
    ) -> None:
        """Add one list; features are kept in half precision, which halves the memory."""
        self.heads.append((visitor, end, time, query, rate))
        new = np.zeros(len(items), bool) if new is None else new
        grades = np.zeros(len(items), np.float32) if grades is None else grades
        self.parts.append((items, wide.astype(np.float16), labels, new, grades))

    def build(self, n_features: int) -> Lists:
        """All lists that were added, in their order."""
        sizes = np.array([len(p[0]) for p in self.parts], np.int64)
        visitor, end, time, query, rate = (
            np.array(column)
            for column in (zip(*self.heads, strict=True) if self.heads else [()] * 5)
        )
        empty = (
            np.zeros(0, np.int32),
            np.zeros((0, n_features), np.float16),
            np.zeros(0, np.float32),
            np.zeros(0, bool),
            np.zeros(0, np.float32),
        )
        columns = list(zip(*self.parts, strict=True)) or [(e,) for e in empty]
        return Lists(
            visitor=visitor.astype(np.int32),
            end=end.astype(np.int64),
            time=time.astype(np.float64),
            offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            items=np.concatenate(columns[0]),
            wide=np.concatenate(columns[1]),
            labels=np.concatenate(columns[2]),
            new=np.concatenate(columns[3]),
            grades=np.concatenate(columns[4]),
            query=query.astype(np.int32),
            rate=rate.astype(np.float32),
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Lists as padded tensors; see :class:`Lists` and ``ContextTower.forward`` for the fields."""

    lines: Tensor  # int64 [B, L], 0 where padded
    kinds: Tensor  # int64 [B, L]
    ages: Tensor  # [B, L]
    query: Tensor  # int64 [B], -1 without
    items: Tensor  # int64 [B, K]
    wide: Tensor  # [B, K, F]
    labels: Tensor  # [B, K]
    mask: Tensor  # bool [B, K]
    new: Tensor  # bool [B, K]
    grades: Tensor  # [B, K]
    rate: Tensor  # [B]


@dataclass(frozen=True, slots=True)
class Histories:
    """The newest lines of several visitors' pasts, padded on the left.

    ``lines`` and ``kinds`` are int64 [B, L], ``ages`` float32 [B, L] in seconds; 0 pads.
    """

    lines: Tensor
    kinds: Tensor
    ages: Tensor


def histories(log: ShopLog, moments: Iterable[tuple[int, int, float]], length: int) -> Histories:
    """The newest ``length`` lines before each moment: visitor, lines before it, seconds."""
    moments = list(moments)
    lines = np.zeros((len(moments), length), np.int64)
    kinds = np.zeros((len(moments), length), np.int64)
    ages = np.zeros((len(moments), length), np.float32)
    for j, (visitor, end, time) in enumerate(moments):
        past = log.history(visitor, end)
        m = min(len(past), length)
        if m:
            lines[j, -m:], kinds[j, -m:] = past.items[-m:], past.kinds[-m:]
            ages[j, -m:] = np.maximum(time - past.times[-m:], 0)
    return Histories(torch.from_numpy(lines), torch.from_numpy(kinds), torch.from_numpy(ages))


def collate(lists: Lists, rows: Int64, log: ShopLog, length: int) -> Batch:
    """Pad the lists ``rows``, with the newest ``length`` lines of each visitor's past."""
    b = len(rows)
    sizes = np.diff(lists.offsets)[rows]
    k = max(int(sizes.max(initial=0)), 1)
    items = np.zeros((b, k), np.int64)
    wide = np.zeros((b, k, lists.wide.shape[1]), np.float32)
    labels = np.zeros((b, k), np.float32)
    new = np.zeros((b, k), bool)
    grades = np.zeros((b, k), np.float32)
    for j, i in enumerate(rows):
        cut, n = lists.rows(int(i)), sizes[j]
        items[j, :n], wide[j, :n] = lists.items[cut], lists.wide[cut]
        labels[j, :n], new[j, :n] = lists.labels[cut], lists.new[cut]
        grades[j, :n] = lists.grades[cut]
    moments = zip(lists.visitor[rows], lists.end[rows], lists.time[rows], strict=True)
    past = histories(log, ((int(v), int(e), float(t)) for v, e, t in moments), length)
    return Batch(
        lines=past.lines,
        kinds=past.kinds,
        ages=past.ages,
        query=torch.from_numpy(lists.query[rows].astype(np.int64)),
        items=torch.from_numpy(items),
        wide=torch.from_numpy(wide),
        labels=torch.from_numpy(labels),
        mask=torch.from_numpy(np.arange(k) < sizes[:, None]),
        new=torch.from_numpy(new),
        grades=torch.from_numpy(grades),
        rate=torch.from_numpy(lists.rate[rows]),
    )


def shuffled(n: int, size: int, rng: np.random.Generator) -> Iterator[Int64]:
    """Row numbers in batches of ``size``, in a new order each time round, without end."""
    while n:
        order = rng.permutation(n)
        for start in range(0, n, size):
            yield order[start : start + size]
