"""Methods that put small networks of their own into the backbone: they differ in which, and where.

Comes in:  a backbone; each network is hooked before or behind a part of it and changes what goes in or comes out.
Goes out:  nothing to inject; the networks' weights. The backbone's own are not touched.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from foreword.backbone import Backbone
from foreword.methods.base.method import Method


@dataclass(frozen=True)
class Before:
    """The way into a part, where a part alone is the way out of it."""

    module: nn.Module


Part = nn.Module | Before
Placed = dict[str, tuple[Sequence[Part], nn.Module]]  # name -> (parts of the model, the network at each of them)


class ModulesMethod(Method):
    """The networks are the method's parameters."""

    def __init__(self, backbone: Backbone, seed: int = 0, **settings: Any):
        self.backbone = backbone
        placed = self.networks_for(backbone, seed, **settings)
        self.networks = nn.ModuleDict({name: network for name, (_, network) in placed.items()}).to(backbone.device)
        for parts, network in placed.values():
            for part in parts:
                hook(part, network)
        backbone.alter(self.networks)

    @abstractmethod
    def networks_for(self, backbone: Backbone, seed: int, **settings: Any) -> Placed:
        """Which networks, and where."""

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.networks.named_parameters())


def hook(part: Part, network: nn.Module) -> None:
    """Let the network change what comes out of a part, or goes into it; of several tensors the first."""
    if isinstance(part, Before):
        part.module.register_forward_pre_hook(lambda module, given: changed(network, given))
    else:
        part.register_forward_hook(lambda module, given, out: changed(network, out))


def changed(network: nn.Module, tensors: Any) -> Any:
    if isinstance(tensors, torch.Tensor):
        return network(tensors)
    return (network(tensors[0]), *tensors[1:])
