"""The blocks of the context tower: softmax attention, or pointwise attention with a gate.

Dimension letters: B rows of a batch, N tokens of a row, D width, A attention heads.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from daogou.models.config import ModelConfig

FORBIDDEN = -1e9
"""Added to the attention logits of what a token must not see."""
AGE_BUCKETS = 14
"""Logarithmic buckets of a line's age; see :func:`age_bucket`."""


def age_bucket(seconds: Tensor) -> Tensor:
    """Bucket ages: under ten minutes is 0, then each bucket is 2.5 times as old as the last."""
    scaled = torch.log(seconds.clamp(min=0) / 600 + 1) / 0.9163  # log(2.5)
    return scaled.long().clamp(max=AGE_BUCKETS - 1)


class RelativeBias(nn.Module):
    """What the attention adds for how far back a line is, in places and in time.

    A token asks at the moment of what follows it, so that a prefix of a history reads
    like a history that ends there: every place of a sequence trains what serving asks
    (the relative attention bias of HSTU: Zhai et al., "Actions speak louder than words",
    ICML 2024; in places: Raffel et al., JMLR 2020).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.zeros(config.attention_heads, config.length + 2))
        self.ages = nn.Parameter(torch.zeros(config.attention_heads, AGE_BUCKETS))

    def forward(self, places: Tensor, asked: Tensor, done: Tensor) -> Tensor:
        """Bias [B, A, N, N].

        Parameters
        ----------
        places
            Place of each token in its sequence, int64 [B, N].
        asked, done
            Moment at which each token asks, and at which it was done, in seconds before
            any fixed moment, [B, N] each.
        """
        back = (places[:, :, None] - places[:, None, :]).clamp(0, self.places.shape[1] - 1)
        age = age_bucket(done[:, None, :] - asked[:, :, None])
        bias: Tensor = self.places.T[back] + self.ages.T[age]  # [B, N, N, A]
        return bias.permute(0, 3, 1, 2)


class TransformerBlock(nn.Module):
    """A pre-norm Transformer block (Vaswani et al., 2017; Xiong et al., 2020)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        d = config.width
        self.heads = config.attention_heads
        self.norm_attention, self.norm_feed = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)
        self.feed = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))
        self.drop = nn.Dropout(config.tower_dropout)

    def forward(self, x: Tensor, bias: Tensor, allowed: Tensor) -> Tensor:
        """Tokens [B, N, D], bias [B, A, N, N], and what each may see, bool [B, N, N]."""
        weights, v = self._attend(x, bias, allowed)
        # No dropout on the attention itself: it took a seventh of a training step.
        x = x + self.drop(self.out((weights @ v).transpose(1, 2).reshape(x.shape)))
        fed: Tensor = x + self.drop(self.feed(self.norm_feed(x)))
        return fed

    def weights(self, x: Tensor, bias: Tensor, allowed: Tensor) -> Tensor:
        """What each token takes from each, [B, A, N, N], of the inputs of :meth:`forward`."""
        return self._attend(x, bias, allowed)[0]

    def _attend(self, x: Tensor, bias: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
        """The attention's weights [B, A, N, N], and the values [B, A, N, D/A]."""
        b, n, d = x.shape
        qkv = self.qkv(self.norm_attention(x)).reshape(b, n, 3, self.heads, d // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each [B, A, N, D/A]
        scores = q @ k.transpose(-1, -2) / (d // self.heads) ** 0.5 + bias
        return scores.masked_fill(~allowed[:, None], FORBIDDEN).softmax(-1), v


class HstuBlock(nn.Module):
    """Hierarchical sequential transduction unit: SiLU attention and an elementwise gate.

    Zhai et al., "Actions speak louder than words: trillion-parameter sequential transducers
    for generative recommendations", ICML 2024, equations 1 to 3. The attention's weights do
    not add up to one, so that how often something was done is not lost.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        d = config.width
        self.heads = config.attention_heads
        self.norm, self.norm_attended = nn.LayerNorm(d), nn.LayerNorm(d)
        self.enter = nn.Linear(d, 4 * d)
        self.out = nn.Linear(d, d)
        self.drop = nn.Dropout(config.tower_dropout)

    def forward(self, x: Tensor, bias: Tensor, allowed: Tensor) -> Tensor:
        """Tokens [B, N, D], bias [B, A, N, N], and what each may see, bool [B, N, N]."""
        weights, v, gate = self._attend(x, bias, allowed)
        a = (weights @ v).transpose(1, 2).reshape(x.shape)
        passed: Tensor = x + self.drop(self.out(self.norm_attended(a) * gate))
        return passed

    def weights(self, x: Tensor, bias: Tensor, allowed: Tensor) -> Tensor:
        """What each token takes from each, [B, A, N, N], of the inputs of :meth:`forward`."""
        return self._attend(x, bias, allowed)[0]

    def _attend(self, x: Tensor, bias: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The weights [B, A, N, N], the values [B, A, N, D/A], and the gate [B, N, D]."""
        b, n, _ = x.shape
        gate, q, k, v = functional.silu(self.enter(self.norm(x))).chunk(4, -1)
        q, k, v = (t.reshape(b, n, self.heads, -1).transpose(1, 2) for t in (q, k, v))
        scores = functional.silu(q @ k.transpose(-1, -2) + bias) * allowed[:, None]
        return scores / allowed.sum(-1).clamp(min=1)[:, None, :, None], v, gate


def build_blocks(config: ModelConfig) -> nn.ModuleList:
    """The layers of a context tower."""
    kind = HstuBlock if config.block == "hstu" else TransformerBlock
    return nn.ModuleList(kind(config) for _ in range(config.layers))
