"""Training that was cut off goes on from its last whole epoch.

A checkpoint is a safetensors file: weights, optimiser state, and a JSON note of
where training stood. It never holds code, and a file half written is never seen.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from daogou.models import JointModel, TaskWeights


@dataclass(slots=True)
class Progress:
    """Where training stands after a whole epoch.

    Attributes
    ----------
    signature
        Of the data and settings; a checkpoint of others is not resumed.
    epoch
        Epochs that are done.
    losses
        Task to its mean loss in each epoch.
    validation
        Metric to its value after each epoch.
    best_epoch
        The epoch (from 1) with the best validation so far, 0 before the first.
    weights
        Task to what its loss was multiplied with, after each epoch.
    cosines
        Pair of tasks ("next, click") to the cosines of their gradients by the shared towers,
        as they were looked at now and then.
    """

    signature: str
    epoch: int = 0
    losses: dict[str, list[float]] = field(default_factory=dict)
    validation: dict[str, list[float]] = field(default_factory=dict)
    best_epoch: int = 0
    weights: dict[str, list[float]] = field(default_factory=dict)
    cosines: dict[str, list[float]] = field(default_factory=dict)


def save_checkpoint(
    path: Path,
    progress: Progress,
    model: JointModel,
    weights: TaskWeights,
    optimizer: torch.optim.Optimizer,
    best: Mapping[str, Tensor],
) -> None:
    """Write a checkpoint in one step, over the last one."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"weights.{k}": v for k, v in weights.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in best.items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{k}": torch.as_tensor(v) for k, v in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".writing")
    contiguous = {k: v.detach().clone().contiguous() for k, v in tensors.items()}
    save_file(contiguous, unfinished, metadata={"progress": json.dumps(asdict(progress))})
    os.replace(unfinished, path)


def load_checkpoint(
    path: Path,
    signature: str,
    model: JointModel,
    weights: TaskWeights,
    optimizer: torch.optim.Optimizer,
) -> tuple[Progress, dict[str, Tensor]] | None:
    """Put a checkpoint's state into model, task weights and optimiser.

    Returns
    -------
    tuple or None
        Where training stood, and the best weights so far; None where there is no
        checkpoint, where it cannot be read, or where it is of other data or settings.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            if progress.signature != signature:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, TypeError):
        return None
    model.load_state_dict(_under(tensors, "model."))
    weights.load_state_dict(_under(tensors, "weights."))
    state = optimizer.state_dict()
    restored: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "optimizer.").items():
        number, key = name.split(".", 1)
        restored.setdefault(int(number), {})[key] = value
    state["state"] = restored
    optimizer.load_state_dict(state)
    return progress, _under(tensors, "best.")


def save_stage(path: Path, signature: str, note: Mapping[str, object], model: JointModel) -> None:
    """Write the weights after the first stage, with a JSON note on how it went."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".writing")
    weights = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    told = json.dumps({"signature": signature, "note": note})
    save_file(weights, unfinished, metadata={"stage": told})
    os.replace(unfinished, path)


def load_stage(path: Path, signature: str, model: JointModel) -> dict[str, Any] | None:
    """Put the weights after the first stage into the model.

    Returns
    -------
    dict or None
        The note; None where there is no such file, where it cannot be read, or where it is of
        other data or settings.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            told = json.loads(file.metadata()["stage"])
            if told["signature"] != signature:
                return None
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, TypeError):
        return None
    model.load_state_dict(weights)
    note: dict[str, Any] = told["note"]
    return note


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
