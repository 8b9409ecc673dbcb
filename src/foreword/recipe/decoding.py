"""[generate]: how texts are decoded, and the presets of the papers.

Comes in:  plain values.      Goes out: the section, a preset's values filled in where none are given.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from foreword.recipe.section import Section

PRESETS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "li-liang": {"beams": 5, "min_new_tokens": 5, "max_new_tokens": 100, "no_newlines": True},
    "li-liang-summaries": {"beams": 6, "length_penalty": 0.8, "min_new_tokens": 11, "max_new_tokens": 62},
    "lora": {"beams": 10, "length_penalty": 0.8, "no_repeat_ngram": 4, "max_new_tokens": 100},
    "sample": {"sample": True, "temperature": 0.8, "top_p": 0.95},
}


class GenerateRecipe(Section):
    """Decoding. A preset sets the keys that are not given: greedy, li-liang, li-liang-summaries, lora, sample."""

    preset: Literal["greedy", "li-liang", "li-liang-summaries", "lora", "sample"] = Field(
        default="greedy",
        description="fills in what is not given: greedy; li-liang (the paper's tables: beams 5), li-liang-summaries (beams 6), "
        "lora (the LoRA repository's command for E2E: beams 10, length penalty 0.8), sample (top-p 0.95, temperature 0.8)",
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
    one_of_words: bool = Field(
        default=False,
        description="of a task of classes: answer the likeliest of its words, each one token, where a decoder would else write",
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
        for key in ("temperature", "top_p", "top_k", "seed"):
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
