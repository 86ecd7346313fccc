import pytest
import torch
from torch import nn

from daogou.models import TaskWeights, gradients


def losses(**values: float) -> dict[str, torch.Tensor]:
    return {task: torch.tensor(value) for task, value in values.items()}


def test_fixed_weights_are_the_lambdas() -> None:
    weights = TaskWeights({"a": 2.0, "b": 0.5})
    assert float(weights(losses(a=3.0, b=4.0))) == pytest.approx(8.0)
    assert weights.current() == {"a": 2.0, "b": 0.5}


def test_a_task_that_a_step_does_not_have_counts_nothing() -> None:
    assert float(TaskWeights({"a": 2.0, "b": 0.5})(losses(b=4.0))) == pytest.approx(2.0)


def test_uncertainty_settles_where_the_factor_is_one_over_the_loss() -> None:
    """The minimum of exp(-s) L + s is at s = log L."""
    weights = TaskWeights({"a": 1.0, "b": 1.0}, "uncertainty")
    optimizer = torch.optim.SGD(weights.parameters(), lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        weights(losses(a=4.0, b=0.25)).backward()
        optimizer.step()
    assert weights.current()["a"] == pytest.approx(1 / 4, rel=1e-2)
    assert weights.current()["b"] == pytest.approx(4.0, rel=1e-2)


def test_balanced_weights_make_the_tasks_pull_alike() -> None:
    weights = TaskWeights({"a": 1.0, "b": 1.0}, "balanced")
    for _ in range(200):
        weights.rebalance({"a": 9.0, "b": 1.0})
    told = weights.current()
    assert told["a"] * 9 == pytest.approx(told["b"], rel=1e-3)
    assert told["a"] + told["b"] == pytest.approx(2.0)


def test_fixed_weights_are_not_rebalanced() -> None:
    weights = TaskWeights({"a": 1.0, "b": 1.0})
    weights.rebalance({"a": 9.0, "b": 1.0})
    assert weights.current() == {"a": 1.0, "b": 1.0}


def test_gradients_by_hand() -> None:
    shared = nn.Parameter(torch.tensor([1.0, 2.0]))
    found = {"a": 3 * shared[0], "b": -shared[0] + shared[1], "c": torch.tensor(0.0) * shared[1]}
    norms, cosines = gradients(found, [shared])
    assert norms == pytest.approx({"a": 3.0, "b": 2**0.5, "c": 0.0})
    assert cosines[("a", "b")] == pytest.approx(-(0.5**0.5))
    assert cosines[("a", "c")] == 0.0
