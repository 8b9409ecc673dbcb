"""From a recipe to a trained method: the rooms put together.

Comes in:  a recipe, a folder.      Goes out: a run folder, and a Tuned.

A run folder holds: `recipe.json` (resolved), `run.json` (facts of the training), `log.jsonl`, `checkpoint.safetensors`,
`best.safetensors`, `method.safetensors` (what was trained), `result-SPLIT.json` and `texts-SPLIT.txt` per evaluation.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from foreword.assembly import (
    WEIGHTS,
    decoding_of,
    dev_examples,
    encoded_pairs,
    open_backbone,
    open_task,
    settings_of,
    started,
    what_is_opened,
    with_dtype,
    with_dtype_settled,
)
from foreword.backbone import Backbone
from foreword.errors import RunError
from foreword.generation import answers
from foreword.methods import Method, build_method, reader_of
from foreword.prefix import Prefix
from foreword.provenance import code_commit, machine, versions
from foreword.recipe import Recipe
from foreword.tasks import Task
from foreword.training import Training, checkpoint
from foreword.training.loop import CHECKPOINT, DevScores
from foreword.training.precision import choose_device, use_threads
from foreword.training.progress import Reporter
from foreword.tuned import Form, Tuned, evaluate_as
from foreword.vetting import check_tools, vet
from foreword.writing import held_alone, read_json, write_json, write_text

LOSS_PAIRS = 200  # of each split, evenly over it


def train(recipe: Recipe, out: str | Path, command: str = "") -> Tuned:
    """Train what a recipe asks for, or go on where the run in `out` was stopped.

    Args:
        command: what a reader of the run's record would type to have it again.

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
    backbone = open_backbone(recipe, accelerator)
    say = Reporter(0, silent=not accelerator.is_main_process).say
    opened = what_is_opened(recipe, backbone, task)
    method = build_method(recipe.method, backbone, seed=recipe.train.seed, **opened)
    started(method, recipe, backbone)
    pairs, dev_pairs = encoded_pairs(recipe, task, backbone, method, say)
    settings = settings_of(recipe, len(pairs), trains_backbone=method.trains_backbone)
    if not method.trained_parameters():
        settings = replace(settings, total_steps=0)
    dev_scores = dev_scores_of(recipe, backbone, task, method) if recipe.train.dev_metrics else None
    backbone.checkpointing(recipe.train.checkpointing)
    made_of = hashes_of(backbone, task, opened.get("behind"))
    reader = reader_of(backbone, method, task.words, task.per_word)
    training = Training(backbone, method, pairs, dev_pairs, settings, folder, accelerator, dev_scores, made_of, reader)
    goes_on = (folder / CHECKPOINT).is_file()
    alone = held_alone(folder, "another training") if accelerator.is_main_process else nullcontext()
    with alone:  # only now: what fails before leaves no folder behind
        if accelerator.is_main_process:
            write_json(folder / "recipe.json", recipe.to_dict())
        with tracked(recipe, accelerator, folder):
            training.run()
    backbone.checkpointing(False)
    sizes = sizes_of(method, backbone)  # of what was trained, which may stand no more where it is loaded
    method.load(checkpoint.load(folder / "method.safetensors")[0])  # the best, or what an earlier call had trained
    facts = {"name": recipe.method.name, **sizes, **method.facts()}
    # A run that had finished before keeps its record: other code than today's may have trained it. One that began anew has its own.
    if accelerator.is_main_process and not (goes_on and (folder / "run.json").is_file()):
        write_json(folder / "run.json", record_of(training, backbone, task, facts, command))
    return Tuned(recipe, backbone, method.prefix(), facts, folder, method, Form.of(task))


def record_of(
    training: Training, backbone: Backbone, task: Task, facts: Mapping[str, Any], command: str
) -> dict[str, Any]:
    """What `run.json` holds: what was trained, on what, by which code, where."""
    return {
        "command": command,
        "method": dict(facts),
        "state": vars(training.state),
        "losses": losses_of(training),
        **Form.of(task).to_record(),
        "num_pairs": len(training.pairs),
        "data_hash": task.data_hash("train"),
        "fingerprint": backbone.fingerprint,
        "tokenizer_hash": backbone.tokenizer_hash,
        "code_commit": code_commit(),
        "versions": versions(),
        "machine": {**machine(), "device": str(backbone.device), "threads": torch.get_num_threads()},
    }


def losses_of(training: Training) -> dict[str, float]:
    """Nats per target token of what is kept, on training and on dev pairs: how much of what was learnt holds for others."""
    splits = {"train": training.pairs, "dev": training.dev_pairs}
    shown = {split: pairs[:: -(-len(pairs) // LOSS_PAIRS)] for split, pairs in splits.items() if pairs}
    return {split: training.mean_loss(pairs) for split, pairs in shown.items()}


def open_accelerator(recipe: Recipe, folder: Path) -> Accelerator:
    """The device and the processes of a training.

    Raises:
        RunError: another training in this Python process ran on another device.
    """
    device, trackers = choose_device(recipe.backbone.device), list(recipe.train.trackers)
    try:
        accelerator = Accelerator(cpu=device == "cpu", log_with=trackers or None, project_dir=str(folder))  # type: ignore[arg-type]
    except ValueError:
        accelerator = None
    if accelerator is None or accelerator.device.type != device:  # Accelerate settles the device once for a process
        raise RunError(
            f"this process has trained on another device already. Train on {device} in a process of its own."
        )
    use_threads(recipe.backbone.threads)
    return accelerator


@contextmanager
def tracked(recipe: Recipe, accelerator: Accelerator, folder: Path) -> Iterator[None]:
    """Within the block the log goes to the recipe's trackers as well; after it they are closed, however it ended.

    A run that goes on is one run there too. TensorBoard drops what it has of steps after the checkpoint, for they come again;
    Weights & Biases keeps the first of a step, which is the same to the last bit.
    """
    told: dict[str, dict[str, Any]] = {}
    if "tensorboard" in recipe.train.trackers and (done := checkpoint.steps_done(folder / CHECKPOINT)):
        told["tensorboard"] = {"purge_step": done + 1}
    if "wandb" in recipe.train.trackers and accelerator.is_main_process:
        told["wandb"] = {"id": wandb_id(folder), "resume": "allow", "dir": str(folder), "name": folder.name}
    if recipe.train.trackers:
        accelerator.init_trackers("foreword", config=flat(recipe.to_dict()), init_kwargs=told)
    try:
        yield
    finally:
        for tracker in accelerator.trackers:  # not end_training, which would part the processes for good
            tracker.finish()


def wandb_id(folder: Path) -> str:
    """The name Weights & Biases knows a run folder by: drawn once, and kept in it."""
    path = folder / "wandb-id.txt"
    if not path.is_file():
        write_text(path, secrets.token_hex(8))
    return path.read_text(encoding="utf-8")


def hashes_of(backbone: Backbone, task: Task, front: Prefix | None = None) -> dict[str, str]:
    """What a run stands on, a prefix in front of its own too; a run is not gone on with when one of these has changed."""
    behind = {} if front is None else {"prefix in front": hash_of(front)}
    data = {f"{split} data": task.data_hash(split) for split in ("train", "dev") if split in task.splits}
    return {WEIGHTS: backbone.fingerprint, "tokenizer": backbone.tokenizer_hash, **data, **behind}


def hash_of(prefix: Prefix) -> str:
    """sha256 (hex) over its numbers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(prefix.tensors().items()):
        digest.update(name.encode() + tensor.float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def dev_scores_of(recipe: Recipe, backbone: Backbone, task: Task, method: Method) -> DevScores:
    """What the loop calls for the metrics of generated dev texts."""

    examples = dev_examples(recipe, task)
    # Once before training: what cannot be decoded so must not end it at its first evaluation, with a recipe that cannot be changed.
    prefix = method.prefix()
    answers(
        backbone, [examples[0].source], decoding_of(recipe.generate), prefix, recipe.task.max_source_len, None,
        method if prefix is None else None, task.words, task.per_word,
    )  # fmt: skip

    def scores() -> dict[str, float]:
        result = evaluate_as(recipe, backbone, task, examples, method, recipe.train.dev_metrics)
        return {name: result.value(name) for name in recipe.train.dev_metrics}

    return scores


def settled(recipe: Recipe, folder: Path, accelerator: Accelerator) -> Recipe:
    """The recipe with its precision settled: as the run in the folder has it, or by measurement.

    Raises:
        RunError: the folder holds a run of another recipe.
    """
    path = folder / "recipe.json"
    held = Recipe.from_dict(read_json(path)) if path.is_file() else None
    if held is None:
        # Measured times differ from process to process; what the first one finds holds for all.
        return broadcast_object_list([with_dtype_settled(recipe, accelerator.device)])[0]
    wanted = with_dtype(recipe, held.backbone.dtype) if recipe.backbone.dtype == "auto" else recipe
    # What it starts from is the same run where its folder is called the same: a sweep's may have been moved.
    if Path(held.train.start_from).name == Path(wanted.train.start_from).name:
        held = held.model_copy(update={"train": held.train.model_copy(update={"start_from": wanted.train.start_from})})
    if held != wanted:
        there, here = flat(held.to_dict()), flat(wanted.to_dict())
        changed = ", ".join(key for key in sorted({*there, *here}) if there.get(key) != here.get(key))
        raise RunError(
            f"{folder} holds a run of another recipe (it differs in {changed}). Choose another --out, or remove it."
        )
    return held


def sizes_of(method: Method, backbone: Backbone) -> dict[str, Any]:
    """Of what was trained and of what is kept, as numbers and as a share of the backbone."""
    trained, stored = method.num_trained, method.num_stored
    share = {"trained_share": trained / backbone.num_parameters, "share_of_backbone": stored / backbone.num_parameters}
    return {"trained_parameters": trained, "stored_parameters": stored, **share}


def flat(nested: Mapping[str, Any], head: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}; lists as text, which is what trackers take."""
    found: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{head}{key}.")
        else:
            found[f"{head}{key}"] = str(value) if isinstance(value, list) else value
    return found
