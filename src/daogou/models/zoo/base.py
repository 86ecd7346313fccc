"""What the models that read a history have in common, so that one serving class runs them all.

Dimension letters of this package: B batch, L history length, V items, I size of a table's
row going in, D size of one coming out, T size of a text vector, C categories.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

TABLE_STD: Final = 0.02
"""Of a fresh embedding: the softmax begins nearly even."""


class HistoryModel(nn.Module, ABC):
    """Reads rows of one table, gives a vector that is held against the rows of another.

    The tables are weights (or made of weights) that do not depend on the visitor. They stay
    outside of the graph: serving maps them from the disk, and a model whose two tables are
    one keeps it once. What a graph holds is :meth:`forward` alone.
    """

    @abstractmethod
    def inputs(self) -> Tensor:
        """The row that a line of the history brings, [V, I]."""

    @abstractmethod
    def outputs(self) -> tuple[Tensor, Tensor]:
        """What the user vector is held against, [V, D], and what is added, [V]."""

    @abstractmethod
    def forward(self, lines: Tensor) -> Tensor:
        """User vectors of B histories of the same length, oldest first: [B, L, I] -> [B, D]."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of the items besides their number.

    Attributes
    ----------
    codes
        One column an attribute (category, brand), int64 [V, A]; 0 is unknown.
    tags
        Codes of one vocabulary, as many as an item has, int64 [V, K] with zeros behind; None
        without.
    text
        Text vectors, [V, T]; None without.
    """

    codes: Tensor
    tags: Tensor | None = None
    text: Tensor | None = None


class ItemTable(nn.Module):
    """An embedding of each item plus those of its attributes, its tags and its text: [V, D].

    They join by addition, as segment embeddings do in a language model: the item's own row
    has to learn only what the others do not say.

    Parameters
    ----------
    forgotten
        Share of the items whose own row is left out in a training step, so that the other
        parts learn to do without (Volkovs, Yu and Poutanen, "DropoutNet: addressing cold
        start in recommender systems", NIPS 2017).
    """

    codes: Tensor
    tags: Tensor
    text: Tensor

    def __init__(
        self, n_items: int, width: int, side: Side | None = None, *, forgotten: float = 0.0
    ) -> None:
        super().__init__()
        self.forgotten = forgotten
        self.identity = nn.Embedding(n_items, width)
        side = side or Side(torch.zeros(n_items, 0, dtype=torch.int64))
        self.register_buffer("codes", side.codes, persistent=False)
        self.attributes = nn.ModuleList(_codes(column, width) for column in side.codes.T)
        tags = torch.zeros(n_items, 0, dtype=torch.int64) if side.tags is None else side.tags
        self.register_buffer("tags", tags, persistent=False)
        self.tag = _codes(tags, width) if tags.shape[1] else None
        text = torch.zeros(n_items, 0) if side.text is None else side.text.float()
        self.register_buffer("text", text, persistent=False)
        self.project = nn.Linear(text.shape[1], width, bias=False) if text.shape[1] else None
        nn.init.normal_(self.identity.weight, std=TABLE_STD)
        if self.project is not None:
            nn.init.normal_(self.project.weight, std=TABLE_STD)

    def forward(self) -> Tensor:
        """The whole table, [V, D]."""
        table: Tensor = self.identity.weight
        if self.training and self.forgotten:
            table = table * (torch.rand(len(table), 1) >= self.forgotten)
        for column, attribute in zip(self.codes.T, self.attributes, strict=True):
            table = table + attribute(column)
        if self.tag is not None:
            table = table + self.tag(self.tags).sum(1)
        if self.project is not None:
            table = table + self.project(self.text)
        return table


def _codes(codes: Tensor, width: int) -> nn.Embedding:
    """Embeddings of codes; that of 0 is zero, and stays it."""
    size = int(codes.max()) + 1 if codes.numel() else 1
    table = nn.Embedding(size, width, padding_idx=0)
    nn.init.normal_(table.weight, std=TABLE_STD)
    with torch.no_grad():
        table.weight[0] = 0
    return table
