"""A whole experiment in miniature: a model folder, data files and a recipe that trains in a second."""

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from tests.tiny_models import FAMILIES, sharpened, tokenizer

from foreword.backbone import Backbone
from foreword.backbone.wording import Pair, source_ids, target_ids
from foreword.errors import Interrupted
from foreword.methods import Method, Reader
from foreword.methods.prefix_tuning import PrefixTuning
from foreword.recipe import Recipe
from foreword.training import Settings, Training

TEXTS = [
    ("a1", "the red"),
    ("b2", "one dog"),
    ("c3", "my hat is"),
    ("d4", "so far"),
    ("e5", "up"),
    ("f6", "all in all"),
    ("g7", "no"),
]


def model_folder(folder: Path, family: str = "gpt2", seed: int = 0) -> Path:
    """A tiny random model as transformers writes it."""
    torch.manual_seed(seed)
    sharpened(FAMILIES[family]()).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def data_folder(folder: Path, texts: Sequence[tuple[str, str]] = TEXTS, group: bool = False) -> Path:
    """JSON lines; dev and test hold the training's first pairs, so that what was memorised scores."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, pairs in (("train", texts), ("dev", texts[:3]), ("test", texts[:4])):
        lines = [
            {"source": s, "references": [t], **({"group": "seen" if i % 2 else "unseen"} if group else {})}
            for i, (s, t) in enumerate(pairs)
        ]
        (folder / f"{split}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return folder


def tiny_settings(model: Path, data: Path) -> dict[str, dict[str, Any]]:
    """A recipe as plain sections; tests change what they are about."""
    return {
        "backbone": {"name": str(model), "dtype": "float32", "device": "cpu"},
        "task": {"name": "jsonl", "path": str(data), "max_target_len": 16},
        "method": {"name": "prefix-tuning", "prefix_len": 3, "mlp_dim": 8},
        "train": {"lr": 0.01, "max_steps": 6, "batch_size": 3, "log_every": 2, "save_every": 2, "eval_every": 3},
        "generate": {"max_new_tokens": 12},
        "eval": {"metrics": ["chrf"], "resamples": 20},
    }


def tiny_recipe(model: Path, data: Path, **changes: dict[str, Any]) -> Recipe:
    given = tiny_settings(model, data)
    if "name" in changes.get("method", {}):
        given["method"] = {}  # another method has keys of its own
    return Recipe.from_dict({section: {**keys, **changes.get(section, {})} for section, keys in given.items()})


def as_toml(sections: dict[str, dict[str, Any]]) -> str:
    """JSON's strings, numbers and lists are TOML's."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in keys.items()) for name, keys in sections.items()
    )


def pairs_of(backbone: Backbone, texts: Sequence[tuple[str, str]] = TEXTS) -> list[Pair]:
    sources, _ = source_ids(backbone, [s for s, _ in texts], 40)
    targets, _ = target_ids(backbone, [t for _, t in texts], 40)
    return [Pair(s, t) for s, t in zip(sources, targets, strict=True)]


def prefix_method(backbone: Backbone, **arguments: Any) -> PrefixTuning:
    return PrefixTuning(backbone, **{"prefix_len": 4, "mlp_dim": 8, **arguments})


def tiny_training(
    backbone: Backbone,
    method: Method,
    out: Path,
    dev: Sequence[Pair] = (),
    pairs: Sequence[Pair] | None = None,
    reader: Reader | None = None,
    **settings: Any,
) -> Training:
    """The loop on the memorisable texts."""
    chosen = Settings(**{"lr": 0.01, "total_steps": 5, "batch_size": 3, "log_every": 1, **settings})
    return Training(
        backbone,
        method,
        pairs_of(backbone) if pairs is None else pairs,
        dev,
        chosen,
        out,
        Accelerator(cpu=True),
        reader=reader,
    )


def log_lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def stopped_after(training: Training, num_steps: int) -> None:
    """Run it, with Ctrl-C pressed while it takes the last of these steps."""
    real = training.step

    def step() -> int:
        if training.state.step == num_steps - 1:
            os.kill(os.getpid(), signal.SIGINT)
        return real()

    training.step = step  # type: ignore[method-assign]
    with pytest.raises(Interrupted, match=f"stopped after step {num_steps}"):
        training.run()
