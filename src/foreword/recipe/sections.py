"""Every knob there is, with its help, its default and what it may be.

Comes in:  nested plain values.      Goes out: a Recipe, or an error naming the setting at fault.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from foreword.recipe.faults import explained

Names = Annotated[tuple[str, ...], Field(strict=False)]  # a list in TOML and JSON


class Section(BaseModel):
    """A part of a recipe: immutable; a key nobody knows is an error, and so is a value of another type (true is not 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class BackboneRecipe(Section):
    """The frozen model."""

    name: str = Field(default="scribe", description="an embedded backbone, a model folder, or a name on the hub")
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
    max_source_len: NonNegativeInt = Field(
        default=0, description="cut sources to this many tokens; 0 = what the backbone can take"
    )
    max_target_len: PositiveInt = Field(default=128, description="cut targets to this many tokens in training")

    @property
    def arguments(self) -> dict[str, Any]:
        """The task's own arguments, as plain values."""
        return dict(self.model_extra or {})


class PrefixRecipe(Section):
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


class FullFineTuningRecipe(Section):
    """Every weight of the backbone is trained: the baseline each method is held against."""

    name: Literal["full-finetuning"] = Field(default="full-finetuning", description="one of `foreword list methods`")


AnyMethodRecipe = Annotated[PrefixRecipe | FullFineTuningRecipe, Field(discriminator="name")]
METHOD_RECIPES = {"prefix-tuning": PrefixRecipe, "full-finetuning": FullFineTuningRecipe}
DEFAULT_METHOD = "prefix-tuning"


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
    optimizer: Literal["adamw", "adafactor"] = Field(default="adamw", description="adafactor: with the lr it is given")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="decoupled from the gradient (AdamW)")
    warmup_steps: NonNegativeInt = Field(default=0, description="steps over which the learning rate rises from 0 to lr")
    schedule: Literal["linear", "constant"] = Field(
        default="linear", description="how the learning rate moves after the warm-up: down to 0, or level"
    )
    clip: NonNegativeFloat = Field(default=1.0, description="largest gradient norm; 0 = no clipping")
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


PRESETS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "li-liang": {"beams": 5, "min_new_tokens": 5, "max_new_tokens": 100, "no_newlines": True},
    "li-liang-summaries": {"beams": 6, "min_new_tokens": 11, "max_new_tokens": 62},
    "lora": {"beams": 10, "length_penalty": 0.8, "no_repeat_ngram": 4, "max_new_tokens": 100},
    "sample": {"sample": True, "temperature": 0.8, "top_p": 0.95},
}


class GenerateRecipe(Section):
    """Decoding. A preset sets the keys that are not given: greedy, li-liang, li-liang-summaries, lora, sample."""

    preset: Literal["greedy", "li-liang", "li-liang-summaries", "lora", "sample"] = Field(
        default="greedy",
        description="fills in what is not given: greedy; li-liang (the paper's tables: beams 5), li-liang-summaries (beams 6), "
        "lora (the LoRA paper's E2E: beams 10), sample (top-p 0.95, temperature 0.8)",
    )
    beams: PositiveInt = Field(default=1, description="beams of the beam search; 1 = none (num_beams in transformers)")
    sample: bool = Field(default=False, description="draw tokens instead of taking the likeliest")
    temperature: PositiveFloat = Field(default=1.0, description="of sampling")
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="sample among the likeliest tokens that together have this share"
    )
    top_k: NonNegativeInt = Field(default=0, description="sample among the k likeliest tokens; 0 = all")
    min_new_tokens: NonNegativeInt = Field(default=0, description="a text ends no earlier")
    max_new_tokens: PositiveInt = Field(default=100, description="a text is cut here")
    length_penalty: float = Field(
        default=1.0, description="above 1 beam search prefers longer texts, below 1 shorter ones"
    )
    no_repeat_ngram: NonNegativeInt = Field(
        default=0,
        description="no run of so many tokens twice in a text; 0 = free (no_repeat_ngram_size in transformers)",
    )
    no_newlines: bool = Field(default=False, description="never write a line break")
    batch_size: PositiveInt = Field(default=32, description="rows decoded together")
    seed: NonNegativeInt = Field(default=0, description="seed of sampling")

    @model_validator(mode="before")
    @classmethod
    def preset_fills_in(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            return {**PRESETS.get(str(given.get("preset", "greedy")), {}), **given}
        return given

    @model_validator(mode="after")
    def every_key_has_an_effect(self) -> Self:
        for key in ("temperature", "top_p", "top_k"):
            value, default = getattr(self, key), type(self).model_fields[key].default
            if value != default and not self.sample:
                raise ValueError(f"{key} = {value} needs sample = true; without it the likeliest token is taken")
        if self.length_penalty != 1.0 and self.beams == 1:
            raise ValueError(f"length_penalty = {self.length_penalty} needs beams > 1; nothing else weighs lengths")
        if self.min_new_tokens > self.max_new_tokens:
            raise ValueError(
                f"min_new_tokens = {self.min_new_tokens} is more than max_new_tokens = {self.max_new_tokens}"
            )
        return self


class EvalRecipe(Section):
    """Scoring."""

    split: str = Field(default="test", description="which split `foreword eval` scores")
    metrics: Names = Field(default=(), description="by name; none = the task's own")
    size: NonNegativeInt = Field(default=0, description="score only the first N examples; 0 = all")
    resamples: PositiveInt = Field(default=1000, description="bootstrap resamples behind the confidence intervals")


class Recipe(Section):
    """One experiment."""

    backbone: BackboneRecipe = BackboneRecipe()
    task: TaskRecipe = TaskRecipe()
    method: AnyMethodRecipe = PrefixRecipe()
    train: TrainRecipe = TrainRecipe()
    generate: GenerateRecipe = GenerateRecipe()
    eval: EvalRecipe = EvalRecipe()

    @model_validator(mode="before")
    @classmethod
    def method_has_a_name(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and isinstance(given.get("method"), Mapping):
            return {**given, "method": {"name": DEFAULT_METHOD, **given["method"]}}
        return given

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Raises BadRecipe or UnknownName, a line for each setting at fault."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise explained(error, sections_of(given), METHOD_RECIPES) from None

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def settings() -> dict[str, tuple[Any, str]]:
    """Every setting there is, "section.key" -> (default, meaning); [method]'s are told for each method."""
    found: dict[str, tuple[Any, str]] = {}
    for section, model in sections_of({}).items():
        models = METHOD_RECIPES.values() if section == "method" else [model]
        for fields in (m.model_fields for m in models):
            for key, field in fields.items():
                found.setdefault(f"{section}.{key}", (field.default, field.description or ""))
    return found


def sections_of(given: Mapping[str, Any]) -> dict[str, type[BaseModel]]:
    """Section to the model that reads it; what reads [method] depends on the method that is named."""
    method = given.get("method")
    name = method.get("name", DEFAULT_METHOD) if isinstance(method, Mapping) else DEFAULT_METHOD
    sections: dict[str, Any] = {name: field.annotation for name, field in Recipe.model_fields.items()}
    return sections | {"method": METHOD_RECIPES.get(str(name), PrefixRecipe)}
