"""SASRec: self-attention over the items that a visitor bought, in their order."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.models.zoo.base import TABLE_STD, HistoryModel, ItemTable, Side


class _Block(nn.Module):
    """A pre-norm Transformer block that sees no later line."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        b, n, d = x.shape
        qkv = self.qkv(self.norm_attention(x)).reshape(b, n, 3, self.heads, d // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [B, heads, L, D/heads]
        a = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.drop(self.out(a.transpose(1, 2).reshape(b, n, d)))
        fed: Tensor = x + self.drop(self.feed(self.norm_feed(x)))
        return fed


class SASRec(HistoryModel):
    """A causal Transformer; the state at each line predicts the next item.

    Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018. Items go in and
    come out by the same table, as there. Lines are numbered from the oldest on, so that
    histories are padded behind, where causal attention does not look.

    Parameters
    ----------
    side, forgotten
        See :class:`~daogou.models.zoo.base.ItemTable`.
    """

    def __init__(
        self,
        n_items: int,
        *,
        width: int,
        length: int,
        layers: int,
        heads: int,
        dropout: float,
        side: Side | None = None,
        forgotten: float = 0.0,
    ) -> None:
        super().__init__()
        self.items = ItemTable(n_items, width, side, forgotten=forgotten)
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.position = nn.Embedding(length, width)
        nn.init.normal_(self.position.weight, std=TABLE_STD)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(_Block(width, heads, dropout) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)

    def inputs(self) -> Tensor:
        """The items' vectors, [V, D]."""
        table: Tensor = self.items()
        return table

    def outputs(self) -> tuple[Tensor, Tensor]:
        """The same vectors, and how popular each item is, [V]."""
        return self.items(), self.bias

    @torch.no_grad()
    def know_nothing_of(self, items: Tensor) -> None:
        """Leave of some items, bool [V], what their attributes and texts say alone.

        Their own rows become zero, and they are as popular as the mean of the others.
        """
        self.items.identity.weight[items] = 0
        if not items.all():
            self.bias[items] = self.bias[~items].mean()

    def states(self, lines: Tensor) -> Tensor:
        """The state at each line, [B, L, D] -> [B, L, D]."""
        scale = lines.shape[-1] ** 0.5
        x = self.drop(lines * scale + self.position.weight[: lines.shape[1]])
        states: Tensor = self.norm(self.blocks(x))
        return states

    def forward(self, lines: Tensor) -> Tensor:
        """The state at the newest line, [B, D]."""
        return self.states(lines)[:, -1]
