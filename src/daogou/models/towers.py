"""The two shared towers: items to vectors, and a visitor's context to a vector.

Dimension letters: B batch, L history length, D width, N items, T size of a text vector.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.models.config import ModelConfig

KIND_CODES = 6
"""History kinds 1 to 5; 0 pads."""
AGE_BUCKETS = 14
"""Logarithmic buckets of a line's age; see :func:`age_bucket`."""


def age_bucket(seconds: Tensor) -> Tensor:
    """Bucket ages: under ten minutes is 0, then each bucket is 2.5 times as old as the last."""
    scaled = torch.log(seconds.clamp(min=0) / 600 + 1) / 0.9163  # log(2.5)
    return scaled.long().clamp(max=AGE_BUCKETS - 1)


class ItemTower(nn.Module):
    """Content and, unless dropped, identity of an item to ``v`` in R^D.

    Parameters
    ----------
    n_items, n_categories, n_departments, n_brands
        Sizes of the vocabularies, code 0 ("unknown") included.
    text_width
        T.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        n_items: int,
        n_categories: int,
        n_departments: int,
        n_brands: int,
        text_width: int,
    ) -> None:
        super().__init__()
        d = config.width
        self.id_dropout = config.id_dropout
        self.text = nn.Linear(text_width, d)
        self.category = nn.Embedding(n_categories, d)
        self.department = nn.Embedding(n_departments, d)
        self.brand = nn.Embedding(n_brands, d)
        self.price = nn.Linear(2, d)
        self.mix = nn.Sequential(
            nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d)
        )
        self.identity = nn.Embedding(n_items, d)
        for table in (self.category, self.department, self.brand, self.identity):
            nn.init.normal_(table.weight, std=0.02)

    def content(
        self, text: Tensor, category: Tensor, department: Tensor, brand: Tensor, price: Tensor
    ) -> Tensor:
        """Place items by what they are: text [N, T], codes int64 [N], price [N] -> [N, D].

        ``price`` is in minor units, NaN where unknown.
        """
        known = torch.isfinite(price)
        log_price = torch.log1p(torch.where(known, price, torch.zeros_like(price)) / 100)
        x = self.text(text) + self.category(category) + self.department(department)
        x = x + self.brand(brand) + self.price(torch.stack([log_price, known.float()], -1))
        mixed: Tensor = x + self.mix(x)
        return mixed

    def forward(
        self,
        items: Tensor,
        text: Tensor,
        category: Tensor,
        department: Tensor,
        brand: Tensor,
        price: Tensor,
    ) -> Tensor:
        """Vectors of items with an identity, int64 [N], and their content -> [N, D]."""
        identity = self.identity(items)
        if self.training and self.id_dropout > 0:
            keep = torch.rand(len(items), 1, device=identity.device) >= self.id_dropout
            identity = identity * keep
        v: Tensor = self.content(text, category, department, brand, price) + identity
        return v


class _Block(nn.Module):
    """A pre-norm Transformer block."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        b, n, d = x.shape
        qkv = self.qkv(self.norm_attention(x)).reshape(b, n, 3, self.heads, d // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [B, heads, L, D/heads]
        # No dropout on the attention itself: it took a seventh of a training step.
        a = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(a.transpose(1, 2).reshape(b, n, d))
        fed: Tensor = x + self.feed(self.norm_feed(x))
        return fed


class ContextTower(nn.Module):
    """A causal Transformer over history lines, closed by one context token.

    The context token carries the query, if there is one; its output is ``u``.
    The other outputs predict the line that follows them, which trains the tower
    densely (SASRec: Kang and McAuley, 2018).
    """

    def __init__(self, config: ModelConfig, *, text_width: int) -> None:
        super().__init__()
        d = config.width
        self.length = config.length
        self.kind = nn.Embedding(KIND_CODES, d)
        self.age = nn.Embedding(AGE_BUCKETS, d)
        self.position = nn.Embedding(config.length + 1, d)
        self.context = nn.Parameter(torch.zeros(d))
        self.query = nn.Linear(text_width, d)
        self.enter = nn.Linear(d, d)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            _Block(d, config.attention_heads, config.dropout) for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(d)
        self.leave = nn.Linear(d, d)
        for table in (self.kind, self.age, self.position):
            nn.init.normal_(table.weight, std=0.02)

    def forward(
        self, lines: Tensor, kinds: Tensor, ages: Tensor, query: Tensor, has_query: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Read histories, padded on the left.

        Parameters
        ----------
        lines
            Item vectors of the lines, [B, L, D].
        kinds
            int64 [B, L], 0 where padded.
        ages
            Seconds between a line and now, [B, L].
        query
            Text vector, [B, T]; zeros without one.
        has_query
            1 or 0, [B].

        Returns
        -------
        tuple
            ``u`` [B, D], and the states at the lines [B, L, D].
        """
        tokens = self.enter(lines) + self.kind(kinds) + self.age(age_bucket(ages))
        last = self.context + self.query(query) * has_query[:, None]
        x = torch.cat([tokens, last[:, None]], 1) + self.position.weight
        seen = torch.cat([kinds > 0, torch.ones_like(kinds[:, :1], dtype=torch.bool)], 1)
        n = self.length + 1
        causal = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        # A padded position still sees itself, so that no row of the attention is empty.
        own = torch.eye(n, dtype=torch.bool, device=x.device)
        mask = (causal & seen[:, None, :]) | own
        x = self.drop(x)
        for block in self.blocks:
            x = block(x, mask[:, None])
        states = self.leave(self.norm(x))
        return states[:, -1], states[:, :-1]
