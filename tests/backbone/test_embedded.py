"""The backbones that ship: one of each kind, small, each told on its card, and each can do what it was trained for."""

import json
import re

import pytest
import torch
from tests.tiny_runs import log_lines

import foreword
from foreword.backbone import Backbone
from foreword.catalogue import embedded_backbones
from foreword.recipe import Recipe

KINDS = {"scribe": "decoder-only", "editor": "encoder-decoder", "reader": "encoder-only"}
LARGEST = {"scribe": 15e6, "editor": 12e6, "reader": 12e6}  # bytes
CARD = ("on disk", "trained on", "loss on held-out text", "licence", "## How it was made", "## What it is not")
TRAIN = {"lr": 0.01, "max_steps": 12, "batch_size": 4, "log_every": 4, "eval_every": 12}


def test_there_is_one_of_each_kind():
    assert {name: Backbone.load(name).kind for name in embedded_backbones()} == KINDS


@pytest.mark.parametrize("name", KINDS)
def test_it_is_small_and_told_on_its_card(name):
    folder = embedded_backbones()[name]
    assert sum(file.stat().st_size for file in folder.iterdir()) <= LARGEST[name]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert all(part in card for part in CARD)
    (told,) = re.findall(r"\| parameters \| ([\d,]+) ", card)
    assert int(told.replace(",", "")) == Backbone.load(name).num_parameters


def test_the_reader_fills_a_gap_with_words_that_fit_there():
    backbone = Backbone.load("reader")
    tokenizer = backbone.tokenizer
    for text, fits in (
        ("He looked at her face, and took{}hand in his own.", {" her", " the"}),
        ("It was very cold, and{}was late at night.", {" it"}),
    ):
        ids = tokenizer(text.format(tokenizer.mask_token), return_tensors="pt")["input_ids"]
        at = ids[0].tolist().index(tokenizer.mask_token_id)
        with torch.no_grad():
            logits = backbone.model(input_ids=ids).logits[0, at]
        assert tokenizer.decode([int(logits.argmax())]) in fits


def test_the_editor_tells_a_table_it_has_never_seen():
    (told,) = foreword.generate(Backbone.load("editor"), ["name : Tove Marlin | occupation : baker | home : Rye"])
    assert all(word in told for word in ("Tove", "Marlin", "baker", "Rye"))


def test_a_prefix_is_trained_on_the_editor(tmp_path):
    task = {"name": "bulletins", "train_size": 16, "dev_size": 4}
    recipe = {"backbone": {"name": "editor"}, "task": task, "method": {"name": "prefix-tuning", "mlp_dim": 0}}
    tuned = foreword.train(Recipe.from_dict({**recipe, "train": TRAIN}), tmp_path)
    losses = [line["loss"] for line in log_lines(tmp_path) if "loss" in line]
    assert losses[-1] < 0.9 * losses[0]
    assert tuned.prefix is not None
    assert {site.split(".")[0] for site in tuned.prefix.keys} == {"encoder", "decoder", "cross"}


def test_the_reader_learns_classes_from_eight_lines(tmp_path):
    things = ("soup", "room", "play", "walk")
    lines = [
        {"text": f"The {thing} was {word}.", "label": label}
        for thing in things
        for label, word in (("good", "lovely"), ("bad", "dreadful"))
    ]
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    task = {"name": "classes", "path": str(tmp_path), "classes": "good, bad"}
    recipe = {"backbone": {"name": "reader"}, "task": task, "method": {"name": "prefix-tuning"}}
    tuned = foreword.train(
        Recipe.from_dict({**recipe, "train": {**TRAIN, "lr": 3e-3, "max_steps": 40}}), tmp_path / "run"
    )
    assert tuned.evaluate().scores["all"]["accuracy"].value == 1
    assert tuned.generate(["The boat was lovely."]) == ["good"]
