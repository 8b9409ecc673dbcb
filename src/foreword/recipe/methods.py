"""[method]: what each way of adapting can be told. The class that does the work takes these keys as its arguments.

Comes in:  plain values.      Goes out: the section of the method that is named.
A new method: a section here, named in AnyMethod, and its file and line in `foreword/methods/`.
"""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from foreword.recipe.section import Section


class MethodRecipe(Section):
    """What all methods' sections have."""

    name: str

    @property
    def num_positions(self) -> int:
        """Positions of the backbone that the method takes from the text."""
        return 0


class PrefixRecipe(MethodRecipe):
    """Prefix-tuning (Li and Liang, 2021, arXiv:2101.00190)."""

    name: Literal["prefix-tuning"] = Field(default="prefix-tuning", description="one of `foreword list methods`")
    prefix_len: PositiveInt = Field(default=10, description="trained positions per layer (P)")
    mlp_dim: NonNegativeInt = Field(
        default=512, description="hidden size of the reparameterization MLP; 0 trains keys and values directly"
    )
    init: Literal["random", "zero", "words", "prefix"] = Field(
        default="random", description="where the first values come from"
    )
    init_words: str = Field(default="", description="words whose activations start the prefix, when init = 'words'")
    init_prefix: str = Field(
        default="",
        description="a prefix file, or a store reference like store/e2e@1, when init = 'prefix'; cut or repeated to prefix_len",
    )

    @property
    def num_positions(self) -> int:
        return self.prefix_len

    @model_validator(mode="after")
    def what_init_needs_is_given(self) -> Self:
        if self.init == "words" and not self.init_words:
            raise ValueError("init = 'words' needs init_words, e.g. 'summarize the article'")
        if self.init == "prefix" and not self.init_prefix:
            raise ValueError("init = 'prefix' needs init_prefix, e.g. 'store/e2e@1'")
        for key in ("words", "prefix"):
            given = getattr(self, f"init_{key}")
            if given and self.init != key:
                raise ValueError(f"init_{key} = {given!r} is for init = {key!r}, but init is {self.init!r}")
        return self


class FullFineTuningRecipe(MethodRecipe):
    """Every weight of the backbone is trained: the baseline each method is held against."""

    name: Literal["full-finetuning"] = Field(default="full-finetuning", description="one of `foreword list methods`")


AnyMethod = PrefixRecipe | FullFineTuningRecipe
AnyMethodRecipe = Annotated[AnyMethod, Field(discriminator="name")]
METHOD_RECIPES: dict[str, type[MethodRecipe]] = {m.model_fields["name"].default: m for m in get_args(AnyMethod)}
DEFAULT_METHOD = "prefix-tuning"
