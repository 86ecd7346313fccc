"""Between the ranker's input and its heads: one bottom for all, or experts with gates.

Dimension letters: M rows, I input width, H hidden width, T heads, E experts.
"""

from collections.abc import Sequence

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


class GroupedExperts(nn.Module):
    """An expert of its own for each group of heads, none shared between groups.

    What a shopper buys next, looks at and buys once shown is one question asked three ways;
    what answers a query is another, and pulled at the same hidden state the two take from each
    other (task grouping: Standley et al., "Which tasks should be learned together in multi-task
    learning?", ICML 2020). The towers below stay shared by all.

    Parameters
    ----------
    groups
        The group of each head, from 0 on without a gap.
    """

    def __init__(self, inputs: int, groups: Sequence[int], config: ModelConfig) -> None:
        super().__init__()
        self.groups = tuple(groups)
        self.experts = nn.ModuleList(_expert(inputs, config) for _ in range(max(groups) + 1))

    def forward(self, x: Tensor) -> Tensor:
        """Rows [M, I] -> [M, T, H]."""
        told = [expert(x) for expert in self.experts]
        return torch.stack([told[group] for group in self.groups], 1)


def build_experts(inputs: int, groups: Sequence[int], config: ModelConfig) -> nn.Module:
    """What ``config.experts`` names, for heads of these groups: rows [M, I] -> [M, T, H]."""
    if config.experts == "grouped":
        return GroupedExperts(inputs, groups, config)
    kinds = {"shared": SharedBottom, "mmoe": MixtureOfExperts, "ple": ProgressiveExperts}
    return kinds[config.experts](inputs, len(groups), config)
