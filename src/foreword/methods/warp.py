"""WARP: vectors around the source are trained, and vectors that stand for the classes.

Source: Hambardzumyan et al. (2021), arXiv:2101.00121. What differs: the text's vectors start from common words drawn at random,
theirs from the mask, which only masked models have; the classes' from their words.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.errors import PrefixMismatch
from foreword.methods.base.prompts import DirectPrompt, first_vectors
from foreword.methods.base.soft_prompt import SoftPromptMethod
from foreword.methods.base.template import TrainedTemplate, places_of
from foreword.prefix import Prefix


class Settings(TrainedTemplate):
    """Vectors around the text and vectors for the classes (Hambardzumyan et al., 2021, arXiv:2101.00121)."""

    name: Literal["warp"] = Field(default="warp", description="one of `foreword list methods`")
    head: Literal[True] = Field(default=True, description="always: the classes' vectors are trained")
    template: str = Field(
        default="{soft:4} {source} {soft:4}", description="words, {source} and {soft:3} (three vectors) in their order"
    )


class WARP(SoftPromptMethod):
    """A prompt, and a vector for each class."""

    reads_classes = True
    takes_places = True

    def __init__(
        self,
        backbone: Backbone,
        template: str = "{soft:4} {source} {soft:4}",
        words: Sequence[int | None] = (),
        seed: int = 0,
        within: int = 0,
    ):
        """`words`: the token that each class' vector starts from; None: from chance."""
        start = first_vectors(backbone, places_of(template, within), "vocabulary", "", seed)
        super().__init__(backbone, template, DirectPrompt(start), within)
        rows, generator = backbone.output_vectors, torch.Generator().manual_seed(seed)
        chance = rows.std() * torch.randn(len(words), rows.shape[1], generator=generator)
        own = [chance[i] if word is None else rows[word] for i, word in enumerate(words)]
        self.classes = nn.Parameter(torch.stack(own).to(backbone.device))

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return super().trained_parameters() | {"classes": self.classes}

    def read(self, hidden: Tensor) -> Tensor:
        return hidden.float() @ self.classes.T

    def export(self) -> dict[str, Tensor]:
        return super().export() | {"classes": self.classes.detach().clone()}

    def start(self, exported: Mapping[str, Tensor]) -> None:
        """The classes' vectors stay its own: another task has other classes."""
        super().start({**exported, "classes": self.classes.detach().clone()})

    def load(self, exported: Mapping[str, Tensor]) -> None:
        rest = dict(exported)
        classes = rest.pop("classes", None)
        if classes is None or classes.shape != self.classes.shape:
            raise PrefixMismatch(f"these vectors are not for the {len(self.classes)} classes of this task.")
        super().load(rest)
        with torch.no_grad():
            self.classes.copy_(classes)

    def prefix(self) -> Prefix | None:
        """The classes' vectors are no part of a prefix."""
        return None
