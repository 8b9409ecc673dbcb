"""Every knob there is, with its help, its default and what it may be.

Comes in:  nested plain values.      Goes out: a Recipe, or an error naming the setting at fault.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    create_model,
    model_validator,
)

from foreword.recipe.decoding import GenerateRecipe
from foreword.recipe.faults import explained
from foreword.recipe.methods import DEFAULT_METHOD, MethodRecipe, method_names, section_of
from foreword.recipe.section import Names, Section

DEFAULT_BACKBONE = "scribe"


class BackboneRecipe(Section):
    """The frozen model."""

    name: str = Field(
        default=DEFAULT_BACKBONE, description="an embedded backbone, a model folder, or a name on the hub"
    )
    revision: str = Field(default="", description="hub commit, 40 hex digits; required for hub names")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="precision; auto takes what a short timing finds faster on this machine"
    )
    device: Literal["auto", "cpu", "cuda", "mps", "xpu"] = Field(
        default="auto", description="auto takes an accelerator where there is one"
    )
    threads: NonNegativeInt = Field(default=0, description="CPU threads to compute with; 0 = as PyTorch finds right")


class TaskRecipe(BaseModel):
    """The data. Further keys are the task's own arguments, e.g. voice = "poet" for bulletins."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    name: str = Field(default="bulletins", description="one of `foreword list tasks`")
    path: str = Field(default="", description="folder of the data's files; for task hub, the data set's name")
    train_size: NonNegativeInt = Field(
        default=0, description="train on a subset of this many pairs (low data); 0 = all"
    )
    subset_seed: NonNegativeInt = Field(default=0, description="which subset")
    dev_size: NonNegativeInt = Field(default=0, description="use a subset of this many dev examples; 0 = all")
    dev_split: Literal["dev", "train"] = Field(
        default="dev",
        description="train: dev examples are training pairs that train_size leaves (needs train_size and dev_size)",
    )
    instruction: str = Field(
        default="", description="words in front of every source, in training and ever after, e.g. 'summarize:'"
    )
    max_source_len: NonNegativeInt = Field(
        default=0, description="cut sources to this many tokens; 0 = what the backbone can take"
    )
    max_target_len: PositiveInt = Field(default=128, description="cut targets to this many tokens in training")

    @model_validator(mode="after")
    def a_subset_is_drawn(self) -> Self:
        if self.subset_seed and not self.train_size and not self.dev_size:
            raise ValueError(f"subset_seed = {self.subset_seed} needs train_size or dev_size; without them all is used")
        if self.dev_split == "train" and not (self.train_size and self.dev_size):
            raise ValueError(
                "dev_split = 'train' needs train_size and dev_size: dev examples are drawn from what training leaves"
            )
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """The task's own arguments, as plain values."""
        return dict(self.model_extra or {})


class TrainRecipe(Section):
    """The one loop. Defaults are the prefix-tuning paper's where it has one."""

    lr: PositiveFloat = Field(default=8e-5, description="highest learning rate")
    epochs: PositiveFloat = Field(
        default=5, description="passes over the training pairs, unless max_steps says how long"
    )
    max_steps: NonNegativeInt = Field(
        default=0, description="train exactly so many steps, whatever epochs says; 0 = as many as the epochs need"
    )
    batch_size: PositiveInt = Field(default=10, description="pairs per optimizer step, over all processes")
    accumulate: PositiveInt = Field(default=1, description="parts in which a batch is computed, to save memory")
    objective: Literal["sum", "token-mean"] = Field(
        default="sum", description="loss summed over a text's tokens (the paper) or averaged"
    )
    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of what is wanted that is spread over the whole vocabulary, in training only",
    )
    optimizer: Literal["adamw", "adafactor"] = Field(default="adamw", description="adafactor: with the lr it is given")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="decoupled from the gradient (AdamW)")
    warmup_steps: NonNegativeInt = Field(default=0, description="steps over which the learning rate rises from 0 to lr")
    schedule: Literal["linear", "constant"] = Field(
        default="linear", description="how the learning rate moves after the warm-up: down to 0, or level"
    )
    clip: NonNegativeFloat = Field(default=1.0, description="largest gradient norm; 0 = no clipping")
    start_from: str = Field(
        default="",
        description="a run of the same method on the same model, whose trained tensors this one goes on from with another task",
    )
    lm_dropout: bool = Field(default=False, description="keep the backbone's own dropout on in training")
    checkpointing: bool = Field(default=False, description="recompute activations in the backward pass, to save memory")
    seed: NonNegativeInt = Field(default=0, description="of the first values and of the order of the pairs")
    log_every: PositiveInt = Field(default=20, description="steps between log lines")
    save_every: NonNegativeInt = Field(
        default=200, description="steps between checkpoints; 0 = only at evaluations and the end"
    )
    eval_every: NonNegativeInt = Field(default=0, description="steps between evaluations on dev; 0 = once an epoch")
    dev_metrics: Names = Field(default=(), description="metrics of generated dev texts at every evaluation")
    select: str = Field(default="loss", description="what chooses the best checkpoint: loss, or one of dev_metrics")
    patience: NonNegativeInt = Field(
        default=0, description="stop after this many evaluations without a better one; 0 = never"
    )
    trackers: tuple[Literal["tensorboard", "wandb"], ...] = Field(
        default=(), strict=False, description="where else to send the log"
    )

    @model_validator(mode="after")
    def parts_fit(self) -> Self:
        if self.accumulate > self.batch_size:
            raise ValueError(f"accumulate must be at most batch_size, got {self.accumulate} and {self.batch_size}")
        if self.select != "loss" and self.select not in self.dev_metrics:
            raise ValueError(f"select must be 'loss' or one of dev_metrics, got {self.select!r}")
        return self


class EvalRecipe(Section):
    """Scoring."""

    split: Literal["train", "dev", "test"] = Field(default="test", description="which split `foreword eval` scores")
    metrics: Names = Field(default=(), description="by name; none = the task's own")
    classifier: str = Field(
        default="", description="a run of a task of classes, which says of what class each text is: the score `control`"
    )
    size: NonNegativeInt = Field(default=0, description="score only the first N examples; 0 = all")
    resamples: PositiveInt = Field(default=1000, description="bootstrap resamples behind the confidence intervals")


class Recipe(Section):
    """One experiment."""

    backbone: BackboneRecipe = BackboneRecipe()
    task: TaskRecipe = TaskRecipe()
    method: MethodRecipe  # of the class that belongs to the method's name; see `recipe_class`
    train: TrainRecipe = TrainRecipe()
    generate: GenerateRecipe = GenerateRecipe()
    eval: EvalRecipe = EvalRecipe()

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> "Recipe":
        """Raises BadRecipe or UnknownName, a line for each setting at fault."""
        try:
            return recipe_class(method_of(given)).model_validate({"method": {}, **given})
        except ValidationError as error:
            raise explained(error, sections_of(given)) from None

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def __reduce__(self) -> tuple[Any, ...]:
        """Between processes as plain values: the class is made for its method, so pickle would not find it."""
        return Recipe.from_dict, (self.to_dict(),)


@cache
def recipe_class(method: object) -> type[Recipe]:
    """Recipe, its [method] being that method's. Raises UnknownName: there is no such method."""
    return create_model("Recipe", __base__=Recipe, method=(section_of(method), ...))


def settings() -> dict[str, tuple[Any, str]]:
    """Every setting there is, "section.key" -> (default, meaning); of [method], which methods take it is said too.

    Where two methods mean different things by one key, the second has its name behind the key.
    """
    found: dict[str, tuple[Any, str]] = {}
    for section, model in sections_of({}).items():
        if section != "method":
            for key, field in model.model_fields.items():
                found[f"{section}.{key}"] = (field.default, field.description or "")
    takers: dict[tuple[str, Any, str], list[str]] = {}
    for method in sorted(method_names(), key=lambda name: name != DEFAULT_METHOD):
        for key, field in section_of(method).model_fields.items():
            default = DEFAULT_METHOD if key == "name" else field.default
            takers.setdefault((key, default, field.description or ""), []).append(method)
    for (key, default, meaning), methods in takers.items():
        name = f"method.{key}" if f"method.{key}" not in found else f"method.{key} ({methods[0]})"
        found[name] = (default, meaning if key == "name" else f"{meaning} (of {', '.join(methods)})")
    return found


def sections_of(given: Mapping[str, Any]) -> dict[str, type[BaseModel]]:
    """Section to the model that reads it; what reads [method] depends on the method that is named."""
    sections: dict[str, Any] = {name: field.annotation for name, field in Recipe.model_fields.items()}
    sections["method"] = section_of(method_of(given))
    return sections


def method_of(given: Mapping[str, Any]) -> object:
    """The name of the method that is asked for."""
    method = given.get("method")
    return str(method.get("name", DEFAULT_METHOD)) if isinstance(method, Mapping) else DEFAULT_METHOD
