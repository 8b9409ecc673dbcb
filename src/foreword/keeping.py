"""Putting what was trained into a store, and taking it out again, ready to run.

Comes in:  a Tuned, or a store reference.      Goes out: a manifest, or a Tuned.
The canary is made and checked here: an input and the first tokens that must come of it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

import torch

from foreword.assembly import open_backbone, with_dtype
from foreword.backbone import Backbone
from foreword.backbone.loading import DTYPES
from foreword.errors import StoreError
from foreword.generation import Decoding, generate_ids, likeliest_tokens
from foreword.prefix import Prefix
from foreword.recipe import Recipe, reopened
from foreword.store import Canary, Manifest, Store, StoredForm, StoredScore
from foreword.store.manifest import DType
from foreword.tuned import SCORE_AGAIN, Form, Tuned
from foreword.vetting import vet
from foreword.writing import read_json

CANARY_LEN = 12  # tokens
CANARY_LIKELIEST = 3  # tokens of a masked model, which fills one place


def keep(tuned: Tuned, name: str, store: str | Path = "store", dtype: str = "float32") -> Manifest:
    """Write a trained prefix into a store as the next version of a name.

    Raises:
        StoreError: what was trained is not a prefix, or the store refuses it.
    """
    if tuned.trained is not None and tuned.trained.reads_classes:
        raise StoreError("a layer that reads classes is part of what was trained, and a store keeps only prefixes.")
    if tuned.prefix is None:
        raise StoreError(f"what {tuned.method['name']} yields is not a prefix, and a store keeps only prefixes.")
    if tuned.folder is None:
        raise StoreError("this prefix comes out of a store, where it is kept already. Keep one from a run's folder.")
    if dtype not in get_args(DType):
        raise StoreError(f"dtype must be {' or '.join(get_args(DType))}, got {dtype!r}.")
    run = read_json(tuned.folder / "run.json", ["data_hash", "code_commit"])
    example = tuned.task.examples(tuned.task.splits[-1])[0]
    stored = tuned.prefix.to(dtype=DTYPES[dtype])  # the canary must come of the numbers that are stored
    ids = canary_ids(in_float32(tuned.recipe, tuned.backbone), stored, example.source)
    text = tuned.backbone.tokenizer.decode(ids)
    return Store(store).add(
        tuned.prefix,
        name,
        tuned.backbone,
        method=tuned.method["name"],
        recipe=recipe_to_keep(tuned),
        data_hash=run["data_hash"],
        form=StoredForm(words=tuned.form.words, per_word=tuned.form.per_word, question=tuned.form.question),
        canary=Canary(source=example.source, tokens=tuple(ids), text=str(text)),
        scores=stored_scores(tuned.folder),
        code_commit=run["code_commit"],
        dtype=cast(DType, dtype),
    )


def recipe_to_keep(tuned: Tuned) -> dict[str, Any]:
    """The training's; but backbone and data are where they were found now, if the Tuned was opened with overrides."""
    assert tuned.folder is not None
    now = tuned.recipe.to_dict()
    return {**read_json(tuned.folder / "recipe.json"), "backbone": now["backbone"], "task": now["task"]}


def take(reference: str, store: str | Path = "store", overrides: Sequence[str] = ()) -> Tuned:
    """A stored prefix on the backbone it was trained for, everything checked before any compute.

    Args:
        overrides: of where it runs, how it decodes and is scored, e.g. "backbone.name=models/gpt2" for a model that moved.

    Raises:
        BadRecipe: an override would change what was trained.
        UnknownName, StoreError, PrefixMismatch: not there, damaged, or its backbone is not what it was.
    """
    shelf = Store(store)
    manifest = shelf.show(reference)
    recipe = reopened(Recipe.from_dict(manifest.recipe), overrides)
    if overrides:
        vet(recipe)
    backbone = open_backbone(recipe)
    prefix, _ = shelf.load(reference, backbone)
    size = prefix.num_values
    facts = {"name": manifest.method, "stored_parameters": size, "share_of_backbone": size / backbone.num_parameters}
    return Tuned(recipe, backbone, prefix.to(backbone.device), facts, None, form=Form(**dict(manifest.form)))


def canary_fault(reference: str, store: str | Path, overrides: Sequence[str] = ()) -> str:
    """Run the canary: "" when the stored prefix writes the tokens it must, else what it wrote instead.

    Args:
        overrides: of where it runs, as `take` has them.
    """
    canary = Store(store).show(reference).canary
    tuned = take(reference, store, overrides)
    assert tuned.prefix is not None, reference
    backbone = in_float32(tuned.recipe, tuned.backbone)
    ids = canary_ids(backbone, tuned.prefix, canary.source)
    if tuple(ids) == canary.tokens:
        return ""
    return f"expected {canary.text!r}, got {backbone.tokenizer.decode(ids)!r}"


def in_float32(recipe: Recipe, backbone: Backbone) -> Backbone:
    """The same model with whole products: processors round those of bfloat16 in their own ways, and a canary must not differ."""
    return backbone if backbone.dtype == torch.float32 else open_backbone(with_dtype(recipe, "float32"))


def canary_ids(backbone: Backbone, prefix: Prefix, source: str) -> list[int]:
    """The first tokens, greedily; at least one, for an end marker at once would prove nothing. Of a masked model the likeliest."""
    if backbone.kind == "encoder-only":
        return likeliest_tokens(backbone, source, prefix, CANARY_LIKELIEST)
    return generate_ids(backbone, [source], Decoding(min_new_tokens=1, max_new_tokens=CANARY_LEN), prefix)[0]


def stored_scores(folder: Path) -> list[StoredScore]:
    """Every score in the run's result files."""
    scores = []
    for path in sorted(folder.glob("result-*.json")):
        result = read_json(path, ["scores", "signature"], SCORE_AGAIN)
        for group, metrics in result["scores"].items():
            for metric, score in metrics.items():
                signature = f"{result['signature']}|group:{group}|{score['signature']}"
                scores.append(StoredScore(metric=metric, value=score["value"], signature=signature))
    return scores
