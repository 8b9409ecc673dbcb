"""What a recipe's sections name, opened or made: backbone, task, pairs of ids, first prefix, settings, decoding.

Comes in:  a recipe.      Goes out: the objects the rooms below work with, or an error before anything has cost time.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from foreword.backbone import Backbone, load_backbone
from foreword.backbone.word_places import word_places
from foreword.backbone.wording import Pair, limits, source_ids, target_ids, word_ids
from foreword.errors import BadRecipe, ForewordError, PrefixMismatch, UnsupportedBackbone
from foreword.generation import Decoding
from foreword.methods import Method, method_class, without_head
from foreword.prefix import Prefix
from foreword.recipe import GenerateRecipe, Recipe, TrainRecipe
from foreword.store import Store
from foreword.tasks import Example, Task, load_task, subset
from foreword.training import Settings, checkpoint
from foreword.training.precision import choose_device, choose_dtype, use_threads
from foreword.writing import read_json

WEIGHTS = "backbone weights"  # under which a run's files say what they stand on


def open_backbone(recipe: Recipe, accelerator: Accelerator | None = None) -> Backbone:
    """The recipe's backbone; in float32 where the method trains its weights, which half precision would round at the start."""
    wanted = recipe.backbone
    use_threads(wanted.threads)
    device = choose_device(wanted.device) if accelerator is None else str(accelerator.device)
    assert wanted.dtype != "auto", "settled once for a run, not at every opening"
    dtype = "float32" if method_class(recipe.method.name).trains_backbone else wanted.dtype
    backbone = load_backbone(wanted.name, wanted.revision or None, dtype, device)
    assert backbone.fingerprint  # read now, and kept: full fine-tuning moves the weights it names
    return backbone


def with_dtype(recipe: Recipe, dtype: str) -> Recipe:
    return recipe.model_copy(update={"backbone": recipe.backbone.model_copy(update={"dtype": dtype})})


def with_dtype_settled(recipe: Recipe, device: torch.device | None = None) -> Recipe:
    """The recipe with "auto" replaced by what is faster here: measured once, because times differ from one to the next."""
    use_threads(recipe.backbone.threads)
    device = torch.device(choose_device(recipe.backbone.device)) if device is None else device
    return with_dtype(recipe, choose_dtype(recipe.backbone.dtype, device))


def open_task(recipe: Recipe) -> Task:
    return load_task(recipe.task.name, recipe.task.path or None, recipe.task.instruction, **recipe.task.arguments)


def what_is_opened(recipe: Recipe, backbone: Backbone, task: Task) -> dict[str, Any]:
    """The method's arguments that its section only names: a prefix or classes to start from, examples to show."""
    told, opened = recipe.method.model_dump(), {}
    for key in {"init_prefix", "behind"} & set(told):
        opened[key] = first_prefix(told[key], backbone, key) if told[key] else None
    if told.get("init") == "classes":
        if not task.words:
            raise BadRecipe(
                f"method.init: task {task.name!r} has no classes to start from. Choose vocabulary, words or random."
            )
        opened["classes"] = task.words
    if told.get("num_examples"):
        texts, size = train_texts(recipe, task), told["num_examples"]
        if size > len(texts):
            raise BadRecipe(f"method.num_examples must be at most {len(texts)}, the training pairs; got {size}.")
        opened["examples"] = subset(texts, size, recipe.train.seed)
    if task.num_soft:
        if not method_class(recipe.method.name).takes_places:
            raise BadRecipe(
                f"task.template has places for {task.num_soft} trained vectors, and method {recipe.method.name!r} puts none there. "
                "Choose p-tuning or warp, or take {soft} out."
            )
        opened["within"] = task.num_soft
    if recipe.method.head:
        if not task.words:
            raise BadRecipe(
                f"method {recipe.method.name!r} reads classes, and task {task.name!r} has none. Choose a task of classes, or a "
                "method that writes."
            )
        opened["words"] = word_ids_or_none(backbone, task.words)
    return opened


def word_ids_or_none(backbone: Backbone, words: Sequence[str]) -> list[int | None]:
    """The token of each class' word, None where it is several: a layer for the classes can start from the words, but need not."""
    found: list[int | None] = []
    for word in words:
        try:
            found += word_ids(backbone, [word])
        except BadRecipe:
            found.append(None)
    return found


def first_prefix(named: str, backbone: Backbone, key: str) -> Prefix:
    """The prefix that a recipe's method.`key` names: a run's file, or one in a store, as STORE/NAME@VERSION or by its file.

    Raises:
        BadRecipe: the file holds no prefix.
        UnknownName, StoreError, PrefixMismatch: the store does not have it, or it is for another backbone.
    """
    path = Path(named)
    if not path.is_file() and path.suffix != ".safetensors":
        return Store(path.parent).load(path.name, backbone)[0]
    if path.with_name("manifest.json").is_file():
        store, name, version = path.parents[2], path.parents[1].name, path.parents[0].name
        return Store(store).load(f"{name}@{version}", backbone)[0]
    try:
        tensors, facts = checkpoint.contents(path)
        prefix = Prefix.from_tensors(without_head(tensors), facts["made_of"][WEIGHTS])
        prefix.check_fits(backbone.sites, backbone.name, backbone.fingerprint)
        return prefix
    except checkpoint.UNREADABLE as error:
        raise BadRecipe(
            f"method.{key}: {path} cannot be read as a run's prefix ({type(error).__name__}: {error}). "
            "Give a run's method.safetensors."
        ) from None
    except PrefixMismatch as error:
        raise BadRecipe(f"method.{key}: {path} cannot be the start: {error}") from None


def started(method: Method, recipe: Recipe, backbone: Backbone) -> None:
    """Put what another run trained in place of the method's first values, where the recipe asks for it.

    So prompts are pretrained (PPT, Gu et al., 2022) and IPT's tables (Jiang et al., 2022): on one task, for another. A layer that
    reads classes stays behind: another task has other classes.

    Raises:
        BadRecipe: no finished run there, or one of another method, model or size.
    """
    if not recipe.train.start_from:
        return
    folder = Path(recipe.train.start_from)
    hint = "Give the folder of a finished run of the same method on the same model."
    try:
        tensors, facts = checkpoint.contents(folder / "method.safetensors")
        trained_as = read_json(folder / "recipe.json", ["method"])["method"]["name"]
    except (*checkpoint.UNREADABLE, ForewordError) as error:
        raise BadRecipe(f"train.start_from: {folder} holds no run to start from ({error}). {hint}") from None
    if trained_as != recipe.method.name:
        raise BadRecipe(
            f"train.start_from: {folder} is a run of {trained_as}, and this one is of {recipe.method.name}. {hint}"
        )
    if facts["made_of"][WEIGHTS] != backbone.fingerprint:
        raise BadRecipe(f"train.start_from: {folder} was trained on another model than {backbone.name}. {hint}")
    try:
        method.start(without_head(tensors))
    except PrefixMismatch as error:
        raise BadRecipe(f"train.start_from: {folder} cannot be the start: {error}") from None


def encoded_pairs(
    recipe: Recipe, task: Task, backbone: Backbone, method: Method, say: Callable[[str], None]
) -> tuple[list[Pair], list[Pair]]:
    """Training and dev pairs as ids, as the method arranges them. What had to be cut is said, never done in silence."""
    classes = backbone.kind == "encoder-only" or method.reads_classes
    if classes and not task.words:
        raise UnsupportedBackbone(
            f"{backbone.name} is encoder-only and cannot learn to write text. Choose a decoder, or a task of classes."
        )
    max_source_len, max_target_len = recipe.task.max_source_len, 0 if classes else recipe.task.max_target_len
    most = limits(backbone, method.num_positions, max_source_len, max_target_len, method.num_added)
    train, made = train_texts(recipe, task), []
    dev = [(example.source, text) for example in dev_examples(recipe, task) for text in example.references]
    for split, texts in (("train", train), ("dev", dev)):
        sources, cut_sources = [], 0
        if texts:
            sources, cut_sources = source_ids(backbone, [s for s, _ in texts], most.source_len, method.words_in_front)
        if classes:
            cut_targets = 0
            pairs = [class_pair(task, backbone, method, *text, ids) for text, ids in zip(texts, sources, strict=True)]
        else:
            targets, cut_targets = target_ids(backbone, [t for _, t in texts], most.target_len) if texts else ([], 0)
            pairs = [Pair(method.arrange(s), t) for s, t in zip(sources, targets, strict=True)]
        for what, cut, limit in (("sources", cut_sources, most.source_len), ("targets", cut_targets, most.target_len)):
            side = "front" if what == "sources" and task.words and not task.per_word else "end"
            if cut:
                say(
                    f"note: {cut} of {len(texts)} {split} {what} are longer than {limit} tokens and are cut at the {side}."
                )
        made.append(pairs)
    return made[0], made[1]


def class_pair(task: Task, backbone: Backbone, method: Method, source: str, answer: str, ids: list[int]) -> Pair:
    """A source's ids with the number of its class; or the numbers of its words' tags, as far as a limit left the words."""
    if not task.per_word:
        return Pair(method.arrange(ids), [task.words.index(answer)])
    columns = word_places(backbone, source, len(ids), method.words_in_front)
    tags = [task.words.index(tag) for tag in answer.split()]
    return Pair(method.arrange(ids), tags[: len(columns)], method.places(columns, len(ids)))


def train_texts(recipe: Recipe, task: Task) -> list[tuple[str, str]]:
    """The training pairs, or the subset the recipe asks for.

    Raises:
        BadRecipe: there are none, or fewer than are asked for.
    """
    if "train" not in task.splits:
        raise BadRecipe(lacking(task, "train", "training"))
    texts, size = task.pairs("train"), recipe.task.train_size
    if size > len(texts):
        raise BadRecipe(f"task.train_size must be at most {len(texts)}, the pairs in the train data; got {size}.")
    return subset(texts, size, recipe.task.subset_seed) if size else texts


def dev_examples(recipe: Recipe, task: Task) -> list[Example]:
    """The dev examples that loss and metrics are both counted on: all, or the subset the recipe asks for, of dev or training data.

    Raises:
        BadRecipe: there are none where some are needed, or fewer than are asked for.
    """
    size = recipe.task.dev_size
    if recipe.task.dev_split == "train":
        return left_by_training(recipe, task)
    if "dev" not in task.splits:
        if recipe.train.dev_metrics or recipe.train.patience or recipe.train.eval_every or size:
            needing = "train.dev_metrics, train.patience, train.eval_every or task.dev_size"
            raise BadRecipe(lacking(task, "dev", needing))
        return []
    examples = task.examples("dev")
    if size > len(examples):
        raise BadRecipe(f"task.dev_size must be at most {len(examples)}, the examples in the dev data; got {size}.")
    return subset(examples, size, recipe.task.subset_seed) if size else examples


def left_by_training(recipe: Recipe, task: Task) -> list[Example]:
    """So many examples of the training data, of which none shares its source or its unit with what is trained on."""
    size, seed = recipe.task.dev_size, recipe.task.subset_seed
    # A record for each of its pairs, for pairs are what training counts; in training's order, of which it takes the beginning.
    records = [record for record in task.records("train") for _ in record.references]
    order = subset(records, len(records), seed)
    held, rest = order[: recipe.task.train_size], order[recipe.task.train_size :]
    seen = {record.source for record in held} | {record.unit for record in held if record.unit}
    whole = {(e.source, e.group, e.unit): e for e in task.examples("train")} if task.merges else {}
    drawn = dict.fromkeys(whole.get((r.source, r.group, r.unit), r) for r in rest if not seen & {r.source, r.unit})
    if size > len(drawn):
        raise BadRecipe(
            f"task.dev_split: beside the {len(held)} of {len(order)} training pairs that are trained on there are {len(drawn)} "
            f"examples of other sources, and task.dev_size is {size}. Ask for fewer."
        )
    return list(drawn)[:size]


def lacking(task: Task, split: str, what: str) -> str:
    return f"task {task.name!r} has no {split} data, and {what} needs it; its splits are {', '.join(task.splits)}."


def settings_of(recipe: Recipe, num_pairs: int, trains_backbone: bool) -> Settings:
    t: TrainRecipe = recipe.train
    steps = -(-num_pairs // t.batch_size)
    total = t.max_steps or max(1, round(t.epochs * steps))
    names = set(Settings.__dataclass_fields__) - {"total_steps", "autocast"}
    autocast = trains_backbone and recipe.backbone.dtype == "bfloat16"
    return Settings(total_steps=total, autocast=autocast, **{name: getattr(t, name) for name in names})


def decoding_of(recipe: GenerateRecipe) -> Decoding:
    return Decoding(**{name: getattr(recipe, name) for name in Decoding.__dataclass_fields__})
