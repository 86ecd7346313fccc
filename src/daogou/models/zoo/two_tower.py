"""Texts alone: what was asked and what was browsed, to what was then bought.

Dimension letters: B batch, L lines browsed, T size of a text vector, D width, N negatives.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.models.interaction import Interaction, interaction
from daogou.models.zoo.base import HistoryModel


class TextTwoTower(HistoryModel):
    """A tower over the query and the mean of the browsed products' texts, and one over a text.

    Huang et al., "Learning deep structured semantic models for web search", CIKM 2013; with
    the logQ correction of Yi et al., "Sampling-bias-corrected neural modeling for large corpus
    item recommendations", RecSys 2019. Nothing is learned of a single product, so that what
    was learned holds for products that nobody bought yet.

    Parameters
    ----------
    texts
        Text vectors of the products, [V, T].
    kind
        How the re-scoring head brings the two vectors together; "inner" has nothing to learn.
    """

    texts: Tensor

    def __init__(
        self, texts: Tensor, *, width: int, hidden: int, dropout: float, kind: Interaction
    ) -> None:
        super().__init__()
        t = texts.shape[1]
        self.register_buffer("texts", texts, persistent=False)
        self.visitor = nn.Sequential(
            nn.Linear(2 * t + 1, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        )
        self.item = nn.Sequential(
            nn.Linear(t, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        )
        self.log_scale = nn.Parameter(torch.tensor(2.5))
        self.interaction = interaction(kind, width)

    def inputs(self) -> Tensor:
        """The products' texts, [V, T]."""
        return self.texts

    def outputs(self) -> tuple[Tensor, Tensor]:
        """The products' vectors, [V, D]; nothing is added."""
        return self.item_vectors(self.texts), torch.zeros(len(self.texts))

    def item_vectors(self, texts: Tensor) -> Tensor:
        """Products by their texts, [..., T] -> [..., D], of length 1."""
        return functional.normalize(self.item(texts), dim=-1)

    def visitor_vectors(self, browsed: Tensor, query: Tensor, asked: Tensor) -> Tensor:
        """Mean text browsed [B, T] (zeros without), query [B, T], asked [B] -> [B, D].

        Of the length of the learned scale, so that inner products are logits.
        """
        x = torch.cat([browsed, query * asked[:, None], asked[:, None]], 1)
        return functional.normalize(self.visitor(x), dim=-1) * self.log_scale.exp()

    def forward(self, lines: Tensor, query: Tensor, asked: Tensor) -> Tensor:  # type: ignore[override]
        """User vectors: texts browsed [B, L, T], query [B, T], asked [B] (1 or 0) -> [B, D]."""
        return self.visitor_vectors(lines.mean(1), query, asked)


class Rescorer(nn.Module):
    """The re-scoring head alone: one visitor against a shortlist."""

    def __init__(self, model: TextTwoTower) -> None:
        super().__init__()
        self.interaction = model.interaction

    def forward(self, u: Tensor, v: Tensor) -> Tensor:
        """Logits of pairs, [K, D] and [K, D] -> [K]."""
        logits: Tensor = self.interaction(u, v)
        return logits
