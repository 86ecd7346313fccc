"""Fixtures of all tests of training."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from daogou.features.items import Float32
from daogou.training.zoo import graphs


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """These models are so small that two threads wait for each other most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class InTorch:
    """A module in the place of its graph."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module.eval()

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, Any]) -> Float32:
        answer: Tensor = self.module(*(torch.from_numpy(value) for value in inputs.values()))
        return np.asarray(answer.numpy(), np.float32)


@pytest.fixture
def in_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources run their modules: an export takes a second, and shows in a bundle alone."""
    monkeypatch.setattr(graphs, "to_onnx", lambda module, *_: module)
    monkeypatch.setattr(graphs, "Graph", InTorch)
