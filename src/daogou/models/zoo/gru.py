"""A GRU over the history and a reader of utterances that share the items' categories."""

import torch
from torch import Tensor, nn

from daogou.models.zoo.base import TABLE_STD, HistoryModel


class GruMultiTask(HistoryModel):
    """Next item and dialogue intent, L = alpha L_rec + beta L_dia.

    The recommender is a GRU over item vectors (Hidasi et al., "Session-based recommendations
    with recurrent neural networks", ICLR 2016), here with cross entropy over the whole
    catalogue. The intent head places an utterance's text vector among the categories. An
    item's vector is its own plus its category's, ``v_i = e_i + E[c_i]``, and E is the table
    that the intent head reads: what is said and what is bought shape one space (hard sharing,
    Caruana, "Multitask learning", 1997).

    In serving the two meet as a product of experts: log p(item | history) and, where something
    was said, log p(the item's category | utterance) are added. That is one inner product:

        u = [h; d; 1 if asked],  row of item i = [v_i; E[c_i]; b_c_i]

    Parameters
    ----------
    category
        Code of each item's category, int64 [V]; 0 is unknown.
    n_categories
        C, code 0 included.
    text_width
        T; 0 where the shop has no utterances.
    """

    category: Tensor

    def __init__(
        self,
        category: Tensor,
        *,
        n_categories: int,
        text_width: int,
        width: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.register_buffer("category", category, persistent=False)
        self.items = nn.Embedding(len(category), width)
        self.categories = nn.Embedding(n_categories, width)
        for table in (self.items, self.categories):
            nn.init.normal_(table.weight, std=TABLE_STD)
        self.bias = nn.Parameter(torch.zeros(len(category)))
        self.category_bias = nn.Parameter(torch.zeros(n_categories))
        self.drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)
        self.gru = nn.GRU(width, hidden, batch_first=True)
        self.leave = nn.Linear(hidden, width)
        self.project = nn.Sequential(
            nn.Linear(text_width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        ) if text_width else None  # fmt: skip

    def inputs(self) -> Tensor:
        """An item's own vector plus its category's, [V, D]."""
        table: Tensor = self.items.weight + self.categories(self.category)
        return table

    def outputs(self) -> tuple[Tensor, Tensor]:
        """Rows of the product of experts, [V, 2D + 1]; [V, D] without utterances."""
        if self.project is None:
            return self.inputs(), self.bias
        parts = [
            self.inputs(),
            self.categories(self.category),
            self.category_bias[self.category][:, None],
        ]
        return torch.cat(parts, 1), self.bias  # [V, 2D + 1]

    def states(self, lines: Tensor) -> Tensor:
        """The state before each line and after the last one, [B, L, D] -> [B, L + 1, D].

        The state before the first line is that of a visitor of whom nothing is known.
        """
        states: Tensor = self.leave(self.drop(self.gru(self._begun(lines))[0]))
        return states

    def _begun(self, lines: Tensor) -> Tensor:
        begin = lines.new_zeros(lines.shape[0], 1, lines.shape[2])
        x: Tensor = self.drop(self.norm(torch.cat([begin, lines], 1)))
        return x

    def intent(self, query: Tensor) -> Tensor:
        """Logits of the categories that utterances are about, [B, T] -> [B, C]."""
        return self.place(query) @ self.categories.weight.T + self.category_bias

    def forward(
        self, lines: Tensor, query: Tensor | None = None, asked: Tensor | None = None
    ) -> Tensor:
        """User vectors: lines [B, L, D], text [B, T], asked [B] (1 or 0) -> [B, 2D + 1].

        Without a reader of utterances it is h [B, D] alone; without a query, nothing was asked.
        """
        h: Tensor = self.leave(self.gru(self._begun(lines))[1][0])
        if self.project is None:
            return h
        if query is None or asked is None:
            return torch.cat([h, torch.zeros_like(h), torch.zeros_like(h[:, :1])], 1)
        d = self.place(query) * asked[:, None]
        return torch.cat([h, d, asked[:, None]], 1)

    def place(self, query: Tensor) -> Tensor:
        """Utterances among the categories, [B, T] -> [B, D]."""
        if self.project is None:
            raise ValueError("This model was made with text_width=0, and reads no utterance.")
        placed: Tensor = self.project(query)
        return placed
