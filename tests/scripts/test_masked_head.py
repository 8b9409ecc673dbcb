"""A head over a frozen encoder: it alone moves, its loss falls, and the encoder can fill in words."""

import json
from argparse import Namespace

import pytest
import torch
from scripts.masked_head import head_of, rows, train, with_head
from tests.tiny_models import END, save_headless_encoder

from foreword.backbone import Backbone

TEXTS = ["the cat sat on the mat and the dog lay by the fire. "] * 40


@pytest.fixture
def headless(tmp_path):
    tokenizer = save_headless_encoder(tmp_path / "encoder")
    tokenizer.add_special_tokens({"cls_token": END, "sep_token": END})
    tokenizer.save_pretrained(tmp_path / "encoder")
    return tmp_path / "encoder"


def test_only_the_head_moves_and_it_learns(headless, tmp_path):
    args = Namespace(seed=0, tokens=32 * 8 * 120, row_len=32, batch_size=8, lr=3e-3, log_steps=20)
    train(str(headless), TEXTS, TEXTS[:8], tmp_path / "out", args)
    backbone, before = Backbone.load(str(tmp_path / "out")), Backbone.load(str(headless))
    assert (backbone.has_words, before.has_words) == (True, False)
    moved = dict(backbone.model.base_model.named_parameters())  # type: ignore[union-attr]
    for name, weight in before.model.named_parameters():
        assert name.startswith("pooler.") or torch.equal(weight, moved[name]), name
    lines = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [20, 40, 60, 80, 100, 120]
    assert lines[-1]["held_out"] < lines[0]["held_out"] - 0.2


def test_the_head_is_what_stands_beside_the_encoder(headless):
    model = with_head(str(headless), 0)
    trained = {id(p) for p in model.parameters() if p.requires_grad}
    assert trained <= {id(p) for p in head_of(model).parameters()}
    assert trained


def test_rows_are_full_and_marked(headless):
    tokenizer = Backbone.load(str(headless)).tokenizer
    made = list(rows(TEXTS[:3], tokenizer, 20))
    assert {len(row) for row in made} == {20}
    assert all(int(row[0]) == int(row[-1]) == tokenizer.cls_token_id for row in made)
    assert tokenizer.decode(made[0][1:-1]) == TEXTS[0][:18]
