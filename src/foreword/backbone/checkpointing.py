"""Gradient checkpointing for a frozen model: layers forget their activations and compute them again in the backward pass.

Comes in:  a model and its seam.      Goes out: the same model, each of its layers recomputing.
transformers checkpoints only in training mode, which would turn dropout on; a frozen model stays in eval mode. So its layers
are wrapped here. Each remembers the injection it saw, which may be gone, or another one, when the backward pass comes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from foreword.prefix import Seam


def set_checkpointing(model: PreTrainedModel, seam: Seam, on: bool) -> int:
    """Wrap every layer's forward, or take the wrapping off; returns how many layers there are."""
    layers: list[nn.Module] = [m for m in model.modules() if isinstance(m, GradientCheckpointingLayer)]
    for layer in layers:
        layer.__dict__.pop("forward", None)  # what was wrapped is the class's own
        if on:
            layer.forward = partial(forgetful, seam, layer.forward)
    return len(layers)


def forgetful(seam: Seam, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """One layer's forward pass, with nothing kept but its inputs."""
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)
    then = seam.now

    def again(*args: Any, **kwargs: Any) -> Any:
        with seam.resumed(then):
            return forward(*args, **kwargs)

    return checkpoint(again, *args, use_reentrant=False, **kwargs)
