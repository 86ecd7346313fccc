"""Trained reference models to sources: an ONNX graph, checked against torch, and its tables."""

import logging
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from daogou.errors import TrainingError
from daogou.features.items import Float32
from daogou.models.zoo.base import HistoryModel
from daogou.retrieval.sources.graph import GraphSource, Reading, Tables
from daogou.retrieval.sources.session import Graph

TOLERANCE: Final = 1e-3
EXAMPLE_SIZE: Final = 3
"""Of the axes that vary, where a module is traced; not 0 or 1, which tracing takes as fixed."""


@torch.no_grad()
def graph_source(
    name: str,
    model: HistoryModel,
    known: npt.NDArray[np.bool_],
    reading: Reading,
    *,
    text_width: int = 0,
) -> GraphSource:
    """The source that serves ``model``.

    Parameters
    ----------
    known
        The items that can be proposed, bool [V]: those that training met, or that it can
        tell by their texts.
    text_width
        T, for a model whose :meth:`forward` also takes a query and whether there is one.

    Raises
    ------
    TrainingError
        The graph answers differently from the module.
    """
    model.eval()
    rows, (vectors, bias) = model.inputs(), model.outputs()
    lines = torch.randn(1, EXAMPLE_SIZE, rows.shape[1], generator=torch.Generator().manual_seed(0))
    example, dynamic = {"lines": lines}, {"lines": {1: Dim("length", min=1, max=1 << 20)}}
    if text_width:
        example |= {"query": torch.ones(1, text_width) / text_width, "asked": torch.ones(1)}
        dynamic |= {"query": {}, "asked": {}}
    tied = vectors.shape == rows.shape and bool(torch.equal(rows, vectors))
    table = _numbers(vectors)
    tables = Tables(
        inputs=table if tied else _numbers(rows),
        vectors=table,
        bias=np.where(known, _numbers(bias), -np.inf).astype(np.float32),
    )
    graph = exported(model, example, dynamic)
    return GraphSource(name, graph, tables, reading, text_width=text_width)


def exported(
    module: nn.Module, example: Mapping[str, Tensor], dynamic: Mapping[str, Mapping[int, Any]]
) -> Graph:
    """A module as serving runs it; see :func:`to_onnx`."""
    return Graph(to_onnx(module, example, dynamic))


def to_onnx(
    module: nn.Module,
    example: Mapping[str, Tensor],
    dynamic: Mapping[str, Mapping[int, Any]],
) -> bytes:
    """The graph of a module.

    Parameters
    ----------
    example
        The inputs by name, in the order of the module's arguments.
    dynamic
        The axes of each input whose size may vary.

    Raises
    ------
    TrainingError
        The graph answers differently from the module.
    """
    module.eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # the exporter's own deprecations are not ours to mend
        path = Path(folder) / "graph.onnx"
        torch.onnx.export(
            module,
            tuple(example.values()),
            str(path),
            input_names=list(example),
            output_names=["output"],
            dynamic_shapes=tuple(dict(dynamic[name]) for name in example),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        model = path.read_bytes()
    model = _with_free_axes(model, dynamic)
    for size in (1, EXAMPLE_SIZE, 2 * EXAMPLE_SIZE):
        _check(model, module, {n: _of_size(v, dynamic[n], size) for n, v in example.items()})
    return model


def _of_size(value: Tensor, axes: Iterable[int], size: int) -> Tensor:
    """An example whose free axes are of another size, the same rows over again."""
    for axis in axes:
        value = value.index_select(axis, torch.arange(size) % value.shape[axis])
    return value


def _with_free_axes(model: bytes, dynamic: Mapping[str, Mapping[int, Any]]) -> bytes:
    """Say of the inputs which axes vary.

    From the second GRU of a process on, torch 2.13 declares the example's sizes, though the
    graph's operators fit any.
    """
    graph = onnx.load_from_string(model)
    for value in graph.graph.input:
        for axis in dynamic[value.name]:
            dimension = value.type.tensor_type.shape.dim[axis]
            if not dimension.dim_param:
                dimension.dim_param = f"{value.name}_{axis}"
                del graph.graph.value_info[:]  # sizes that were inferred from the example's
    return bytes(graph.SerializeToString())


def _check(model: bytes, module: nn.Module, inputs: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        expected = module(*inputs.values()).numpy()
    found = Graph(model)({name: value.numpy() for name, value in inputs.items()})
    worst = float(np.abs(found - expected).max(initial=0))
    if not worst < TOLERANCE:
        raise TrainingError(
            f"The ONNX graph of {type(module).__name__} differs from the trained module by"
            f" {worst:.2g}, and {TOLERANCE:g} is allowed. Check the versions of torch and"
            " onnxruntime."
        )


def _numbers(tensor: Tensor) -> Float32:
    return np.ascontiguousarray(tensor.detach().float().numpy())
