"""From a recipe to a trained method and its scores: the rooms put together.

Comes in:  a recipe, a folder.      Goes out: a Tuned, which generates, is evaluated and is kept in a store.

A run folder holds: `recipe.json` (resolved), `run.json` (facts of the training), `log.jsonl`, `checkpoint.safetensors`,
`best.safetensors`, `method.safetensors` (what was trained), `result-SPLIT.json` and `texts-SPLIT.txt` per evaluation.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from safetensors import SafetensorError
from safetensors.torch import load_file

from foreword.backbone import Backbone, load_backbone
from foreword.backbone.wording import Pair, limits, source_ids, target_ids
from foreword.errors import BadRecipe, PrefixMismatch, RunError, UnsupportedBackbone
from foreword.evaluate import Result, evaluate_split, result_file
from foreword.generation import Decoding, Generated, generate
from foreword.methods import METHODS, Method, build_method
from foreword.prefix import Prefix
from foreword.prefix.reparam import num_parameters
from foreword.provenance import code_commit, versions
from foreword.recipe import BackboneRecipe, GenerateRecipe, PrefixRecipe, Recipe, TrainRecipe
from foreword.store import Store
from foreword.tasks import Task, load_task, subset
from foreword.training import Settings, Training, checkpoint
from foreword.training.loop import DevScores
from foreword.training.precision import choose_device, choose_dtype, share_cores
from foreword.training.progress import Reporter
from foreword.vetting import check_tools, vet
from foreword.writing import read_json, write_json, write_text

UNTOUCHED = {"name": "untouched", "trained_parameters": 0, "stored_parameters": 0, "share_of_backbone": 0.0}


@dataclass
class Tuned:
    """A backbone with what was trained for it: fresh out of training, from a run folder or from a store."""

    recipe: Recipe
    backbone: Backbone
    prefix: Prefix | None  # None where the method changed the backbone itself
    method: Mapping[str, Any]  # name, trained and stored parameters
    folder: Path | None  # of the run, for results; None for a prefix out of a store

    @cached_property
    def task(self) -> Task:
        return open_task(self.recipe)

    def generate(self, sources: Sequence[str], **decoding: Any) -> list[str]:
        """Answer each source, decoded as the recipe says or as given, e.g. `beams=5`."""
        return self.answers(sources, **decoding).texts

    def answers(self, sources: Sequence[str], **decoding: Any) -> Generated:
        """The same, with the number of sources that had to be cut."""
        chosen = Decoding(**{**vars(decoding_of(self.recipe.generate)), **decoding})
        return generate(self.backbone, sources, chosen, self.prefix, self.recipe.task.max_source_len)

    def evaluate(self, split: str = "") -> Result:
        """Generate and score a split (the recipe's if none is named); writes the result into the run folder."""
        split = split or self.recipe.eval.split
        result = evaluate_with(self.recipe, self.backbone, self.task, split, self.prefix)
        if self.folder is not None:
            write_result(self.folder, split, result, self.result_file(split, result))
        return result

    def result_file(self, split: str, result: Result) -> dict[str, Any]:
        """What `result-SPLIT.json` holds."""
        return result_file(result, self.backbone, self.task, split, self.recipe.to_dict(), self.method)


def train(recipe: Recipe, out: str | Path) -> Tuned:
    """Train what a recipe asks for, or go on where the run in `out` was stopped.

    Raises:
        ForewordError: bad data, a backbone that does not fit, a run folder that belongs to another recipe, a full disk.
        Interrupted: Ctrl-C; the same call goes on from there.
    """
    vet(recipe)
    check_tools(recipe)
    folder = Path(out)
    accelerator = open_accelerator(recipe, folder)
    recipe = settled(recipe, folder, accelerator)
    task = open_task(recipe)
    backbone = open_backbone(recipe.backbone, accelerator)
    pairs, dev_pairs = encoded_pairs(recipe, task, backbone, Reporter(0, silent=not accelerator.is_main_process))
    method = build_method(recipe.method, backbone, recipe.train.seed, first_prefix(recipe, backbone))
    settings = settings_of(recipe, len(pairs), trains_backbone=method.trains_backbone)
    dev_scores = dev_scores_of(recipe, backbone, task, method) if recipe.train.dev_metrics else None
    backbone.checkpointing(recipe.train.checkpointing)
    if accelerator.is_main_process:  # only now: what fails before leaves no folder behind
        write_json(folder / "recipe.json", recipe.to_dict())
    made_of = hashes_of(backbone, task)
    training = Training(backbone, method, pairs, dev_pairs, settings, folder, accelerator, dev_scores, made_of)
    with tracked(recipe, accelerator):
        state = training.run()
    backbone.checkpointing(False)
    facts = method_facts(recipe, method, backbone)
    # A run that had finished before keeps its record: other code than today's may have trained it.
    if accelerator.is_main_process and not (folder / "run.json").is_file():
        run = {"method": facts, "state": vars(state), "num_pairs": len(pairs), "data_hash": task.data_hash("train")}
        run |= {"fingerprint": backbone.fingerprint, "code_commit": code_commit(), "versions": versions()}
        write_json(folder / "run.json", run)
    return Tuned(recipe, backbone, kept_prefix(folder, recipe, backbone), facts, folder)


def open_accelerator(recipe: Recipe, folder: Path) -> Accelerator:
    """The device and the processes of a training."""
    on_cpu = choose_device(recipe.backbone.device) == "cpu"
    trackers = list(recipe.train.trackers)
    accelerator = Accelerator(cpu=on_cpu, log_with=trackers or None, project_dir=str(folder))  # type: ignore[arg-type]
    share_cores(accelerator.num_processes)
    return accelerator


@contextmanager
def tracked(recipe: Recipe, accelerator: Accelerator) -> Iterator[None]:
    """Within the block the log goes to the recipe's trackers as well; after it they are closed, however it ended."""
    if recipe.train.trackers:
        accelerator.init_trackers("foreword", config=flat(recipe.to_dict()))
    try:
        yield
    finally:
        accelerator.end_training()


def hashes_of(backbone: Backbone, task: Task) -> dict[str, str]:
    """What a run stands on; a run is not gone on with when one of these has changed."""
    data = {f"{split} data": task.data_hash(split) for split in ("train", "dev") if split in task.splits}
    return {"backbone weights": backbone.fingerprint, **data}


def kept_prefix(folder: Path, recipe: Recipe, backbone: Backbone) -> Prefix | None:
    """Put what a run kept in place."""
    return METHODS[recipe.method.name].put_in_place(backbone, checkpoint.load(folder / "method.safetensors")[0])


def dev_scores_of(recipe: Recipe, backbone: Backbone, task: Task, method: Method) -> DevScores:
    """What the loop calls for the metrics of generated dev texts."""

    def scores() -> dict[str, float]:
        prefix = method.put_in_place(backbone, method.export())
        result = evaluate_with(recipe, backbone, task, "dev", prefix, recipe.train.dev_metrics, recipe.task.dev_size)
        return {name: result.value(name) for name in recipe.train.dev_metrics}

    return scores


def open_run(folder: str | Path) -> Tuned:
    """A finished run, ready to generate.

    Raises:
        RunError: no run there, or one that has not finished.
        PrefixMismatch: its backbone is not what it was in training.
    """
    folder = Path(folder)
    if not (folder / "recipe.json").is_file():
        raise RunError(f"{folder} holds no run. `foreword train RECIPE --out {folder}` makes one.")
    if not (folder / "run.json").is_file():
        raise RunError(f"the run in {folder} has not finished. `foreword train RECIPE --out {folder}` goes on with it.")
    recipe, run = Recipe.from_dict(read_json(folder / "recipe.json")), read_json(folder / "run.json")
    backbone = open_backbone(recipe.backbone)
    if backbone.fingerprint != run["fingerprint"]:
        raise PrefixMismatch(
            f"the run in {folder} was trained on {backbone.name} with fingerprint {run['fingerprint']}, but the model there now "
            f"has {backbone.fingerprint}. Put the model back as it was, or train again."
        )
    return Tuned(recipe, backbone, kept_prefix(folder, recipe, backbone), run["method"], folder)


def untouched(recipe: Recipe, out: str | Path | None = None) -> Tuned:
    """The recipe's backbone with nothing trained, for comparison.

    Raises:
        RunError: `out` holds a run, whose results would be taken for the untouched backbone's or the other way round.
    """
    vet(recipe)
    if out is not None and (Path(out) / "recipe.json").is_file():
        raise RunError(f"{out} holds a run. Choose another --out for the untouched backbone's results.")
    return Tuned(recipe, open_backbone(recipe.backbone), None, UNTOUCHED, None if out is None else Path(out))


def evaluate_with(
    recipe: Recipe, backbone: Backbone, task: Task, split: str, prefix: Prefix | None,
    metrics: Sequence[str] = (), size: int = 0,
) -> Result:  # fmt: skip
    """Score a split as the recipe says."""
    return evaluate_split(
        backbone, task, split, decoding_of(recipe.generate), prefix, metrics or recipe.eval.metrics,
        size or recipe.eval.size, recipe.task.max_source_len, recipe.eval.resamples,
    )  # fmt: skip


def write_result(folder: Path, split: str, result: Result, content: Mapping[str, Any]) -> None:
    """The scores, and beside them the texts, one to a line."""
    write_json(folder / f"result-{split}.json", content)
    write_text(folder / f"texts-{split}.txt", "".join(f"{' '.join(text.split())}\n" for text in result.texts))


def settled(recipe: Recipe, folder: Path, accelerator: Accelerator) -> Recipe:
    """The recipe with its precision settled: as the run in the folder has it, or by measurement.

    Raises:
        RunError: the folder holds a run of another recipe.
    """
    path = folder / "recipe.json"
    held = Recipe.from_dict(read_json(path)) if path.is_file() else None
    if held is None:
        # Measured times differ from process to process; what the first one finds holds for all.
        return with_dtype(recipe, broadcast_object_list([choose_dtype(recipe.backbone.dtype, accelerator.device)])[0])
    wanted = with_dtype(recipe, held.backbone.dtype) if recipe.backbone.dtype == "auto" else recipe
    if held != wanted:
        there, here = flat(held.to_dict()), flat(wanted.to_dict())
        changed = ", ".join(key for key in sorted({*there, *here}) if there.get(key) != here.get(key))
        raise RunError(
            f"{folder} holds a run of another recipe (it differs in {changed}). Choose another --out, or remove it."
        )
    return held


def with_dtype(recipe: Recipe, dtype: str) -> Recipe:
    return recipe.model_copy(update={"backbone": recipe.backbone.model_copy(update={"dtype": dtype})})


def open_backbone(recipe: BackboneRecipe, accelerator: Accelerator | None = None) -> Backbone:
    device = choose_device(recipe.device) if accelerator is None else str(accelerator.device)
    dtype = choose_dtype(recipe.dtype, torch.device(device)) if recipe.dtype == "auto" else recipe.dtype
    backbone = load_backbone(recipe.name, recipe.revision or None, dtype, device)
    assert backbone.fingerprint  # read now, and kept: full fine-tuning moves the weights it names
    return backbone


def open_task(recipe: Recipe) -> Task:
    return load_task(recipe.task.name, recipe.task.path or None, **recipe.task.arguments)


def first_prefix(recipe: Recipe, backbone: Backbone) -> Prefix | None:
    """The prefix a recipe starts from, where it names one: a file, or STORE/NAME@VERSION.

    Raises:
        BadRecipe: the file holds no prefix.
        UnknownName, StoreError, PrefixMismatch: the store does not have it, or it is for another backbone.
    """
    if not isinstance(recipe.method, PrefixRecipe) or recipe.method.init != "prefix":
        return None
    path = Path(recipe.method.init_prefix)
    if not path.is_file():
        return Store(path.parent).load(path.name, backbone)[0]
    try:
        return Prefix.from_tensors(load_file(path))
    except (OSError, SafetensorError, PrefixMismatch) as error:
        raise BadRecipe(
            f"method.init_prefix: {path} holds no prefix ({error}). Give a run's method.safetensors."
        ) from None


def encoded_pairs(recipe: Recipe, task: Task, backbone: Backbone, reporter: Reporter) -> tuple[list[Pair], list[Pair]]:
    """Training and dev pairs as ids. What had to be cut is said, never done in silence."""
    if backbone.kind == "encoder-only":
        raise UnsupportedBackbone(f"{backbone.name} is encoder-only and cannot learn to write text. Choose a decoder.")
    prefix_len = recipe.method.prefix_len if isinstance(recipe.method, PrefixRecipe) else 0
    most = limits(backbone, prefix_len, recipe.task.max_source_len, recipe.task.max_target_len)
    made = []
    for split in ("train", "dev"):
        texts = texts_of(recipe, task, split)
        sources, cut_sources = source_ids(backbone, [s for s, _ in texts], most.source_len) if texts else ([], 0)
        targets, cut_targets = target_ids(backbone, [t for _, t in texts], most.target_len) if texts else ([], 0)
        for what, cut, limit in (("sources", cut_sources, most.source_len), ("targets", cut_targets, most.target_len)):
            if cut:
                reporter.say(
                    f"note: {cut} of {len(texts)} {split} {what} are longer than {limit} tokens and are cut at the end."
                )
        made.append([Pair(s, t) for s, t in zip(sources, targets, strict=True)])
    return made[0], made[1]


def texts_of(recipe: Recipe, task: Task, split: str) -> list[tuple[str, str]]:
    """A split's pairs, or the subset the recipe asks for.

    Raises:
        BadRecipe: there is no such split where one is needed, or it has fewer pairs than are asked for.
    """
    size = recipe.task.train_size if split == "train" else recipe.task.dev_size
    if split not in task.splits:
        needs_dev = recipe.train.dev_metrics or recipe.train.patience or size
        if split == "train" or needs_dev:
            what = "training" if split == "train" else "train.dev_metrics, train.patience and task.dev_size"
            raise BadRecipe(
                f"task {task.name!r} has no {split} data, and {what} needs it; its splits are {', '.join(task.splits)}."
            )
        return []
    texts = task.pairs(split)
    if size > len(texts):
        raise BadRecipe(f"task.{split}_size must be at most {len(texts)}, the pairs in the {split} data; got {size}.")
    return subset(texts, size, recipe.task.subset_seed) if size else texts


def settings_of(recipe: Recipe, num_pairs: int, trains_backbone: bool) -> Settings:
    t: TrainRecipe = recipe.train
    steps = -(-num_pairs // t.batch_size)
    total = t.max_steps or max(1, round(t.epochs * steps))
    names = set(Settings.__dataclass_fields__) - {"total_steps", "autocast"}
    autocast = trains_backbone and recipe.backbone.dtype == "bfloat16"
    return Settings(total_steps=total, autocast=autocast, **{name: getattr(t, name) for name in names})


def decoding_of(recipe: GenerateRecipe) -> Decoding:
    return Decoding(**{name: getattr(recipe, name) for name in Decoding.__dataclass_fields__})


def method_facts(recipe: Recipe, method: Method, backbone: Backbone) -> dict[str, Any]:
    """Name and size of what was trained and of what is kept, as numbers and as a share of the backbone."""
    trained, stored = num_parameters(method.trained_parameters()), num_parameters(method.export())
    share = {"trained_share": trained / backbone.num_parameters, "share_of_backbone": stored / backbone.num_parameters}
    return {"name": recipe.method.name, "trained_parameters": trained, "stored_parameters": stored, **share}


def flat(nested: Mapping[str, Any], head: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}; lists as text, which is what trackers take."""
    found: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{head}{key}.")
        else:
            found[f"{head}{key}"] = str(value) if isinstance(value, list) else value
    return found
