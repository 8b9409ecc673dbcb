"""Every knob there is: an experiment as data, frozen and checked before anything is loaded.

Comes in:  a TOML file and `section.key=value` overrides.      Goes out: a Recipe, or an error naming the setting at fault.
Imports no torch. The classes that do the work take plain arguments, never a recipe.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

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
from pydantic_core import ErrorDetails

from foreword.errors import BadRecipe, UnknownName


class Section(BaseModel):
    """A part of a recipe: immutable; a key nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BackboneRecipe(Section):
    """The frozen model."""

    name: str = Field("scribe", description="an embedded backbone, a model folder, or a name on the hub")
    revision: str = Field("", description="hub commit, 40 hex digits; required for hub names")
    dtype: Literal["auto", "float32", "bfloat16"] = Field("auto", description="precision; auto measures what is faster here")
    device: str = Field("auto", description="auto, cpu, cuda, mps")


class TaskRecipe(BaseModel):
    """The data. Further keys are the task's own arguments, e.g. voice = "poet" for bulletins."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field("bulletins", description="one of `foreword list tasks`")
    path: str = Field("", description="folder of the data set's official files")
    train_size: NonNegativeInt = Field(0, description="train on a subset of this many pairs (low data); 0 = all")
    subset_seed: NonNegativeInt = Field(0, description="which subset")
    dev_size: NonNegativeInt = Field(0, description="use a subset of this many dev examples; 0 = all")
    max_source_len: NonNegativeInt = Field(0, description="cut sources to this many tokens; 0 = what the backbone can take")
    max_target_len: PositiveInt = Field(128, description="cut targets to this many tokens in training")

    @property
    def arguments(self) -> dict[str, Any]:
        """The task's own arguments, as plain values."""
        return dict(self.model_extra or {})


class PrefixRecipe(Section):
    """Prefix-tuning (Li and Liang, 2021, arXiv:2101.00190)."""

    name: Literal["prefix-tuning"] = "prefix-tuning"
    prefix_len: PositiveInt = Field(10, description="trained positions per layer (P)")
    mlp_dim: NonNegativeInt = Field(512, description="hidden size of the reparameterization MLP; 0 trains keys and values directly")
    init: Literal["random", "zero", "words", "prefix"] = Field("random", description="where the first values come from")
    init_words: str = Field("", description="words whose activations start the prefix, when init = 'words'")
    init_prefix: str = Field("", description="a prefix file, or a store reference like store/e2e@1, when init = 'prefix'")

    @model_validator(mode="after")
    def what_init_needs_is_given(self) -> Self:
        if self.init == "words" and not self.init_words:
            raise ValueError("init = 'words' needs init_words, e.g. 'summarize the article'")
        if self.init == "prefix" and not self.init_prefix:
            raise ValueError("init = 'prefix' needs init_prefix, e.g. 'store/e2e@1'")
        return self


class FullFineTuningRecipe(Section):
    """Every weight of the backbone is trained: the baseline each method is held against."""

    name: Literal["full-finetuning"] = "full-finetuning"


AnyMethodRecipe = Annotated[PrefixRecipe | FullFineTuningRecipe, Field(discriminator="name")]
METHOD_RECIPES = {"prefix-tuning": PrefixRecipe, "full-finetuning": FullFineTuningRecipe}


class TrainRecipe(Section):
    """The one loop. Defaults are the prefix-tuning paper's where it has one."""

    lr: PositiveFloat = Field(8e-5, description="highest learning rate")
    epochs: PositiveFloat = Field(5, description="passes over the training pairs")
    max_steps: NonNegativeInt = Field(0, description="stop after this many steps; 0 = as many as the epochs need")
    batch_size: PositiveInt = Field(10, description="pairs per optimizer step, over all processes")
    accumulate: PositiveInt = Field(1, description="parts in which a batch is computed, to save memory")
    objective: Literal["sum", "token-mean"] = Field("sum", description="loss summed over a text's tokens (the paper) or averaged")
    optimizer: Literal["adamw", "adafactor"] = "adamw"
    weight_decay: NonNegativeFloat = 0.0
    warmup_steps: NonNegativeInt = 0
    schedule: Literal["linear", "constant"] = Field("linear", description="of the learning rate after the warm-up")
    clip: NonNegativeFloat = Field(1.0, description="largest gradient norm; 0 = no clipping")
    lm_dropout: bool = Field(False, description="keep the backbone's own dropout on in training")
    checkpointing: bool = Field(False, description="recompute activations in the backward pass, to save memory")
    seed: NonNegativeInt = 0
    log_every: PositiveInt = Field(20, description="steps between log lines")
    save_every: NonNegativeInt = Field(200, description="steps between checkpoints; 0 = only at evaluations and the end")
    eval_every: NonNegativeInt = Field(0, description="steps between evaluations on dev; 0 = once an epoch")
    dev_metrics: tuple[str, ...] = Field((), description="metrics of generated dev texts at every evaluation")
    select: str = Field("loss", description="what chooses the best checkpoint: loss, or one of dev_metrics")
    patience: NonNegativeInt = Field(0, description="stop after this many evaluations without a better one; 0 = never")
    trackers: tuple[Literal["tensorboard", "wandb"], ...] = Field((), description="where else to send the log")

    @model_validator(mode="after")
    def parts_fit(self) -> Self:
        if self.batch_size % self.accumulate:
            raise ValueError(f"accumulate must divide batch_size, got {self.accumulate} and {self.batch_size}")
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

    preset: Literal["greedy", "li-liang", "li-liang-summaries", "lora", "sample"] = "greedy"
    beams: PositiveInt = 1
    sample: bool = False
    temperature: PositiveFloat = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: NonNegativeInt = Field(0, description="sample among the k likeliest tokens; 0 = all")
    min_new_tokens: NonNegativeInt = 0
    max_new_tokens: PositiveInt = 100
    length_penalty: float = 1.0
    no_repeat_ngram: NonNegativeInt = 0
    no_newlines: bool = Field(False, description="never write a line break")
    batch_size: PositiveInt = Field(32, description="rows decoded together")
    seed: NonNegativeInt = Field(0, description="of sampling")

    @model_validator(mode="before")
    @classmethod
    def preset_fills_in(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            return {**PRESETS.get(given.get("preset", "greedy"), {}), **given}
        return given


class EvalRecipe(Section):
    """Scoring."""

    split: str = Field("test", description="which split `foreword eval` scores")
    metrics: tuple[str, ...] = Field((), description="by name; none = the task's own")
    size: NonNegativeInt = Field(0, description="score only the first so many examples; 0 = all")
    resamples: PositiveInt = Field(1000, description="of the bootstrap behind the confidence intervals")


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
            return {**given, "method": {"name": "prefix-tuning", **given["method"]}}
        return given

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Raises BadRecipe or UnknownName, a line for each setting at fault."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise explained(error, given) from None

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def read_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe file with overrides like "method.prefix_len=20" applied.

    Raises:
        BadRecipe, UnknownName: the file cannot be read, or a setting is wrong.
    """
    path = Path(path)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRecipe(f"recipe {path} does not exist. `foreword list recipes` shows those that ship.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecipe(f"recipe {path} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadRecipe(f"recipe {path} is not valid TOML: {error}.") from None
    return Recipe.from_dict(with_overrides(given, overrides))


def with_overrides(given: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """The same settings with `section.key=value` applied. Choosing another method.name leaves the old method's keys behind."""
    merged = {section: dict(keys) if isinstance(keys, Mapping) else keys for section, keys in given.items()}
    parsed = [parse_override(text) for text in overrides]
    old_method = merged.get("method", {}).get("name", "prefix-tuning")
    for section, key, value in parsed:
        if (section, key) == ("method", "name") and value != old_method:
            merged["method"] = {}
    for section, key, value in parsed:
        merged.setdefault(section, {})
        if not isinstance(merged[section], dict):
            raise BadRecipe(f"{section} must be a section, got {merged[section]!r}.")
        merged[section][key] = value
    return merged


def parse_override(text: str) -> tuple[str, str, Any]:
    """("method", "prefix_len", 20) from "method.prefix_len=20"; what is not a TOML value is taken as text."""
    name, equals, raw = text.partition("=")
    section, dot, key = name.strip().partition(".")
    if not equals or (not dot and section not in Recipe.model_fields):
        raise BadRecipe(f"--set wants section.key=value, e.g. method.prefix_len=20; got {text!r}.")
    if not dot:
        raise BadRecipe(f"{section} is a section: set one of its keys, e.g. {section}.{next(iter(known_keys(section)))}=...")
    try:
        return section, key, tomllib.loads(f"value = {raw.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return section, key, raw.strip()


def known_keys(section: str, method: str = "prefix-tuning") -> list[str]:
    """The keys of a section."""
    if section == "method":
        return list(METHOD_RECIPES.get(method, PrefixRecipe).model_fields)
    annotation = Recipe.model_fields[section].annotation
    assert isinstance(annotation, type), annotation
    assert issubclass(annotation, BaseModel), annotation
    return list(annotation.model_fields)


def explained(error: ValidationError, given: Mapping[str, Any]) -> BadRecipe | UnknownName:
    """Pydantic's findings in our words; an unknown key first, since it is the commonest slip."""
    findings = error.errors(include_url=False)
    for finding in findings:
        if finding["type"] == "extra_forbidden":
            return unknown_setting(finding, given)
        if finding["type"] == "union_tag_invalid":
            return UnknownName("method", str(finding["input"].get("name")), METHOD_RECIPES)
    return BadRecipe("\n".join(one_line(finding) for finding in findings))


def unknown_setting(finding: ErrorDetails, given: Mapping[str, Any]) -> UnknownName:
    section, *rest = settings_path(finding)
    if not rest:
        return UnknownName("section", section, Recipe.model_fields)
    method = given.get("method", {}).get("name", "prefix-tuning")
    known = [f"{section}.{key}" for key in known_keys(section, method)]
    return UnknownName("setting", f"{section}.{rest[0]}", known)


def settings_path(finding: ErrorDetails) -> list[str]:
    """["method", "prefix_len"], without the union tag that Pydantic puts between."""
    parts = [str(part) for part in finding["loc"]]
    return [part for i, part in enumerate(parts) if not (i == 1 and part in METHOD_RECIPES)]


def one_line(finding: ErrorDetails) -> str:
    name, value, context = ".".join(settings_path(finding)), finding["input"], finding.get("ctx", {})
    kind = finding["type"]
    if kind == "greater_than_equal":
        return f"{name} must be at least {context['ge']}, got {value}."
    if kind == "greater_than":
        bound = "at least 1" if isinstance(value, int) and context["gt"] == 0 and is_integer_setting(name) else f"more than {context['gt']}"
        return f"{name} must be {bound}, got {value}."
    if kind == "less_than_equal":
        return f"{name} must be at most {context['le']}, got {value}."
    if kind == "literal_error":
        return f"{name} must be {context['expected']}, got {value!r}."
    if kind == "value_error":
        return f"{name}: {context['error']}."
    if kind.startswith(("int", "float", "bool", "string", "tuple")):
        return f"{name} wants {kind.split('_')[0]}, got {value!r}."
    if kind.startswith("model"):
        return f"{name} is a section, e.g. [{name}], got {value!r}."
    return f"{name}: {finding['msg']}, got {value!r}."


def is_integer_setting(name: str) -> bool:
    """Whether a setting takes whole numbers, so that "more than 0" reads "at least 1"."""
    section, _, key = name.partition(".")
    for model in METHOD_RECIPES.values() if section == "method" else (Recipe.model_fields[section].annotation,):
        field = model.model_fields.get(key)  # type: ignore[union-attr]
        if field is not None:
            annotation = field.annotation
            options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
            return int in options
    return False
