"""Putting what was trained into a store, and taking it out again, ready to run.

Comes in:  a Tuned, or a store reference.      Goes out: a manifest, or a Tuned.
The canary is made and checked here: an input and the first tokens that must come of it.
"""

import json
from pathlib import Path

from foreword.backbone import Backbone, load_backbone
from foreword.errors import StoreError
from foreword.experiment import UNTOUCHED, Tuned
from foreword.generation import Decoding, generate_ids
from foreword.prefix import Prefix
from foreword.recipe import Recipe
from foreword.store import Canary, Manifest, Store, StoredScore
from foreword.training.precision import choose_device

CANARY_LEN = 12  # tokens


def keep(tuned: Tuned, store: str | Path, name: str, dtype: str = "float32") -> Manifest:
    """Write a trained prefix into a store as the next version of a name.

    Raises:
        StoreError: what was trained is not a prefix, or the store refuses it.
    """
    if tuned.prefix is None or tuned.folder is None:
        raise StoreError(
            f"what {tuned.method['name']} trained is not a prefix, and a store keeps prefixes. "
            f"Its weights are in {tuned.folder}/method.safetensors."
        )
    run = json.loads((tuned.folder / "run.json").read_text(encoding="utf-8"))
    example = tuned.task.examples(tuned.task.splits[-1])[0]
    ids = canary_ids(tuned.backbone, tuned.prefix, example.source)
    text = tuned.backbone.tokenizer.decode(ids, skip_special_tokens=True)
    return Store(store).add(
        tuned.prefix,
        name,
        tuned.backbone,
        method=tuned.method["name"],
        recipe=tuned.recipe.to_dict(),
        data_hash=run["data_hash"],
        canary=Canary(source=example.source, tokens=tuple(ids), text=str(text)),
        scores=stored_scores(tuned.folder),
        code_commit=run["code_commit"],
        dtype="bfloat16" if dtype == "bfloat16" else "float32",
    )


def take(reference: str, store: str | Path = "store") -> Tuned:
    """A stored prefix on the backbone it was trained for, everything checked before any compute.

    Raises:
        UnknownName, StoreError, PrefixMismatch: not there, damaged, or its backbone is not what it was.
    """
    shelf = Store(store)
    manifest = shelf.show(reference)
    recipe = Recipe.from_dict(manifest.recipe)
    stored = manifest.backbone
    backbone = load_backbone(stored.name, stored.revision or None, recipe.backbone.dtype, choose_device(recipe.backbone.device))
    prefix, _ = shelf.load(reference, backbone)
    size = prefix.num_values
    facts = {**UNTOUCHED, "name": manifest.method, "stored_parameters": size, "share_of_backbone": size / backbone.num_parameters}
    return Tuned(recipe, backbone, prefix.to(backbone.device), facts, None)


def canary_fault(reference: str, store: str | Path) -> str:
    """Run the canary: "" when the stored prefix writes the tokens it must, else what it wrote instead."""
    canary = Store(store).show(reference).canary
    tuned = take(reference, store)
    assert tuned.prefix is not None, reference
    ids = canary_ids(tuned.backbone, tuned.prefix, canary.source)
    if tuple(ids) == canary.tokens:
        return ""
    return f"expected {canary.text!r}, got {tuned.backbone.tokenizer.decode(ids, skip_special_tokens=True)!r}"


def canary_ids(backbone: Backbone, prefix: Prefix, source: str) -> list[int]:
    """The first tokens, greedily."""
    return generate_ids(backbone, [source], Decoding(max_new_tokens=CANARY_LEN), prefix)[0]


def stored_scores(folder: Path) -> list[StoredScore]:
    """Every score in the run's result files."""
    scores = []
    for path in sorted(folder.glob("result-*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        for group, metrics in result["scores"].items():
            for metric, score in metrics.items():
                signature = f"{result['signature']}|group:{group}|{score['signature']}"
                scores.append(StoredScore(metric=metric, value=score["value"], signature=signature))
    return scores
