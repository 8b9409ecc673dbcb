"""The state of a run on disk: one file, written whole or not at all.

Comes in:  the method's tensors, the optimizer, plain facts.      Goes out: the same, later, bit for bit.
Everything is safetensors; the facts are JSON in its header. Nothing is unpickled.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from foreword.errors import RunError
from foreword.writing import written_whole

UNREADABLE = (OSError, SafetensorError, KeyError, json.JSONDecodeError)


def save(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a file and only then let it take the place of the old one.

    Raises:
        RunError: it cannot be written, e.g. on a full disk; what stood at `path` stays as it was.
    """
    with written_whole(path) as fresh:
        save_file({n: t.detach().cpu().contiguous() for n, t in tensors.items()}, fresh, {"facts": json.dumps(facts)})


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save` wrote.

    Raises:
        RunError: the file is missing, cut short or not one of ours.
    """
    try:
        return contents(path)
    except UNREADABLE as error:
        raise RunError(
            f"{path} cannot be read ({type(error).__name__}: {error}). Remove {path.parent} and train again."
        ) from error


def contents(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save` wrote; raises one of UNREADABLE."""
    with safe_open(path, framework="pt") as file:
        facts = json.loads((file.metadata() or {})["facts"])
        return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118


def steps_done(path: Path) -> int:
    """Steps a checkpoint holds, read from its header alone; 0 where there is none, or one that cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return int(json.loads((file.metadata() or {})["facts"])["state"]["step"])
    except UNREADABLE:
        return 0  # `load` says what is wrong with it


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Every tensor and number of an optimizer's state by name; numbers as tensors."""
    named = {}
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            if isinstance(value, Tensor):
                named[f"optimizer/{index}/{key}"] = value
            elif value is not None:
                named[f"optimizer/{index}/{key}/number"] = torch.tensor(value)  # as Adafactor counts its steps
    return named


def restore_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give a fresh optimizer the state that `optimizer_tensors` took from another."""
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer/"):
            _, index, key, *plain = name.split("/")
            state.setdefault(int(index), {})[key] = tensor.item() if plain else tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def method_tensors(parameters: Mapping[str, nn.Parameter]) -> dict[str, Tensor]:
    return {f"method/{name}": parameter for name, parameter in parameters.items()}


@torch.no_grad()
def restore_method(parameters: Mapping[str, nn.Parameter], tensors: Mapping[str, Tensor]) -> None:
    for name, parameter in parameters.items():
        parameter.copy_(tensors[f"method/{name}"])
