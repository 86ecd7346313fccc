"""The interaction functions against values worked out by hand."""

from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from daogou.models.interaction import (
    InnerProduct,
    Interaction,
    NeuralTensor,
    OuterProduct,
    interaction,
)


def test_inner_product() -> None:
    u, v = torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0], [0.0, -1.0]])
    assert InnerProduct()(u, v).tolist() == [11.0, -2.0]


@torch.no_grad()
def test_outer_product() -> None:
    """With P and Q the identity, one convolution of ones sums the whole map of pairs."""
    model = OuterProduct(2, reduced=2, channels=1)
    for weight, bias in ((model.left.weight, model.left.bias),
                         (model.right.weight, model.right.bias)):  # fmt: skip
        weight.copy_(torch.eye(2))
        bias.zero_()
    convolution = model.map[0]
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.bias is not None
    convolution.weight.copy_(torch.tensor([[[[1.0, 10.0], [100.0, 1000.0]]]]))
    convolution.bias.zero_()
    model.leave.weight.fill_(2.0)
    model.leave.bias.fill_(0.5)
    # u (x) v = [[3, 4], [6, 8]]: 3 + 40 + 600 + 8000, doubled, and a half.
    found = model(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    assert found.shape == ()
    assert float(found) == pytest.approx(17_286.5)


@torch.no_grad()
def test_neural_tensor() -> None:
    model = NeuralTensor(2, slices=1)
    model.bilinear.weight.copy_(torch.tensor([[[0.0, 0.1], [0.2, 0.0]]]))
    assert model.bilinear.bias is not None
    model.bilinear.bias.fill_(0.05)
    model.linear.weight.copy_(torch.tensor([[0.1, 0.0, 0.0, -0.1]]))
    model.leave.weight.fill_(3.0)
    # u^T W v = 1 * .1 * 4 + 2 * .2 * 3 = 1.6; V [u; v] = .1 - .4; b = .05
    found = model(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    assert float(found) == pytest.approx(3 * float(torch.tanh(torch.tensor(1.35))), rel=1e-5)


@pytest.mark.parametrize("kind", get_args(Interaction))
def test_one_interface(kind: Interaction) -> None:
    generator = torch.Generator().manual_seed(0)
    model = interaction(kind, 8)

    def some(*shape: int) -> Tensor:
        return torch.randn(*shape, 8, generator=generator).requires_grad_()

    u, v = some(4, 3), some(4, 3)
    logits = model(u, v)
    assert logits.shape == (4, 3)
    torch.testing.assert_close(logits[1, 2], model(u[1, 2], v[1, 2]))
    torch.autograd.backward(logits.square().sum())
    for tensor in (u, v, *model.parameters()):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'inner', 'outer' or 'tensor'"):
        interaction("sum", 8)  # type: ignore[arg-type]


def test_the_map_halves_to_a_point() -> None:
    with pytest.raises(ValueError, match="power of two"):
        OuterProduct(8, reduced=12)
