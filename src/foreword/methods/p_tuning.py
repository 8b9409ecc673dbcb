"""P-tuning: trained vectors anywhere among the words of a template, made by a small network while they are trained.

Source: Liu et al. (2021), arXiv:2103.10385, and their code: one vector per place -> LSTM in both directions, two layers ->
Linear -> ReLU -> Linear. What differs: the backbone stays frozen (the paper also trains it on SuperGLUE); the places' own
vectors start from uniform(-0.5, 0.5), theirs from a normal distribution.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.methods.base.prompts import DirectPrompt, first_vectors
from foreword.methods.base.soft_prompt import SoftPromptMethod
from foreword.methods.base.template import TrainedTemplate, places_of


class Settings(TrainedTemplate):
    """Vectors anywhere in a template, behind a prompt encoder (Liu et al., 2021, arXiv:2103.10385)."""

    name: Literal["p-tuning"] = Field(default="p-tuning", description="one of `foreword list methods`")
    template: str = Field(
        default="{soft:10} {source} {soft:10}",
        description="words, {source} and {soft:3} (three vectors) in their order, e.g. '{soft:5} {source} In short: {soft:5}'",
    )
    encoder: Literal["lstm", "mlp", "none"] = Field(default="lstm", description="what makes the vectors in training")


class PTuning(SoftPromptMethod):
    """One prompt for the whole task, wherever the template puts its parts."""

    takes_places = True

    def __init__(
        self, backbone: Backbone, template: str = "{soft:10} {source} {soft:10}", encoder: str = "lstm", seed: int = 0,
        within: int = 0,
    ):  # fmt: skip
        start = first_vectors(backbone, places_of(template, within), "random", "", seed)
        made_by = DirectPrompt(start) if encoder == "none" else Encoded(start, encoder, seed)
        super().__init__(backbone, template, made_by, within)


class Encoded(nn.Module):
    """Vectors [N, E] behind the prompt encoder."""

    def __init__(self, start: Tensor, encoder: str, seed: int):
        super().__init__()
        width = start.shape[1]
        self.places = nn.Parameter(start.clone())
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            both_ways = {"num_layers": 2, "bidirectional": True, "batch_first": True}
            self.lstm = nn.LSTM(width, width // 2, **both_ways) if encoder == "lstm" else None
            self.inner = nn.Linear(width if self.lstm is None else width // 2 * 2, width)
            self.outer = nn.Linear(width, width)

    def forward(self) -> Tensor:
        made = self.places if self.lstm is None else self.lstm(self.places[None])[0][0]
        return self.outer(torch.relu(self.inner(made)))
