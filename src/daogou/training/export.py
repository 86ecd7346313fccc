"""The trained modules to ONNX graphs, checked against torch before they are believed."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn import functional

from daogou.errors import TrainingError
from daogou.features.attributes import MOST_VALUES
from daogou.models import HEADS, ItemInputs, JointModel

TOLERANCE = 1e-3


class _Content(nn.Module):
    """The item tower without identity: for items that came after the training."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.tower = model.item_tower

    def forward(
        self, text: Tensor, image: Tensor, category: Tensor, department: Tensor, brand: Tensor,
        attributes: Tensor, price: Tensor,
    ) -> Tensor:  # fmt: skip
        told = ItemInputs(text, image, category, department, brand, attributes, price)
        return self.tower.content(told)


class _Context(nn.Module):
    """The context tower's ``u`` alone."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.tower = model.context_tower

    def forward(
        self, lines: Tensor, kinds: Tensor, ages: Tensor, query: Tensor, has_query: Tensor
    ) -> Tensor:
        u: Tensor = self.tower(lines, kinds, ages, query, has_query)[0]
        return u


class _Heads(nn.Module):
    """The ranker's trained heads alone, in the order of their names."""

    def __init__(self, model: JointModel, heads: Sequence[str]) -> None:
        super().__init__()
        self.ranker = model.ranker
        self.register_buffer("columns", torch.tensor([HEADS.index(head) for head in heads]))

    def forward(self, u: Tensor, v: Tensor, wide: Tensor) -> Tensor:
        logits: Tensor = self.ranker(u, v, wide).index_select(1, self.columns)
        return logits


class _Intent(nn.Module):
    """Text vectors to probabilities of the categories."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.head, self.table = model.intent, model.item_tower.category

    def forward(self, query: Tensor) -> Tensor:
        return torch.softmax(self.head(query, self.table.weight), -1)


def export_intent(model: JointModel, path: Path) -> None:
    """Write the graph of the intent head, text vectors [B, T] to probabilities [B, C].

    Raises
    ------
    TrainingError
        The graph answers differently from the module that it was made of.
    """
    generator = torch.Generator().manual_seed(0)
    asked = torch.randn(2, model.content.sizes.text, generator=generator)
    _export(_Intent(model), {"query": functional.normalize(asked)}, path)


def export_ranker(model: JointModel, heads: Sequence[str], paths: Mapping[str, Path]) -> None:
    """Write ``item_tower``, ``context_tower`` and ``ranker`` graphs to their paths.

    Parameters
    ----------
    heads
        The trained ones: the ranker's graph has no other.

    Raises
    ------
    TrainingError
        A graph answers differently from the module that it was made of.
    """
    model.eval()
    d, length = model.config.width, model.config.length
    sizes = model.content.sizes
    n_features = len(model.ranker.features.mean)
    b, n = 2, 3
    generator = torch.Generator().manual_seed(0)

    def some(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    def codes(*shape: int, below: int) -> Tensor:
        return torch.randint(0, below, shape, generator=generator)

    _export(
        _Content(model),
        {
            "text": some(n, sizes.text),
            "image": some(n, sizes.image),
            "category": codes(n, below=sizes.categories),
            "department": codes(n, below=sizes.departments),
            "brand": codes(n, below=sizes.brands),
            "attributes": codes(n, MOST_VALUES, below=sizes.attributes),
            "price": torch.tensor([499.0, torch.nan, 0.0]),
        },
        paths["item_tower"],
    )
    _export(
        _Context(model),
        {
            "lines": some(b, length, d),
            "kinds": codes(b, length, below=3),
            "ages": some(b, length).abs() * 1e5,
            "query": some(b, sizes.text),
            "has_query": torch.tensor([0.0, 1.0]),
        },
        paths["context_tower"],
    )
    _export(
        _Heads(model, heads),
        {"u": some(n, d), "v": some(n, d), "wide": some(n, n_features)},
        paths["ranker"],
    )


def _export(module: nn.Module, inputs: Mapping[str, Tensor], path: Path) -> None:
    module.eval()
    batch = Dim("batch", min=1, max=1 << 20)
    arguments: Sequence[Tensor] = list(inputs.values())
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations are not ours to mend
        torch.onnx.export(
            module,
            tuple(arguments),
            str(path),
            input_names=list(inputs),
            output_names=["output"],
            dynamic_shapes=tuple({0: batch} for _ in arguments),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for rows in (slice(None), slice(1)):
        cut = {name: value[rows] for name, value in inputs.items()}
        with torch.no_grad():
            expected = module(*cut.values()).numpy()
        found = session.run(None, {name: value.numpy() for name, value in cut.items()})[0]
        worst = float(np.abs(found - expected).max())
        if not worst < TOLERANCE:
            raise TrainingError(
                f"The ONNX graph {path.name} differs from the trained module by {worst:.2g}, and"
                f" {TOLERANCE:g} is allowed. Check the versions of torch and onnxruntime."
            )
