"""A backbone with what was trained for it: it generates, and it is scored.

Comes in:  a run folder, or a recipe and nothing trained.      Goes out: a Tuned; `result-SPLIT.json`, `texts-SPLIT.txt`,
`resamples-SPLIT.safetensors` (the scores of the bootstrap's draws, by which two runs can be compared).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from foreword.assembly import decoding_of, open_backbone, open_task, with_dtype_settled
from foreword.backbone import Backbone
from foreword.errors import BadRecipe, PrefixMismatch, RunError
from foreword.evaluate import Result, evaluate, result_record
from foreword.generation import Generated, Progress, answers, warned
from foreword.marks import MASK, SOURCE
from foreword.methods import Method, Voting, method_class, restore_method
from foreword.obeying import check_judge, with_control
from foreword.prefix import Prefix
from foreword.recipe import Recipe, reopened, settings_hash, with_settings
from foreword.tasks import Example, Task
from foreword.training import checkpoint
from foreword.vetting import vet
from foreword.writing import read_json, write_arrays, write_json, write_text

SCORE_AGAIN = "Remove it, and run `foreword eval` again."
NEEDED = ("fingerprint", "tokenizer_hash", "method", "classes", "per_word", "question")  # of a run's record
UNTOUCHED = {"name": "untouched", "trained_parameters": 0, "stored_parameters": 0, "share_of_backbone": 0.0}


@dataclass(frozen=True)
class Form:
    """Of questions and answers on a run's task; kept with the run, so that a plain text is answered without the task's data."""

    words: tuple[str, ...] = ()  # an answer is one of these; () = any text
    per_word: bool = False  # an answer is one of them for each word of the source
    num_soft: int = 0  # places in a source for trained vectors
    question: str = ""  # what a plain text becomes before it is answered, "{source}" in it; "" = it stays as it is

    @classmethod
    def of(cls, task: Task) -> "Form":
        return cls(task.words, task.per_word, task.num_soft, task.question)

    @classmethod
    def from_record(cls, run: Mapping[str, Any]) -> "Form":
        """Out of `run.json`."""
        return cls(tuple(run["classes"]), run["per_word"], run.get("num_soft", 0), run["question"])

    def to_record(self) -> dict[str, Any]:
        told = {"classes": list(self.words), "per_word": self.per_word, "question": self.question}
        return told | ({"num_soft": self.num_soft} if self.num_soft else {})


@dataclass
class Tuned:
    """A backbone with what was trained for it: fresh out of training, from a run folder or from a store."""

    recipe: Recipe
    backbone: Backbone
    prefix: Prefix | None  # None where the method changed the backbone itself
    method: Mapping[str, Any]  # name, trained and stored parameters
    folder: Path | None  # of the run, for results; None for a prefix out of a store
    trained: Method | None = None  # what was trained, where it came from a run
    form: Form = Form()  # of a run

    @cached_property
    def task(self) -> Task:
        return open_task(self.recipe)

    @property
    def words(self) -> tuple[str, ...]:
        """What an answer can be, where it can be read off; only where no run says it is the data looked for."""
        return self.form.words or (self.task.words if self.backbone.kind == "encoder-only" else ())

    def generate(self, sources: Sequence[str], **decoding: Any) -> list[str]:
        """Answer each source, decoded as the recipe says or as given, e.g. `beams=5`; warns if one had to be cut."""
        return warned(self.answers(sources, **decoding)).texts

    def answers(self, sources: Sequence[str], progress: Progress | None = None, **decoding: Any) -> Generated:
        """The same, with the number of sources that had to be cut.

        Raises:
            BadRecipe, UnknownName: a decoding setting that does not exist, or cannot be so.
        """
        told = [("generate", key, value) for key, value in decoding.items()]
        chosen = Recipe.from_dict(with_settings(self.recipe.to_dict(), told)).generate
        return answers(
            self.backbone, self.asked(sources), decoding_of(chosen), self.prefix, self.recipe.task.max_source_len, progress,
            None if self.prefix is not None else self.trained, self.words, self.form.per_word,
        )  # fmt: skip

    def asked(self, sources: Sequence[str]) -> Sequence[str]:
        """Plain texts as the run's task asks about them; what has a place for its answer already stays as it is."""
        if not self.form.question or isinstance(sources, str):
            return sources
        plain = [bool(text.strip()) and MASK not in text for text in sources]
        return [self.form.question.replace(SOURCE, s) if p else s for s, p in zip(sources, plain, strict=True)]

    def as_record(self, source: str, answer: str) -> str:
        """A line that the task `classes` reads, where answers are one of a few words, or else `jsonl`: to train another on."""
        named = {"text": source, "label": answer} if self.words and not self.form.per_word else None
        return json.dumps(named or {"source": source, "references": [answer]}, ensure_ascii=False)

    def evaluate(self, split: str = "", progress: Progress | None = None) -> Result:
        """Generate and score a split (the recipe's if none is named); writes the result into the run folder."""
        split = split or self.recipe.eval.split
        examples = self.task.examples(split)[: self.recipe.eval.size or None]
        way, judge = self.prefix or self.trained, None
        if way is None and self.task.num_soft:
            raise BadRecipe(
                f"task.template has places for {self.task.num_soft} trained vectors, and here are none. Take {{soft}} out to score "
                "the model as it is."
            )
        if named := self.recipe.eval.classifier:  # before anything has cost time
            judge = open_run(named)
            check_judge(judge.task, examples, named)
        result = evaluate_as(self.recipe, self.backbone, self.task, examples, way, progress=progress)
        if judge is not None:
            result = with_control(result, judge.task, judge.answers, named, self.recipe.eval.resamples)
        if self.folder is not None:
            path = self.result_path(split)
            lines = "".join(f"{' '.join(text.split())}\n" for text in result.texts)
            write_text(path.with_name(path.stem.replace("result", "texts", 1) + ".txt"), lines)
            resampled = {f"{g}/{name}": r for g, s in result.scores.items() for name, r in s.resampled.items()}
            write_arrays(path.with_name(path.stem.replace("result", "resamples", 1) + ".safetensors"), resampled)
            write_json(path, self.record(split, result))  # last: where there is a result, what it is made of is there
        return result

    def result_path(self, split: str) -> Path:
        """Where a split's result is written: `result-SPLIT.json` for the recipe the run was trained with.

        Under other settings their hash is in the name, so that such scores stand beside the others.
        """
        assert self.folder is not None, "only a run has a folder"
        plain = self.folder / f"result-{split}.json"
        now = settings_hash(self.recipe.to_dict())
        if (self.folder / "recipe.json").is_file():
            own = settings_hash(Recipe.from_dict(read_json(self.folder / "recipe.json")).to_dict())
        elif plain.is_file():  # the untouched backbone's results: the first has the plain name
            own = settings_hash(read_json(plain, ["recipe"], SCORE_AGAIN)["recipe"])
        else:
            own = now
        return plain if own == now else plain.with_name(f"result-{split}-{now}.json")

    def record(self, split: str, result: Result) -> dict[str, Any]:
        """What `result-SPLIT.json` holds."""
        return result_record(result, self.backbone, self.task, split, self.recipe.to_dict(), self.method)


def open_run(folder: str | Path, overrides: Sequence[str] = ()) -> Tuned:
    """A finished run, ready to generate.

    Args:
        overrides: of where it runs, how it decodes and is scored, e.g. "generate.beams=5" or "backbone.device=cpu".

    Raises:
        BadRecipe: an override would change what was trained.
        RunError: no run there, or one that has not finished.
        PrefixMismatch: its backbone is not what it was in training.
    """
    folder = Path(folder)
    if not (folder / "recipe.json").is_file():
        raise RunError(f"{folder} holds no run. `foreword train RECIPE --out {folder}` makes one.")
    if not (folder / "run.json").is_file():
        raise RunError(f"the run in {folder} has not finished. `foreword train RECIPE --out {folder}` resumes it.")
    recipe = Recipe.from_dict(read_json(folder / "recipe.json"))
    run = read_json(folder / "run.json", NEEDED)
    recipe = reopened(recipe, overrides)
    if overrides:
        vet(recipe)
    backbone = open_backbone(recipe)
    if backbone.fingerprint != run["fingerprint"]:
        raise PrefixMismatch(
            f"the run in {folder} was trained on {backbone.name} with fingerprint {run['fingerprint']}, but the model there now "
            f"has {backbone.fingerprint}. Put the model back as it was, or train again."
        )
    if backbone.tokenizer_hash != run["tokenizer_hash"]:
        raise PrefixMismatch(
            f"the run in {folder} was trained with another tokenizer than {backbone.name} has now: it cuts texts in other ways. "
            "Put the tokenizer's files back as they were, or train again."
        )
    form = Form.from_record(run)
    method = restored(folder, recipe, backbone, form)
    return Tuned(recipe, backbone, method.prefix(), run["method"], folder, method, form)


def untouched(recipe: Recipe, out: str | Path | None = None) -> Tuned:
    """The recipe's backbone with nothing trained, for comparison.

    Raises:
        RunError: `out` holds a run, whose results would be taken for the untouched backbone's or the other way round.
    """
    vet(recipe)
    if out is not None and (Path(out) / "recipe.json").is_file():
        raise RunError(f"{out} holds a run. Choose another --out for the untouched backbone's results.")
    recipe = with_dtype_settled(recipe)
    return Tuned(recipe, open_backbone(recipe), None, UNTOUCHED, None if out is None else Path(out))


def voting(folders: Sequence[str | Path], overrides: Sequence[str] = (), out: str | Path | None = None) -> Tuned:
    """Several runs on one model, whose answers are voted for: all of them in one batch, scored as the first's recipe says.

    Raises:
        RunError: fewer than two runs, or `out` holds one.
        PrefixMismatch: they are of different models.
        BadRecipe: one of them is neither a prefix nor a prompt.
    """
    if len(folders) < 2:
        raise RunError(f"a vote needs at least two runs, got {len(folders)}. Give their folders.")
    if out is not None and (Path(out) / "recipe.json").is_file():
        raise RunError(f"{out} holds a run. Choose another --out for the vote's results.")
    first = open_run(folders[0], overrides)
    assert first.trained is not None
    members = [first.trained]
    records = [read_json(Path(folder) / "run.json", NEEDED) for folder in folders]
    for folder, record in zip(map(Path, folders[1:]), records[1:], strict=True):
        recipe = Recipe.from_dict(read_json(folder / "recipe.json"))
        alike = all(record[hashed] == records[0][hashed] for hashed in ("fingerprint", "tokenizer_hash"))
        if method_class(recipe.method.name).trains_backbone or not alike:
            raise PrefixMismatch(
                f"the run in {folder} is not of the model of {folders[0]}, {first.backbone.name}. Score it apart."
            )
        if what_is_asked(recipe, record) != what_is_asked(first.recipe, records[0]):
            raise BadRecipe(
                f"the run in {folder} is of another task than {folders[0]}, or has other words or another template for it, so that "
                "their answers are no votes on one question. Score it apart."
            )
        members.append(restored(folder, recipe, first.backbone, Form.from_record(record)))
    trained, stored = (
        sum(record["method"][f"{what}_parameters"] for record in records) for what in ("trained", "stored")
    )
    share = {"share_of_backbone": stored / first.backbone.num_parameters, "runs": [str(folder) for folder in folders]}
    facts = {"name": "vote", "trained_parameters": trained, "stored_parameters": stored, **share}
    method = Voting(members)
    folder = None if out is None else Path(out)
    return Tuned(first.recipe, first.backbone, None, facts, folder, method, first.form)


def what_is_asked(recipe: Recipe, run: Mapping[str, Any]) -> tuple[Any, ...]:
    """Of a run: equal where two of them answer the same questions in the same words."""
    return recipe.task.name, recipe.task.arguments.get("template", ""), Form.from_record(run)


def restored(folder: Path, recipe: Recipe, backbone: Backbone, form: Form) -> Method:
    """What the run in a folder trained, at work in the backbone."""
    exported = checkpoint.load(folder / "method.safetensors")[0]
    return restore_method(recipe.method, backbone, exported, len(form.words), form.num_soft)


def evaluate_as(
    recipe: Recipe, backbone: Backbone, task: Task, examples: Sequence[Example], way: Prefix | Method | None,
    metrics: Sequence[str] = (), progress: Progress | None = None,
) -> Result:  # fmt: skip
    """Score examples as the recipe says, with a prefix, or with a method (and its prefix, if it ends as one), or untouched."""
    prefix = way.prefix() if isinstance(way, Method) else way
    return evaluate(
        backbone, examples, decoding_of(recipe.generate), prefix, metrics or recipe.eval.metrics or task.metrics,
        recipe.task.max_source_len, recipe.eval.resamples, progress, way if isinstance(way, Method) and prefix is None else None,
        task.words, task.per_word,
    )  # fmt: skip
