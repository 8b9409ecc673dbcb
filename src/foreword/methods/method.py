"""What a method is: one way to adapt a frozen backbone.

Comes in:  a backbone, once; then batches.      Goes out: which tensors the optimizer may move, what to inject, what to keep.
A method yields an Injection and attention consumes it; neither knows the other. No method knows another.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.prefix import Injection, Prefix


class Method(ABC):
    """One way to adapt a frozen backbone. Final subclasses live one per file; nothing here is overridden twice."""

    @abstractmethod
    def trained_parameters(self) -> dict[str, nn.Parameter]:
        """Exactly the tensors the optimizer may change, by name, in float32; everything else stays bit-identical."""

    @abstractmethod
    def injection(self) -> Injection | None:
        """What to add to this step's forward passes, with gradients; computed once per step."""

    @abstractmethod
    def export(self) -> dict[str, Tensor]:
        """What to keep after training, with everything needed only in training already removed."""

    @abstractmethod
    def restore(self, exported: Mapping[str, Tensor]) -> None:
        """Take up what `export` gave, for evaluation and generation."""

    @property
    @abstractmethod
    def prefix(self) -> Prefix | None:
        """The folded prefix, for methods whose result is one; None otherwise."""

    @contextmanager
    def in_place(self, backbone: Backbone) -> Iterator[None]:
        """Within the block the backbone runs with this method, as after training: the prefix folded, no gradients."""
        folded = self.prefix
        with backbone.injected(None if folded is None else Injection.of(folded.to(backbone.device))):
            yield
