"""AutoPrompt: real words take the place of vectors, each step at least as good a word as before."""

import json

import pytest
import torch
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import TEXTS, data_folder, log_lines, model_folder, pairs_of, tiny_recipe, tiny_training

import foreword
from foreword.backbone.wording import Pair
from foreword.errors import BadRecipe, PrefixMismatch
from foreword.methods.autoprompt import AutoPrompt


def searching(folder, family="gpt2", **settings):
    backbone = tiny_backbone(family)
    method = AutoPrompt(backbone, "{soft:3} {source}", num_candidates=8)
    pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(backbone, TEXTS[:3])]
    return method, tiny_training(backbone, method, folder, pairs=pairs, **settings)


@pytest.mark.parametrize("family", ["gpt2", "t5"])
def test_one_word_a_step_and_the_loss_of_its_batch_never_rises(tmp_path, family):
    method, training = searching(tmp_path, family, batch_size=3)
    rows = training.schedule.rows(0)
    losses, words = [training._tried(rows, 1)], [method.words]
    for _ in range(6):
        training.step()
        losses.append(training._tried(rows, 1))
        words.append(method.words)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]
    changes = [sum(a != b for a, b in zip(*pair, strict=True)) for pair in zip(words, words[1:], strict=False)]
    assert max(changes) == 1


def test_the_gradient_names_the_words_that_are_tried(tmp_path):
    """With as many candidates as words the best of all is found; with few, one of those the gradient points to."""
    method, training = searching(tmp_path)
    table, vectors = method.backbone.word_vectors(range(97)), method.prompt()
    training._gradients(training.schedule.rows(0), 1)
    place = method.search()
    gradient, before = vectors.grad.clone(), method.words
    place.step(lambda: float(-(vectors.detach() * gradient).sum()) * -1)  # the loss is what the gradient says it is
    (moved,) = [i for i, (a, b) in enumerate(zip(before, method.words, strict=True)) if a != b]
    assert method.words[moved] == int((table @ gradient[moved]).argmin())


def test_no_marker_becomes_a_word(tmp_path):
    method, training = searching(tmp_path)
    markers = method.backbone.tokenizer.all_special_ids
    search = method.search()
    (vectors,) = search.param_groups[0]["params"]
    table = method.backbone.word_vectors(range(97))
    vectors.grad = -table[markers[0]].expand_as(vectors).clone() * 100  # it points straight at a marker
    search.step(lambda: float(-(vectors.detach() @ table[markers[0]]).sum()))
    assert not set(method.words) & set(markers)


def test_words_are_tried_without_dropout(tmp_path):
    """Else each would be tried under another, and a resumed search would find others."""
    method, training = searching(tmp_path, lm_dropout=True, batch_size=3)
    rows = training.schedule.rows(0)
    training.backbone.model.train()
    assert training._tried(rows, 1) == training._tried(rows, 1)
    assert training.backbone.model.training, "the next step's gradient has dropout again"


def test_a_search_that_was_stopped_goes_on_to_the_same_words(tmp_path):
    method, training = searching(tmp_path / "whole", total_steps=6, save_every=1)
    training.run()
    for steps in (3, 6):
        again, part = searching(tmp_path / "parts", total_steps=6, save_every=1)
        if steps == 3:
            part._resume()
            part._since = 0.0
            for _ in range(3):
                part.step()
            part._save()
        else:
            part.run()
    assert again.words == method.words
    assert log_lines(tmp_path / "whole")[-1]["loss"] == log_lines(tmp_path / "parts")[-1]["loss"]


def test_what_is_kept_is_words_and_the_run_says_which(tmp_path):
    recipe = tiny_recipe(
        model_folder(tmp_path / "model"), data_folder(tmp_path / "data"),
        method={"name": "autoprompt", "template": "{soft:2} {source}", "num_candidates": 5}, train={"max_steps": 3},
    )  # fmt: skip
    tuned = foreword.train(recipe, tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())["method"]
    assert facts["stored_parameters"] == facts["trained_parameters"] == 2, "two words; their vectors are the model's"
    assert isinstance(tuned.trained, AutoPrompt)
    tokenizer = tuned.backbone.tokenizer
    assert facts["words"] == [tokenizer.decode([word]) for word in tuned.trained.words]
    assert tuned.prefix is not None
    words = tuned.backbone.activations(tuned.trained.words)
    assert all(torch.equal(tensor, words.tensors()[name]) for name, tensor in tuned.prefix.tensors().items())


def test_the_run_says_which_words_were_best_and_not_which_were_last(tmp_path):
    data = data_folder(tmp_path / "data")
    (data / "dev.jsonl").write_text('{"source": "zz", "target": "quiz box"}\n')
    recipe = tiny_recipe(
        model_folder(tmp_path / "model"), data,
        method={"name": "autoprompt", "template": "{soft:2} {source}", "num_candidates": 5},
        train={"max_steps": 12, "eval_every": 1, "batch_size": 2, "seed": 2},
    )  # fmt: skip
    tuned = foreword.train(recipe, tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["state"]["best_step"] < 12, "else nothing is seen"
    assert isinstance(tuned.trained, AutoPrompt)
    assert run["method"]["words"] == [tuned.backbone.tokenizer.decode([word]) for word in tuned.trained.words]


def test_a_template_without_a_word_to_look_for_is_told():
    with pytest.raises(BadRecipe, match=r"method\.template has no place for a vector, so there is nothing to train"):
        AutoPrompt(tiny_backbone("gpt2"), "{source}")


def test_words_of_another_vocabulary_are_refused():
    method = AutoPrompt(tiny_backbone("gpt2"), "{soft:2} {source}")
    for words in ([1, 2, 3], [1, 10_000]):
        with pytest.raises(PrefixMismatch, match=r"these are not 2 words of tiny-gpt2's vocabulary"):
            method.load({"words": torch.tensor(words)})
