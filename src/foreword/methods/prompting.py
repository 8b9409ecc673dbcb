"""Prompting: words and worked examples around the source, and nothing is trained.

Comes in:  a backbone, a template, examples of the training data.      Goes out: ids around the source; in decoder-only models,
where none stand behind it, the prefix that they are.

Source: in-context learning, Brown et al. (2020), arXiv:2005.14165.

What differs from them, unless `separator = False`: a decoder reads the marker between source and target (`backbone.wording`) that
every other method here trains with, before its answer and in each example, where they write plain text.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import torch
from pydantic import Field, NonNegativeInt, field_validator
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.backbone.wording import source_ids, target_ids, words_ids
from foreword.errors import BadRecipe
from foreword.marks import MASK, SOURCE
from foreword.methods.base.template import Template, TemplateMethod, num_vectors
from foreword.prefix import Prefix
from foreword.recipe import MethodRecipe

ANY_LENGTH = 10**9
EMPTY_LINE = "\n\n"


class Settings(MethodRecipe):
    """Words and examples around the source; nothing is trained (Brown et al., 2020)."""

    name: Literal["prompting"] = Field(default="prompting", description="one of `foreword list methods`")
    template: str = Field(default=SOURCE, description="words around {source}, e.g. 'Describe: {source}'")
    num_examples: NonNegativeInt = Field(
        default=0, description="worked examples in front, drawn from the training data"
    )
    separator: bool = Field(
        default=True,
        description="on decoders: training's marker stands before an answer; false: plain text, an empty line ends each example, "
        "and an answer",
    )

    @field_validator("template")
    @classmethod
    def nothing_is_trained(cls, template: str) -> str:
        if num_vectors(template):
            raise ValueError(f"{{soft}} is trained, and here nothing is: choose p-tuning; got {template!r}")
        return template


class Prompting(TemplateMethod):
    """One prompt for the whole task."""

    gives_prefix = True

    def __init__(
        self, backbone: Backbone, template: str = SOURCE, num_examples: int = 0, separator: bool = True,
        examples: Sequence[tuple[str, str]] = (), seed: int = 0,
    ):  # fmt: skip
        """`examples`: (source, target), `num_examples` of them; they are written as training writes pairs, or as plain text.

        Raises:
            BadRecipe: no separator is wanted of a model that has none.
        """
        if not separator and backbone.kind != "decoder-only":
            raise BadRecipe(
                f"method.separator=false is for decoder-only models, which {backbone.name} is not: nothing of its own stands "
                "between its source and the answer. Leave it out."
            )
        self.backbone, self.separator = backbone, separator
        self.ends_at = "" if separator else EMPTY_LINE  # behind which it would go on with an example of its own
        assert len(examples) == num_examples, f"{len(examples)} of {num_examples} examples"
        first, later = (Template.of(template, backbone, behind_words) for behind_words in (False, True))
        shown: list[int] = []
        for source, target in examples:
            shown += self.example_ids(later if shown else first, source, target, behind_words=bool(shown))
        own = later if shown else first
        self.template = Template((*shown, *own.before), own.after, own.markers)

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return {}

    def export(self) -> dict[str, Tensor]:
        return {"before": torch.tensor(self.template.before).long(), "after": torch.tensor(self.template.after).long()}

    def load(self, exported: Mapping[str, Tensor]) -> None:
        before, after = (tuple(exported[side].tolist()) for side in ("before", "after"))
        self.template = Template(before, after, self.template.markers)

    @classmethod
    def restored(cls, backbone: Backbone, exported: Mapping[str, Tensor], **settings: Any) -> Self:
        """From the ids that were kept: the examples are not drawn again."""
        return super().restored(backbone, exported, separator=settings.get("separator", True))

    @property
    def num_added(self) -> int:
        return self.template.length - (not self.separator)

    def arrange(self, source: list[int]) -> list[int]:
        around = self.template.around(source)
        return around if self.separator else around[:-1] or around

    def prefix(self) -> Prefix | None:
        """None behind an encoder, where words stand behind the source, where there is no prompt at all, and without the separator,
        which whoever is given a prefix puts there."""
        if (
            self.backbone.kind != "decoder-only"
            or self.template.after
            or not self.template.before
            or not self.separator
        ):
            return None
        return self.backbone.activations(self.template.before)

    def example_ids(self, template: Template, source: str, target: str, behind_words: bool) -> list[int]:
        """A worked example: behind each other as a decoder is trained on them, or as plain text; in an encoder's text as words.

        An answer that has a place in its source (MASK) stands there.
        """
        backbone = self.backbone
        if backbone.kind != "decoder-only":
            told = words_ids(backbone, source.replace(MASK, target), behind_words or template.begins_with_words)
            answer = [] if MASK in source else words_ids(backbone, target, behind_words=True)
            return [*template.before, *told, *template.after, *answer]
        (ids,), _ = source_ids(backbone, [source], ANY_LENGTH)
        (answer,), _ = target_ids(backbone, [target], ANY_LENGTH)
        if self.separator:
            return [*template.around(ids), *answer]
        empty_line = backbone.tokenizer(EMPTY_LINE, add_special_tokens=False)["input_ids"]
        return [*template.around(ids)[:-1], *answer[:-1], *empty_line]
