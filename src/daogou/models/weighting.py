"""How much each task counts in L = sum of lambda_i L_i: fixed, by uncertainty, or balanced.

Dimension letter: T tasks.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Weighting = Literal["fixed", "uncertainty", "balanced"]


class TaskWeights(nn.Module):
    """The weights of the tasks, beginning at the merchant's lambdas.

    Parameters
    ----------
    lambdas
        By task; a task of weight 0 is not trained at all and is not here.
    weighting
        "fixed" keeps them. "uncertainty" learns a log variance ``s_i`` a task and minimises
        ``sum of lambda_i (exp(-s_i) L_i + s_i)`` (Kendall, Gal and Cipolla, "Multi-task
        learning using uncertainty to weigh losses", CVPR 2018). "balanced" sets the weights
        so that all tasks pull at the shared parameters with the strength that the lambdas say
        (the idea of GradNorm: Chen et al., ICML 2018, solved in closed form instead of by a
        gradient of its own, and smoothed).
    """

    balance: Tensor

    def __init__(self, lambdas: Mapping[str, float], weighting: Weighting = "fixed") -> None:
        super().__init__()
        self.tasks = tuple(lambdas)
        self.weighting = weighting
        self.lambdas = dict(lambdas)
        self.log_variance = nn.Parameter(torch.zeros(len(self.tasks)))
        self.register_buffer("balance", torch.ones(len(self.tasks)))

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The total of the tasks that a step has."""
        parts = []
        for task, loss in losses.items():
            place, weight = self.tasks.index(task), self.lambdas[task]
            if self.weighting == "uncertainty":
                s = self.log_variance[place]
                parts.append(weight * (torch.exp(-s) * loss + s))
            else:
                parts.append(weight * self.balance[place] * loss)
        return torch.stack(parts).sum()

    def current(self) -> dict[str, float]:
        """What each task's loss is multiplied with now."""
        factors = self.balance
        if self.weighting == "uncertainty":
            factors = torch.exp(-self.log_variance.detach())
        return {
            task: self.lambdas[task] * float(factor)
            for task, factor in zip(self.tasks, factors, strict=True)
        }

    @torch.no_grad()
    def rebalance(self, norms: Mapping[str, float], keep: float = 0.9) -> None:
        """Move towards weights at which all tasks pull equally, times their lambdas.

        ``norms`` are of the gradients of the unweighted losses by the shared parameters.
        """
        known = {task: norm for task, norm in norms.items() if norm > 0}
        if self.weighting != "balanced" or len(known) < 2:
            return
        mean = sum(known.values()) / len(known)
        for task, norm in known.items():
            place = self.tasks.index(task)
            self.balance[place] = keep * self.balance[place] + (1 - keep) * mean / norm
        # The whole keeps its size, so that the learning rate means what it did.
        self.balance /= self.balance.mean()


def gradients(
    losses: Mapping[str, Tensor], shared: Sequence[nn.Parameter]
) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """How hard each task pulls at shared parameters, and how far two tasks agree.

    Returns
    -------
    tuple
        Norm of each task's gradient, and the cosine of each pair of tasks; tasks whose
        cosine is below 0 are in conflict (Yu et al., "Gradient surgery for multi-task
        learning", NeurIPS 2020).
    """
    flat: dict[str, Tensor] = {}
    for task, loss in losses.items():
        found = torch.autograd.grad(loss, list(shared), retain_graph=True, allow_unused=True)
        parts = [
            (torch.zeros_like(p) if g is None else g).reshape(-1)
            for p, g in zip(shared, found, strict=True)
        ]
        flat[task] = torch.cat(parts)
    norms = {task: float(gradient.norm()) for task, gradient in flat.items()}
    cosines = {
        (a, b): float(flat[a] @ flat[b] / max(norms[a] * norms[b], 1e-12))
        for i, a in enumerate(flat)
        for b in list(flat)[i + 1 :]
    }
    return norms, cosines
