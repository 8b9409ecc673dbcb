"""Soft-prompt mixtures: several prompts read the text, each with a trained share in what is said.

Comes in:  a backbone, how many prompts, where they start, what their shares follow from.
Goes out:  vectors [K, N, E] in front of the text, and shares.

Source: Qin and Eisner (2021), arXiv:2104.06599: p(y | x) = sum over prompts of p(prompt | x) * p(y | prompt, x); the shares are the
task's, or follow from the source ("data-dependent"). What differs: answers may be longer than one token, and tokens are mixed
one by one; their deltas in the layers above the words are prefix-tuning's business here; shares that follow from the source are a
trained linear layer over the mean of its words' vectors, where theirs ask the model.
"""

from collections.abc import Sequence
from typing import Literal, Self

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from foreword.backbone import Backbone, Texts
from foreword.marks import SOURCE
from foreword.methods.base.instance_tokens import mean_vectors
from foreword.methods.base.prompts import first_vectors
from foreword.methods.base.template import Template, TemplateMethod
from foreword.prefix import Injection
from foreword.recipe import MethodRecipe
from foreword.recipe.section import Names


class Settings(MethodRecipe):
    """Several prompts with trained shares (Qin and Eisner, 2021, arXiv:2104.06599)."""

    name: Literal["prompt-mixture"] = Field(default="prompt-mixture", description="one of `foreword list methods`")
    num_prompts: PositiveInt = Field(default=4, description="prompts; each reads every text, so a step costs so many")
    prompt_len: PositiveInt = Field(default=10, description="trained vectors of each")
    init: Literal["random", "vocabulary", "words"] = Field(
        default="vocabulary",
        description="random: uniform(-0.5, 0.5); vocabulary: common words drawn; words: the given ones",
    )
    init_words: Names = Field(default=(), description="words that each prompt starts from, one text for each prompt")
    shares: Literal["task", "source"] = Field(
        default="task", description="what a prompt's share follows from: the task alone, or each source's words"
    )

    @model_validator(mode="after")
    def every_prompt_has_its_words(self) -> Self:
        if (self.init == "words") != bool(self.init_words):
            raise ValueError(
                f"init = 'words' and init_words belong together, got {self.init!r} and {list(self.init_words)}"
            )
        if self.init_words and len(self.init_words) != self.num_prompts:
            raise ValueError(
                f"init_words must be one text for each of {self.num_prompts} prompts, got {len(self.init_words)}"
            )
        return self


class PromptMixture(TemplateMethod):
    """Several at once; so it is no one prefix."""

    refusal = "these prompts are not of {backbone} with these settings"

    def __init__(
        self, backbone: Backbone, num_prompts: int = 4, prompt_len: int = 10, init: str = "vocabulary",
        init_words: Sequence[str] = (), shares: str = "task", seed: int = 0,
    ):  # fmt: skip
        self.backbone, self.num_prompts = backbone, num_prompts
        self.template = Template.of(f"{{soft:{prompt_len}}} {SOURCE}", backbone)
        words = init_words or [""] * num_prompts
        starts = [
            first_vectors(backbone, prompt_len, init, words[k], seed * num_prompts + k) for k in range(num_prompts)
        ]
        self.vectors = nn.Parameter(torch.stack(starts).to(backbone.device))
        self.weight = nn.Parameter(torch.zeros(num_prompts, backbone.word_dim, device=backbone.device))
        self.bias = nn.Parameter(torch.zeros(num_prompts, device=backbone.device))
        self.by_source = shares == "source"

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        trained = {"vectors": self.vectors, "bias": self.bias}
        return trained | {"weight": self.weight} if self.by_source else trained

    def injection(self, texts: Texts | None = None) -> Injection:
        return Injection(vectors=self.vectors)

    def log_shares(self, texts: Texts) -> Tensor:
        scores = self.bias[:, None].expand(-1, len(texts.ids))
        if self.by_source:
            scores = scores + self.weight @ mean_vectors(self.backbone, texts).T
        return torch.log_softmax(scores, dim=0)
