"""A model's layers and where their parts join: found by who asks for attention and what runs after, without knowing any model.

Comes in:  a model whose attention is marked with its sites.      Goes out: its stacks, layer by layer, from the bottom to the top.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from foreword.errors import UnsupportedBackbone
from foreword.prefix import Seam
from foreword.prefix.seam import MARK, AttentionSite


@dataclass(frozen=True)
class Layer:
    """One layer of a stack.

    name:   as in `model.named_parameters()`.
    joins:  the projections whose outputs are added to what flows through the layer, in the order they run: one after each
            attention, and the feed-forward part's last.
    norms:  the norms over the whole width.
    """

    name: str
    module: nn.Module
    joins: tuple[nn.Module, ...]
    norms: tuple[nn.Module, ...]


def stacks_of(model: PreTrainedModel, seam: Seam, trial: Mapping[str, Any], name: str) -> dict[str, list[Layer]]:
    """ "encoder" and "decoder" -> their layers, from the bottom to the top.

    Args:
        trial: what the model is run on once, to see the order in which its parts run.
        name: of the model, for messages.
    """
    stacks: dict[str, list[str]] = {}
    around: dict[nn.Module, str] = {}  # attention module -> its layer
    for path, module in model.named_modules():
        where: AttentionSite | None = getattr(module, MARK, None)
        if where is not None:
            around[module] = layer_around(model, path)
            if where.site != "cross":
                stacks.setdefault(where.site, []).append(around[module])
    joins = joins_of(model, seam, trial, around)
    width = model.config.get_text_config(decoder=True).hidden_size
    found: dict[str, list[Layer]] = {}
    for stack, names in stacks.items():
        for layer in names:
            if any(width not in join.weight.shape for join in joins[layer]):
                raise UnsupportedBackbone(f"{name}: it is not clear where the parts of {layer} join.")
            module = model.get_submodule(layer)
            norms = tuple(m for m in leaves(module) if m.weight.shape == (width,))
            found.setdefault(stack, []).append(Layer(layer, module, joins[layer], norms))
    return found


def layer_around(model: PreTrainedModel, path: str) -> str:
    """The name of the layer that an attention module is part of: the outermost list's, as T5 lists a layer's parts as well."""
    parts = path.split(".")
    for end in range(1, len(parts)):
        if isinstance(model.get_submodule(".".join(parts[:end])), nn.ModuleList):
            return ".".join(parts[: end + 1])
    return path


def joins_of(
    model: PreTrainedModel, seam: Seam, trial: Mapping[str, Any], around: Mapping[nn.Module, str]
) -> dict[str, tuple[nn.Module, ...]]:
    """Layer -> the projection that runs first after each of its attentions, and the one that runs last."""
    ran: dict[str, list[tuple[nn.Module, int]]] = {
        layer: [] for layer in around.values()
    }  # with the attentions before it
    hooks = []
    with torch.no_grad(), seam.recording() as asked:
        for layer in ran:
            for leaf in leaves(model.get_submodule(layer)):
                if leaf.weight.ndim == 2 and not isinstance(leaf, nn.Embedding):
                    note = ran[layer]
                    hooks.append(leaf.register_forward_hook(lambda m, _, out, note=note: note.append((m, len(asked)))))
        model(**trial, use_cache=False)
    for hook in hooks:
        hook.remove()
    joins = {layer: [] for layer in ran}
    for number, call in enumerate(asked, start=1):
        layer = around[call.module]
        joins[layer].append(next(leaf for leaf, before in ran[layer] if before == number))
    return {layer: (*after, ran[layer][-1][0]) for layer, after in joins.items()}


def leaves(module: nn.Module) -> list[Any]:
    """The parts that have no parts, and have a weight."""
    parts = [m for m in module.modules() if not any(True for _ in m.children())]
    return [m for m in parts if isinstance(getattr(m, "weight", None), nn.Parameter)]
