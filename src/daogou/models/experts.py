"""Between the ranker's input and its heads: one bottom for all, or experts with gates.

Dimension letters: M rows, I input width, H hidden width, T heads, E experts.
"""

import torch
from torch import Tensor, nn

from daogou.models.config import ModelConfig


def _expert(inputs: int, config: ModelConfig) -> nn.Sequential:
    """Two layers with dropout, [M, I] -> [M, H]."""
    h = config.hidden
    return nn.Sequential(
        nn.Linear(inputs, h), nn.GELU(), nn.Linear(h, h), nn.GELU(), nn.Dropout(config.dropout)
    )


class SharedBottom(nn.Module):
    """The same hidden state for all heads (Caruana, 1997)."""

    def __init__(self, inputs: int, heads: int, config: ModelConfig) -> None:
        super().__init__()
        self.heads = heads
        self.bottom = _expert(inputs, config)

    def forward(self, x: Tensor) -> Tensor:
        """Rows [M, I] -> [M, T, H]."""
        shared: Tensor = self.bottom(x)
        return shared[:, None].expand(-1, self.heads, -1)


class MixtureOfExperts(nn.Module):
    """MMoE: experts that all heads share, and a gate for each head.

    Ma et al., "Modeling task relationships in multi-task learning with multi-gate
    mixture-of-experts", KDD 2018, equations 5 and 6.
    """

    def __init__(self, inputs: int, heads: int, config: ModelConfig) -> None:
        super().__init__()
        self.heads = heads
        self.experts = nn.ModuleList(_expert(inputs, config) for _ in range(config.n_experts))
        self.gate = nn.Linear(inputs, heads * config.n_experts)

    def forward(self, x: Tensor) -> Tensor:
        """Rows [M, I] -> [M, T, H]."""
        told = torch.stack([expert(x) for expert in self.experts], 1)  # [M, E, H]
        gates = self.gate(x).unflatten(-1, (self.heads, -1)).softmax(-1)  # [M, T, E]
        mixed: Tensor = gates @ told
        return mixed


class ProgressiveExperts(nn.Module):
    """PLE, one level (CGC): shared experts, and one of its own for each head.

    Tang et al., "Progressive layered extraction (PLE): a novel multi-task learning model
    for personalized recommendations", RecSys 2020, section 4.1. What one task needs alone
    has a place that the others do not pull at.
    """

    def __init__(self, inputs: int, heads: int, config: ModelConfig) -> None:
        super().__init__()
        self.shared = nn.ModuleList(_expert(inputs, config) for _ in range(config.n_experts))
        self.own = nn.ModuleList(_expert(inputs, config) for _ in range(heads))
        self.gate = nn.Linear(inputs, heads * (config.n_experts + 1))

    def forward(self, x: Tensor) -> Tensor:
        """Rows [M, I] -> [M, T, H]."""
        shared = torch.stack([expert(x) for expert in self.shared], 1)  # [M, E, H]
        own = torch.stack([expert(x) for expert in self.own], 1)  # [M, T, H]
        gates = self.gate(x).unflatten(-1, (len(self.own), -1)).softmax(-1)  # [M, T, E + 1]
        mixed: Tensor = gates[..., :-1] @ shared + gates[..., -1:] * own
        return mixed


def build_experts(inputs: int, heads: int, config: ModelConfig) -> nn.Module:
    """What ``config.experts`` names: rows [M, I] -> [M, T, H]."""
    kinds = {"shared": SharedBottom, "mmoe": MixtureOfExperts, "ple": ProgressiveExperts}
    return kinds[config.experts](inputs, heads, config)
