"""The two shared towers: items to vectors, and a visitor's context to a vector.

Dimension letters: B batch, L history length, D width, N items, T size of a text vector,
I size of an image vector, A attribute values of an item.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from daogou.models.attention import RelativeBias, build_blocks
from daogou.models.config import ModelConfig

START, QUERY = 6, 7
"""Kinds of token beside those of a history (1 to 5): before all lines, and a query after them."""
KIND_CODES = 8
"""0 pads."""
INITIAL_STD = 0.02
"""Of whatever adds up to an item's vector: all parts start out small and alike, the mixing layer
at zero, and the softmax over the catalogue nearly even. With torch's own start the content's
noise drowned what histories teach: after an epoch the towers' NDCG on Beauty was half as high."""


@dataclass(frozen=True, slots=True)
class ContentSizes:
    """What the item tower reads: the vocabularies' sizes, code 0 ("unknown") included.

    ``text`` is T; ``image`` is I, 0 where the shop has no image vectors.
    """

    items: int
    categories: int
    departments: int
    brands: int
    attributes: int
    text: int
    image: int = 0


@dataclass(frozen=True, slots=True)
class ItemInputs:
    """What is known of N items.

    ``text`` float32 [N, T]; ``image`` float32 [N, I], zeros where there is none; codes int64
    [N]; ``attributes`` int64 [N, A], 0 pads; ``price`` float32 [N] in minor units, NaN where
    unknown.
    """

    text: Tensor
    image: Tensor
    category: Tensor
    department: Tensor
    brand: Tensor
    attributes: Tensor
    price: Tensor


class ItemTower(nn.Module):
    """Content and, unless dropped, identity of an item to ``v`` in R^D."""

    def __init__(self, config: ModelConfig, sizes: ContentSizes) -> None:
        super().__init__()
        d = config.width
        self.id_dropout = config.id_dropout
        self.text = nn.Linear(sizes.text, d, bias=False)
        # A plain matrix: a layer of width 0, for shops without pictures, is warned of.
        self.image = nn.Parameter(torch.randn(sizes.image, d) * INITIAL_STD)
        self.category = nn.Embedding(sizes.categories, d)
        self.department = nn.Embedding(sizes.departments, d)
        self.brand = nn.Embedding(sizes.brands, d)
        self.attribute = nn.Embedding(sizes.attributes, d, padding_idx=0)
        self.price = nn.Linear(2, d)
        last = nn.Linear(2 * d, d)
        self.mix = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.GELU(), last)
        self.identity = nn.Embedding(sizes.items, d)
        for table in (
            self.category, self.department, self.brand, self.attribute, self.identity,
            self.text, self.price,
        ):  # fmt: skip
            nn.init.normal_(table.weight, std=INITIAL_STD)
        nn.init.zeros_(self.price.bias)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        with torch.no_grad():
            self.attribute.weight[0].zero_()

    def content(self, item: ItemInputs) -> Tensor:
        """Place items by what they are, [N, D]."""
        known = torch.isfinite(item.price)
        price = torch.where(known, item.price, torch.zeros_like(item.price))
        x = self.text(item.text) + item.image @ self.image
        x = x + self.category(item.category) + self.department(item.department)
        x = x + self.brand(item.brand) + self.attribute(item.attributes).sum(-2)
        x = x + self.price(torch.stack([torch.log1p(price / 100), known.float()], -1))
        mixed: Tensor = x + self.mix(x)
        return mixed

    def forward(self, items: Tensor, inputs: ItemInputs) -> Tensor:
        """Vectors of items with an identity, int64 [N], and their content -> [N, D]."""
        identity = self.identity(items)
        if self.training and self.id_dropout > 0:
            keep = torch.rand(len(items), 1, device=identity.device) >= self.id_dropout
            identity = identity * keep
        v: Tensor = self.content(inputs) + identity
        return v


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sequences as the context tower reads them, one or several to a row: B rows of N tokens.

    Attributes
    ----------
    kinds
        What was done, :data:`START` or :data:`QUERY`, int64 [B, N]; 0 pads.
    sequence
        Number of the sequence within the row, int64 [B, N].
    places
        Of the token in its sequence, int64 [B, N].
    asked, done
        When a token asks what follows, which is when that follows, and when it was itself
        done: seconds before the last moment of its sequence, [B, N] each.
    """

    kinds: Tensor
    sequence: Tensor
    places: Tensor
    asked: Tensor
    done: Tensor

    def allowed(self, *, both_ways: bool = False) -> Tensor:
        """What each token may see, bool [B, N, N]: its sequence up to itself, or all of it."""
        n = self.kinds.shape[1]
        causal = torch.ones(n, n, dtype=torch.bool, device=self.kinds.device)
        if not both_ways:
            causal = causal.tril()
        same = self.sequence[:, :, None] == self.sequence[:, None, :]
        own = torch.eye(n, dtype=torch.bool, device=self.kinds.device)
        # A padded position still sees itself, so that no row of the attention is empty.
        return (causal & same & (self.kinds > 0)[:, None, :]) | own


class ContextTower(nn.Module):
    """A causal sequence model over history lines, opened by a start token.

    The state at a token says what follows it (SASRec: Kang and McAuley, 2018); at the last
    one it is ``u``. A query is one more token at the end.
    """

    def __init__(self, config: ModelConfig, *, text_width: int) -> None:
        super().__init__()
        d = config.width
        self.length, self.root = config.length, d**0.5
        self.kind = nn.Embedding(KIND_CODES, d)
        self.query = nn.Linear(text_width, d)
        self.bias = RelativeBias(config)
        self.drop = nn.Dropout(config.tower_dropout)
        self.blocks = build_blocks(config)
        self.norm = nn.LayerNorm(d)
        nn.init.normal_(self.kind.weight, std=0.02)

    def states(self, lines: Tensor, tokens: Tokens, *, both_ways: bool = False) -> Tensor:
        """What follows each token: item vectors of the lines [B, N, D] -> [B, N, D].

        The vector of a token that is no line is 0, or the projected query. ``both_ways`` lets
        a token see what comes after it too, for what is masked.
        """
        # Unscaled, what the blocks add would drown which items they read (Vaswani et al., 2017).
        x = self.drop(lines * self.root + self.kind(tokens.kinds))
        bias = self.bias(tokens.places, tokens.asked, tokens.done)
        allowed = tokens.allowed(both_ways=both_ways)
        for block in self.blocks:
            x = block(x, bias, allowed)
        states: Tensor = self.norm(x)
        return states

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
        # By shape, not by length: the exporter would take a length for a constant.
        start = torch.zeros_like(kinds[:, :1]) + START
        asks = (has_query > 0).to(kinds.dtype)[:, None]
        asked_for = self.query(query) * has_query[:, None]
        lines = torch.cat([torch.zeros_like(lines[:, :1]), lines, asked_for[:, None]], 1)
        all_kinds = torch.cat([start, kinds, asks * QUERY], 1)  # [B, L + 2]
        now = torch.zeros_like(ages[:, :1])
        oldest = ages.amax(1, keepdim=True)
        tokens = Tokens(
            kinds=all_kinds,
            sequence=torch.zeros_like(all_kinds),
            places=(all_kinds > 0).cumsum(1) - 1,
            # A line asks at the moment of the next one; the last line, and the query, now.
            asked=torch.cat([oldest, ages[:, 1:], now, now], 1),
            done=torch.cat([oldest, ages, now], 1),
        )
        states = self.states(lines, tokens)
        u = torch.where(has_query[:, None] > 0, states[:, -1], states[:, -2])
        return u, states[:, 1:-1]
