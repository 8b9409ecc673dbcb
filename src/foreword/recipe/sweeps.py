"""[sweep]: many runs of one recipe, as data: what is varied, over which seeds, and what is to be read off the results.

Comes in:  a TOML file's tables.      Goes out: the section, checked as far as it can be without its points.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from foreword.errors import BadRecipe, UnknownName
from foreword.recipe.faults import one_line
from foreword.recipe.section import Names, Section
from foreword.recipe.sections import Recipe

# Settings of a recipe, section -> key -> value. `untouched = true` asks for no training; `recipe = "paper/{data}-{way}"` begins
# anew with a recipe's settings, labels standing for their axes' names in braces.
Fragment = Mapping[str, Any]
SET = "set"  # the key of a rule that is no axis


def whole_choice(chosen: Any) -> Any:
    """Axes with their labels."""
    for axis, given in chosen.items() if isinstance(chosen, Mapping) else ():
        labels = given if isinstance(given, list) else [given]
        if not all(isinstance(label, str) for label in labels):
            raise ValueError(f'{axis} is a label or a list of them, each in quotes, e.g. "50", got {given!r}')
    return chosen


def whole_rule(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """Axes with their labels, and what is set where they meet."""
    if SET in rule and not isinstance(rule[SET], Mapping):
        raise ValueError(f"{SET} is a table of settings, e.g. {{ train.lr = 1e-3 }}, got {rule[SET]!r}")
    whole_choice({axis: labels for axis, labels in rule.items() if axis != SET})
    return rule


Chosen = Annotated[Mapping[str, str | list[str]], BeforeValidator(whole_choice)]  # axis -> a label, or several
Rule = Annotated[Mapping[str, Any], AfterValidator(whole_rule)]


class PlotRecipe(Section):
    """A picture: a score over an axis, a line for each way."""

    x: str = Field(description="the axis along which is drawn")
    lines: str = Field(default="", description="the axis whose labels are the lines; none = one line")
    metrics: Names = Field(description="a picture for each; GROUP/METRIC for one group of the examples")
    together: bool = Field(default=False, description="one picture for all metrics, each a line; not with `lines`")
    log: bool = Field(default=False, description="draw x on a logarithmic scale")

    @model_validator(mode="after")
    def lines_are_one_kind(self) -> Self:
        if self.together and self.lines:
            raise ValueError(
                f"together makes a line of each metric, and lines = {self.lines!r} one of each label; leave one out"
            )
        return self


class ClaimRecipe(Section):
    """What a paper says, in a form that results can bear out or not."""

    says: str = Field(description="the claim, in a sentence")
    source: str = Field(description="where it stands")
    published: str = Field(default="", description="the figures that it rests on there")
    metric: str = Field(description="the score it is about; GROUP/METRIC for one group of the examples")
    kind: Literal["better", "no-worse", "equal", "steadier", "narrows", "rises", "falls", "peaks"] = Field(
        default="better",
        description="better: a is above b by more than `by`; no-worse: not below it by more; equal: neither above nor below by "
        "more; steadier: a's scores spread less; narrows: a's lead over b shrinks along an axis; rises, falls: along an axis; "
        "peaks: highest between an axis' ends",
    )
    a: Chosen = Field(default={}, description="the runs it is about, axis -> label or labels")
    b: Chosen = Field(default={}, description="those they are held against")
    along: str = Field(default="", description="the axis of narrows, rises, falls and peaks")
    by: float = Field(default=0.0, ge=0, description="margin, in the metric's unit")
    why: str = Field(
        default="", description="where it does not hold here: what we think is the reason, and what was tried"
    )

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        if self.kind in ("better", "no-worse", "equal", "steadier", "narrows") and not (self.a and self.b):
            raise ValueError(f"kind = {self.kind!r} needs both a and b, the runs that are compared")
        if (self.kind in ("narrows", "rises", "falls", "peaks")) != bool(self.along):
            raise ValueError(f"along goes with narrows, rises, falls and peaks, and kind is {self.kind!r}")
        return self


class VoteRecipe(Section):
    """Beside the runs themselves, the vote of those that differ in their seed alone."""

    axis: str = Field(description="the axis on which the vote stands as one more label")
    of: str = Field(description="the label whose runs vote")
    label: str = Field(default="vote", description="what the vote is called on that axis")


class FormRecipe(Section):
    """Another form of the same sweep: fewer runs, other settings."""

    seeds: tuple[int, ...] | None = Field(default=None, strict=False, description="in place of the seeds")
    keep: Mapping[str, list[str]] = Field(
        default={}, description="of an axis only these labels; where it has none of them, its first"
    )
    set: Fragment = Field(default={}, description="settings that win over the grid's")
    grid: Mapping[str, Any] = Field(
        default={}, description="axes in place of the sweep's own of these names; their settings win over `set`"
    )
    before: Mapping[str, Fragment] = Field(
        default={}, description="settings of the runs that others start from; nothing else of the form is theirs"
    )
    where: tuple[Rule, ...] = Field(default=(), strict=False, description="as the sweep's own, winning over it")
    vote: VoteRecipe | None = None
    metrics: Names = Field(default=(), description="in place of the sweep's own")
    against: Chosen = Field(default={}, description="in place of the sweep's own")
    plots: tuple[PlotRecipe, ...] = Field(default=(), strict=False, description="in place of the sweep's own")
    claims: tuple[ClaimRecipe, ...] = Field(
        default=(), strict=False, description="in place of those of the sweep's own that say the same, or beside them"
    )


class SweepRecipe(Section):
    """A grid over settings and seeds: a run for each combination."""

    title: str = Field(default="", description="what the report is called")
    seeds: tuple[int, ...] = Field(default=(0,), strict=False, min_length=1, description="train.seed of the runs")
    grid: Mapping[str, Any] = Field(
        default={},
        description='axes: `task.train_size = [50, 100]`, or a name with a table for each label: `way.prefix.method.name = "..."`',
    )
    where: tuple[Rule, ...] = Field(
        default=(),
        strict=False,
        description="axis -> label or labels, with `set`: settings of those combinations alone",
    )
    optional: Mapping[str, list[str]] = Field(
        default={}, description="axis -> labels that are left out where their data has nothing to train on"
    )
    before: Mapping[str, Fragment] = Field(
        default={}, description='runs that others start from, as train.start_from = "before:NAME"'
    )
    vote: VoteRecipe | None = None
    quick: FormRecipe = Field(default=FormRecipe(), description="what is left of it in minutes")
    published: FormRecipe = Field(
        default=FormRecipe(), description="as the paper ran it, for backbones of the size it was published for"
    )
    across: Names = Field(
        default=(),
        description="axes that are averaged over like seeds, e.g. task.subset_seed; runs of the same labels there are one trial",
    )
    columns: str = Field(default="", description="the axis whose labels are columns of the table; the others are rows")
    metrics: Names = Field(
        default=(), description="the scores to show; none = all; GROUP/METRIC for one group of the examples"
    )
    against: Chosen = Field(
        default={}, description="the runs that all others are compared with, e.g. way = 'fine-tuning'"
    )
    plots: tuple[PlotRecipe, ...] = Field(default=(), strict=False)
    claims: tuple[ClaimRecipe, ...] = Field(default=(), strict=False)

    @property
    def forms(self) -> Mapping[str, FormRecipe]:
        """By their sections' names; where several are asked for, the later one wins."""
        return {"published": self.published, "quick": self.quick}

    def read_as(self, forms: Iterable[FormRecipe]) -> Self:
        """Itself, with what these forms read off the results in place of what it does; the later ones win."""
        read = self
        for form in forms:
            told = {claim.says: claim for claim in form.claims}
            claims = [told.pop(claim.says, claim) for claim in read.claims]
            read = read.model_copy(
                update={
                    "vote": form.vote or read.vote,
                    "metrics": form.metrics or read.metrics,
                    "against": form.against or read.against,
                    "plots": form.plots or read.plots,
                    "claims": (*claims, *told.values()),
                }
            )
        return read

    @model_validator(mode="after")
    def seeds_differ(self) -> Self:
        for seeds in (self.seeds, *(form.seeds or () for form in self.forms.values())):
            if len(set(seeds)) < len(seeds) or any(seed < 0 for seed in seeds):
                raise ValueError(f"seeds must be different numbers from 0 up, got {list(seeds)}")
        return self


SECTIONS = tuple(Recipe.model_fields)

SECTIONS_IN_LISTS = ("plots", "claims", "where")
PARTS: Mapping[str, type[Section]] = {
    "plots": PlotRecipe,
    "claims": ClaimRecipe,
    "vote": VoteRecipe,
    "quick": FormRecipe,
    "published": FormRecipe,
}


def sweep_section(given: Any) -> SweepRecipe:
    """[sweep] of a file. Raises BadRecipe or UnknownName, a line for each setting at fault."""
    if not isinstance(given, Mapping):
        raise BadRecipe(f"sweep is a section, e.g. [sweep], got {given!r}.")
    try:
        return SweepRecipe.model_validate(given)
    except ValidationError as error:
        lines = []
        for finding in error.errors(include_url=False):
            if finding["type"] == "too_short" and finding["input"]:
                continue  # what is in it was refused, and is told by itself
            path = [str(part) for part in finding["loc"]]
            if finding["type"] == "extra_forbidden":
                known = next((PARTS[part] for part in reversed(path[:-1]) if part in PARTS), SweepRecipe)
                head = ".".join(["sweep", *path[:-1]])
                raise UnknownName(
                    "setting", f"{head}.{path[-1]}", (f"{head}.{key}" for key in known.model_fields)
                ) from None
            if finding["type"] == "tuple_type" and path[-1] in SECTIONS_IN_LISTS:
                lines.append(f"sweep.{'.'.join(path)} is a list of sections, each under [[sweep.{'.'.join(path)}]].")
                continue
            lines.append(one_line(finding, ["sweep", *path], {}))
        raise BadRecipe("\n".join(lines)) from None
