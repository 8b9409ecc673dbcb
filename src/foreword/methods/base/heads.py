"""A trained linear layer that reads a task's classes off, beside any method.

Comes in:  a method, the number of classes.      Goes out: the same method, whose answers are classes.
The layer reads what goes into the output layer at the answer's place: a masked model's mask, the last word of any other; or, where
every word has a tag, each word's last token.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from foreword.backbone import Backbone, Texts
from foreword.errors import PrefixMismatch
from foreword.methods.base.method import Method
from foreword.prefix import Injection
from foreword.prefix.reparam import num_parameters

HEAD = "class_head."  # before the names of the layer's tensors


def class_head(backbone: Backbone, num_classes: int, generator: torch.Generator) -> nn.Linear:
    """Started small at random, its bias at zero."""
    width = backbone.output_dim
    head = nn.Linear(width, num_classes, device=backbone.device)
    with torch.no_grad():
        head.weight.copy_(torch.randn(num_classes, width, generator=generator) * width**-0.5)
        head.bias.zero_()
    return head


def named(head: nn.Linear) -> dict[str, nn.Parameter]:
    return {f"{HEAD}{name}": parameter for name, parameter in head.named_parameters()}


def exported_of(head: nn.Linear) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in named(head).items()}


def without_head(exported: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `export` gave of anything but the layer."""
    return {name: tensor for name, tensor in exported.items() if not name.startswith(HEAD)}


def load_head(head: nn.Linear, exported: Mapping[str, Tensor]) -> None:
    """Put in its place what `export` gave of the layer. Raises PrefixMismatch: for other classes or widths."""
    given = {name: tensor for name, tensor in exported.items() if name.startswith(HEAD)}
    parameters = named(head)
    if {n: tuple(t.shape) for n, t in given.items()} != {n: tuple(p.shape) for n, p in parameters.items()}:
        raise PrefixMismatch(f"this layer does not read {head.out_features} classes off {head.in_features} numbers.")
    with torch.no_grad():
        for name, tensor in given.items():
            parameters[name].copy_(tensor)


class Headed(Method):
    """A method as it is, and the layer."""

    reads_classes = True

    def __init__(self, inner: Method, num_classes: int, seed: int = 0):
        self.backbone, self.inner = inner.backbone, inner
        self.trains_backbone, self.reads_text, self.draws = inner.trains_backbone, inner.reads_text, inner.draws
        self.num_prompts, self.behind_source = inner.num_prompts, inner.behind_source
        self.takes_places = inner.takes_places
        self.head = class_head(self.backbone, num_classes, torch.Generator().manual_seed(seed))

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return self.inner.trained_parameters() | named(self.head)

    def injection(self, texts: Texts | None = None) -> Injection | None:
        return self.inner.injection(texts)

    @property
    def num_positions(self) -> int:
        return self.inner.num_positions

    @property
    def num_added(self) -> int:
        return self.inner.num_added

    @property
    def words_in_front(self) -> bool:
        return self.inner.words_in_front

    def arrange(self, source: list[int]) -> list[int]:
        return self.inner.arrange(source)

    def log_shares(self, texts: Texts) -> Tensor:
        return self.inner.log_shares(texts)

    def read(self, hidden: Tensor) -> Tensor:
        return self.head(hidden.float())

    @property
    def num_stored(self) -> int:
        return self.inner.num_stored + num_parameters(self.head)

    def facts(self) -> dict[str, Any]:
        return self.inner.facts()

    def export(self) -> dict[str, Tensor]:
        return self.inner.export() | exported_of(self.head)

    def load(self, exported: Mapping[str, Tensor]) -> None:
        self.inner.load(without_head(exported))
        load_head(self.head, exported)

    def start(self, exported: Mapping[str, Tensor]) -> None:
        self.inner.start(exported)
