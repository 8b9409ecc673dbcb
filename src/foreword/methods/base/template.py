"""Templates: words, trained vectors and the source, in the order they are written; what a method that has one shares.

Comes in:  a text such as "{soft:3} {source} In short: {soft:2}", a backbone.      Goes out: ids around a source's ids.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from pydantic import model_validator

from foreword.backbone import Backbone
from foreword.backbone.wording import markers, words_ids
from foreword.errors import BadRecipe
from foreword.marks import SOURCE
from foreword.methods.base.method import Method
from foreword.recipe import MethodRecipe

PIECE = re.compile(r"\{([^{}]*)\}")


def pieces_of(template: str) -> list[str | int]:
    """Words as text, "{source}" as itself, n vectors as n.

    Raises:
        ValueError: the source is missing or comes twice, or there is a name in braces that means nothing.
    """
    found: list[str | int] = []
    at = 0
    for match in PIECE.finditer(template):
        found += [template[at : match.start()].strip(), piece(match.group(1), template)]
        at = match.end()
    found = [part for part in [*found, template[at:].strip()] if part != ""]
    if found.count(SOURCE) != 1:
        raise ValueError(f"template must hold {SOURCE} once, got {template!r}")
    return found


def piece(name: str, template: str) -> str | int:
    """What stands in braces."""
    count = re.fullmatch(r"soft(?::([1-9]\d*))?", name)
    if count:
        return int(count.group(1) or 1)
    if f"{{{name}}}" != SOURCE:
        raise ValueError(f"template may hold {SOURCE}, {{soft}} and {{soft:3}}, got {{{name}}} in {template!r}")
    return SOURCE


def num_vectors(template: str) -> int:
    """Vectors that the template has places for."""
    return sum(part for part in pieces_of(template) if isinstance(part, int))


def places_of(template: str, within: int) -> int:
    """Vectors around a source and within it. Raises BadRecipe: there are none, and so nothing to train."""
    found = num_vectors(template) + within
    if not found:
        raise BadRecipe(
            f"method.template has no place for a vector, so there is nothing to train, got {template!r}. Put {{soft}} or "
            "{soft:5} into it, or into task.template."
        )
    return found


@dataclass(frozen=True)
class Template:
    """Ids before a source's words and after them; -1, -2, ... are the vectors in their order."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    within: int = field(default=0, kw_only=True)  # vectors that stand among a source's own words, numbered behind these
    markers: tuple[int, int]  # what stands around a source's words: so many ids at its beginning, so many at its end

    @classmethod
    def of(cls, template: str, backbone: Backbone, behind_words: bool = False, within: int = 0) -> "Template":
        """`behind_words`: others stand in front of all of it. Raises ValueError as `pieces_of`."""
        sides: list[list[int]] = [[]]
        num_named = 0
        for part in pieces_of(template):
            if part == SOURCE:
                sides.append([])
                behind_words = True
            elif isinstance(part, int):
                sides[-1] += [-num_named - 1 - i for i in range(part)]
                num_named += part
            else:
                sides[-1] += words_ids(backbone, part, behind_words)
                behind_words = True
        return cls(tuple(sides[0]), tuple(sides[1]), markers(backbone), within=within)

    def around(self, source: Sequence[int]) -> list[int]:
        """The source's ids in their place; its own markers stay outermost."""
        first, last = self.markers[0], len(source) - self.markers[1]
        if self.within:
            own = self.num_vectors - self.within
            source = [number - own if number < 0 else number for number in source]
        return [*source[:first], *self.before, *source[first:last], *self.after, *source[last:]]

    @property
    def num_vectors(self) -> int:
        """Vectors around a source and within it."""
        return sum(number < 0 for number in (*self.before, *self.after)) + self.within

    @property
    def begins_with_words(self) -> bool:
        """Whether words stand in front of the source; vectors are none."""
        return any(number >= 0 for number in self.before)

    @property
    def length(self) -> int:
        """Ids it adds to a source."""
        return len(self.before) + len(self.after)


class TemplateMethod(Method):
    """Words and vectors stand around every source."""

    template: Template

    @property
    def num_added(self) -> int:
        return self.template.length

    @property
    def words_in_front(self) -> bool:
        return self.template.begins_with_words

    def arrange(self, source: list[int]) -> list[int]:
        return self.template.around(source)


class TrainedTemplate(MethodRecipe):
    """The part of a recipe that says what stands around a source, where some of it is trained."""

    template: str

    @model_validator(mode="after")
    def template_can_be_read(self) -> Self:
        pieces_of(self.template)
        return self
