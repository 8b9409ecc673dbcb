"""Prompt tuning: vectors in front of the text's words are trained; the backbone is not.

Comes in:  a backbone, the prompt's length, where it starts.      Goes out: vectors in the text; in decoder-only models, at the end,
the prefix that they are.

Sources: Lester et al. (2021), arXiv:2104.08691 (`mlp_dim` = 0); the embedding-only ablation of Li and Liang (2021),
arXiv:2101.00190, is the same behind an MLP (`mlp_dim` = 512). What differs: "the 5,000 most common words" are the vocabulary's
first 5,000 tokens of two letters or more, which stand there in the order of frequency; around the MLP goes a way of its own, and
its last layer begins at zero, so that it too starts from words.
"""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from foreword.backbone import Backbone
from foreword.marks import SOURCE
from foreword.methods.base.prompts import first_vectors, prompt_of
from foreword.methods.base.soft_prompt import SoftPromptMethod
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """Vectors in front of the text (Lester et al., 2021, arXiv:2104.08691)."""

    name: Literal["prompt-tuning"] = Field(default="prompt-tuning", description="one of `foreword list methods`")
    prompt_len: PositiveInt = Field(default=100, description="trained vectors")
    mlp_dim: NonNegativeInt = Field(
        default=0, description="hidden size of an MLP that yields the vectors in training; 0 trains them directly"
    )
    init: Literal["random", "vocabulary", "words", "classes"] = Field(
        default="vocabulary",
        description="random: uniform(-0.5, 0.5); vocabulary: common words drawn; words: the given ones; classes: the task's words",
    )
    init_words: str = Field(default="", description="words that the first vectors start from, the rest are drawn")

    @model_validator(mode="after")
    def words_are_given_where_wanted(self) -> Self:
        if (self.init == "words") != bool(self.init_words):
            raise ValueError(
                f"init = 'words' and init_words belong together, got {self.init!r} and {self.init_words!r}"
            )
        return self


class PromptTuning(SoftPromptMethod):
    """One prompt for the whole task, in front of the text of a decoder, or of an encoder where there is one."""

    gives_prefix = True

    def __init__(
        self, backbone: Backbone, prompt_len: int = 100, mlp_dim: int = 0,
        init: str = "vocabulary", init_words: str = "", seed: int = 0, classes: Sequence[str] = (),
    ):  # fmt: skip
        """`classes`: words for the first vectors to start from, where `init` says so."""
        start = first_vectors(backbone, prompt_len, init, init_words, seed, classes)
        super().__init__(backbone, f"{{soft:{prompt_len}}} {SOURCE}", prompt_of(start, mlp_dim, seed))
