"""What a method is: one way to adapt a frozen backbone.

Comes in:  a backbone, once; then batches.      Goes out: which tensors the optimizer may move, what to inject, what to keep.
A method yields an Injection and attention consumes it; neither knows the other. No method knows another.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from foreword.backbone import Backbone, Texts
from foreword.errors import PrefixMismatch
from foreword.prefix import Injection, Prefix
from foreword.prefix.reparam import num_parameters

NO_ID = 1 << 40  # no vocabulary goes that far


class Method(ABC):
    """One way to adapt a frozen backbone. Final subclasses live one per file, each beside its section of a recipe, `Settings`."""

    trains_backbone: bool = False  # its weights themselves: they are then held in float32
    reads_text: bool = False  # what it injects depends on the batch
    reads_classes: bool = False  # it has a layer of its own, instead of words, for a task's classes
    ends_at: str = ""  # where a text it has written ends, if no end marker comes before
    behind_source: bool = False  # what it adds stands behind the source, where no word of it sees it
    takes_places: bool = False  # its vectors can stand among a source's own words, where a task's template says
    gives_prefix: ClassVar[bool] = False  # in decoder-only models it ends as one: stored, mixed with others in a batch

    refusal: ClassVar[str] = "these weights are not of {backbone}"  # what `load` says of an export that does not fit
    draws: bool = False  # it draws random numbers in training
    num_prompts: int = 1  # so many read every text, a row of the injection each; what they say is mixed (`mixing.py`)
    votes: ClassVar[bool] = False  # or each writes an answer of its own, and that of the most counts (`voting.py`)
    backbone: Backbone

    @abstractmethod
    def __init__(self, backbone: Backbone, **settings: Any):
        """`settings`: the keys of the method's section in a recipe, and `seed`, from which first values are drawn."""

    @abstractmethod
    def trained_parameters(self) -> dict[str, nn.Parameter]:
        """Exactly the tensors the optimizer may change, by name, in float32; everything else stays bit-identical."""

    def injection(self, texts: Texts | None = None) -> Injection | None:
        """What to add to a forward pass, with gradients; computed once per step, or for each batch where it `reads_text`."""
        return None

    @property
    def num_positions(self) -> int:
        """Positions of a decoder's text that its keys and values take, in front of the text or within."""
        return 0

    @property
    def num_added(self) -> int:
        """Ids that `arrange` adds to a source."""
        return 0

    @property
    def words_in_front(self) -> bool:
        """Whether `arrange` puts words in front of a source: its own first word is then written as one within a text."""
        return False

    def arrange(self, source: list[int]) -> list[int]:
        """A source's ids with the method's vectors in their places, as ids -1, -2, ...; see `Injection.vectors`."""
        return source

    def places(self, columns: Sequence[int], num_ids: int) -> list[int]:
        """Where these columns of a source of so many ids stand in what `arrange` makes of it."""
        moved = {number: column for column, number in enumerate(self.arrange(list(range(NO_ID, NO_ID + num_ids))))}
        return [moved[NO_ID + column] for column in columns]

    def search(self) -> Optimizer | None:
        """What moves the trained tensors where no gradient step does: an optimizer that asks for the loss as it goes."""
        return None

    def read(self, hidden: Tensor) -> Tensor:
        """Scores of the classes [N, C] from what goes into the output layer [N, E]; nobody asks where it never `reads_classes`."""
        raise NotImplementedError(f"{type(self).__name__} reads no classes")

    def log_shares(self, texts: Texts) -> Tensor:
        """[K, B]: log of what each prompt has to say in the mixture, for each row of texts."""
        return torch.zeros(1, len(texts.ids), device=texts.ids.device)

    def export(self) -> dict[str, Tensor]:
        """What to keep after training: what was trained, unless some of it is needed in training only."""
        return {name: parameter.detach() for name, parameter in self.trained_parameters().items()}

    @property
    def num_trained(self) -> int:
        """Numbers that training finds."""
        return num_parameters(self.trained_parameters())

    @property
    def num_stored(self) -> int:
        """Numbers that are kept."""
        return num_parameters(self.export())

    @torch.no_grad()
    def load(self, exported: Mapping[str, Tensor]) -> None:
        """Take what `export` gave, here or in another process, in place of what is trained now.

        Raises:
            PrefixMismatch: it was exported for another model, or with other settings.
        """
        own = self.trained_parameters()
        here = {name: tuple(parameter.shape) for name, parameter in own.items()}
        there = {name: tuple(tensor.shape) for name, tensor in exported.items()}
        if there != here:
            name = next(iter(dict(there.items() ^ here.items())))
            refusal = self.refusal.format(backbone=self.backbone.name)
            raise PrefixMismatch(f"{refusal}: {name!r} is {there.get(name)} there and {here.get(name)} here.")
        for name, tensor in exported.items():
            own[name].copy_(tensor)

    def start(self, exported: Mapping[str, Tensor]) -> None:
        """Train on from what `export` gave, but for a layer that reads classes, as another run of the method made it.

        Raises:
            PrefixMismatch: as `load`.
        """
        self.load(exported)

    @classmethod
    def restored(cls, backbone: Backbone, exported: Mapping[str, Tensor], **settings: Any) -> Self:
        """The method as it was when `export` gave this, on a backbone fresh from its files."""
        method = cls(backbone, **settings)
        method.load(exported)
        return method

    def facts(self) -> dict[str, Any]:
        """What a reader of the run should know of what was trained, beside its size."""
        return {}

    def prefix(self) -> Prefix | None:
        """What is trained as a prefix to run the backbone with; None where the backbone itself was changed."""
        return None
