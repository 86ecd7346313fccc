import math

import pytest
import torch

from daogou.models import HEADS, ModelConfig, Ranker
from daogou.models.config import Experts
from daogou.models.experts import (
    GroupedExperts,
    MixtureOfExperts,
    ProgressiveExperts,
    build_experts,
)
from daogou.models.ranker import WideFeatures

KINDS: tuple[Experts, ...] = ("shared", "grouped", "mmoe", "ple")


def config(experts: Experts) -> ModelConfig:
    return ModelConfig(width=4, hidden=8, experts=experts, n_experts=2, dropout=0.0, bins=2)


@pytest.mark.parametrize("kind", KINDS)
def test_every_head_is_given_a_state(kind: Experts) -> None:
    torch.manual_seed(0)
    experts = build_experts(3, (0, 1, 0, 0), config(kind))
    assert experts(torch.randn(5, 3)).shape == (5, 4, 8)


def test_a_shared_bottom_says_the_same_to_all_heads() -> None:
    told = build_experts(3, (0, 1, 0, 0), config("shared"))(torch.randn(5, 3))
    torch.testing.assert_close(told[:, 0], told[:, 3])


@pytest.mark.parametrize("kind", ["mmoe", "ple"])
def test_gates_mix_the_experts_differently_by_head(kind: Experts) -> None:
    torch.manual_seed(0)
    told = build_experts(3, (0, 1, 0, 0), config(kind))(torch.randn(5, 3))
    assert not torch.allclose(told[:, 0], told[:, 3])


def test_groups_of_heads_share_nothing_with_one_another() -> None:
    torch.manual_seed(0)
    experts = GroupedExperts(3, (0, 1, 0, 0), config("grouped"))
    told = experts(torch.randn(5, 3))
    torch.testing.assert_close(told[:, 0], told[:, 3])
    assert not torch.allclose(told[:, 0], told[:, 1])
    told[:, 1].sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in experts.experts[0].parameters())
    assert any(p.grad is not None and p.grad.any() for p in experts.experts[1].parameters())


def test_one_gate_wide_open_is_its_expert_alone() -> None:
    torch.manual_seed(0)
    mixture = MixtureOfExperts(3, 2, config("mmoe"))
    with torch.no_grad():
        mixture.gate.weight.zero_()
        mixture.gate.bias.copy_(torch.tensor([100.0, 0.0, 0.0, 100.0]))
    x = torch.randn(5, 3)
    told = mixture(x)
    torch.testing.assert_close(told[:, 0], mixture.experts[0](x))
    torch.testing.assert_close(told[:, 1], mixture.experts[1](x))


def test_own_experts_are_pulled_at_by_their_own_task_alone() -> None:
    torch.manual_seed(0)
    experts = ProgressiveExperts(3, 2, config("ple"))
    experts(torch.randn(5, 3))[:, 0].sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in experts.own[0].parameters())
    other = [p.grad for p in experts.own[1].parameters()]
    assert all(grad is None or not grad.any() for grad in other)


def test_along_the_chain_a_purchase_needs_the_click() -> None:
    torch.manual_seed(0)
    ranker = Ranker(config("shared"), n_features=2).eval()
    u, v, wide = torch.randn(6, 4), torch.randn(6, 4), torch.rand(6, 2)
    click, purchase = HEADS.index("click"), HEADS.index("purchase")
    direct = torch.sigmoid(ranker(u, v, wide))
    ranker.chain.fill_(1.0)
    chained = torch.sigmoid(ranker(u, v, wide))
    expected = direct[:, click] * direct[:, purchase]
    torch.testing.assert_close(chained[:, purchase], expected)
    torch.testing.assert_close(chained[:, :purchase], direct[:, :purchase])


def test_features_bend_at_the_quantiles_of_what_is_not_zero() -> None:
    features = WideFeatures(1, bins=2)
    features.fit(torch.tensor([[0.0]] * 10 + [[2.0], [4.0], [6.0]]))
    assert features.edges.tolist() == [[0.0, 4.0, 6.0]]
    bent = features(torch.tensor([[0.0], [2.0], [5.0], [9.0]]))[:, 1:]
    assert bent.tolist() == [[0.0, 0.0], [0.5, 0.0], [1.0, 0.5], [1.0, 1.0]]


def test_a_feature_that_never_varies_is_finite() -> None:
    features = WideFeatures(2, bins=3)
    features.fit(torch.tensor([[0.0, 7.0]] * 4))
    assert torch.isfinite(features(torch.tensor([[0.0, 7.0], [1.0, -math.pi]]))).all()
