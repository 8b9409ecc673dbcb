"""Methods that put small networks of their own into the backbone: they differ in which, and where.

Comes in:  a backbone; each network is hooked behind a part of it and changes that part's output.
Goes out:  nothing to inject; the networks' weights. The backbone's own are not touched.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.errors import PrefixMismatch
from foreword.methods.base.method import Method


class ModulesMethod(Method):
    """The networks are the method's parameters."""

    def __init__(self, backbone: Backbone, seed: int = 0, **settings: Any):
        self.backbone = backbone
        placed = self.modules_for(backbone, seed, **settings)
        self.networks = nn.ModuleDict({name: network for name, (_, network) in placed.items()}).to(backbone.device)
        for place, network in placed.values():
            place.register_forward_hook(behind(network))
        backbone.alter(self.networks)

    @abstractmethod
    def modules_for(self, backbone: Backbone, seed: int, **settings: Any) -> dict[str, tuple[nn.Module, nn.Module]]:
        """Name -> (the part of the model, the network that changes its output)."""

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.networks.named_parameters())

    def export(self) -> dict[str, Tensor]:
        return {name: parameter.detach() for name, parameter in self.networks.named_parameters()}

    def load(self, exported: Mapping[str, Tensor]) -> None:
        try:
            self.networks.load_state_dict(dict(exported))
        except RuntimeError as error:
            lines = str(error).splitlines()
            raise PrefixMismatch(
                f"these weights are not of this method on {self.backbone.name}: {lines[-1].strip()}"
            ) from None


def behind(network: nn.Module) -> Any:
    """A hook that lets the network change a part's output; of several outputs it is the first."""

    def hook(part: nn.Module, inputs: tuple, output: Any) -> Any:
        if isinstance(output, torch.Tensor):
            return network(output)
        return (network(output[0]), *output[1:])

    return hook
