"""From a recipe to a trained method: what fails early leaves nothing behind, and a run is what its folder says."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tests.processes import begun, ended
from tests.tiny_runs import TEXTS, data_folder, log_lines, model_folder, tiny_recipe

import foreword
from foreword import assembly, experiment
from foreword.errors import (
    BadData,
    BadRecipe,
    ForewordError,
    MissingTool,
    PrefixMismatch,
    RunError,
    UnknownName,
    UnsupportedBackbone,
)
from foreword.methods.base.heads import HEAD
from foreword.recipe import Recipe
from foreword.training import Training, checkpoint
from foreword.writing import held_alone, write_text, written_whole


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A model, data, and a finished run of them; never changed."""
    folder = tmp_path_factory.mktemp("place")
    model_folder(folder / "model")
    data_folder(folder / "data", group=True)
    foreword.train(tiny_recipe(folder / "model", folder / "data"), folder / "run")
    return folder


def recipe_of(place: Path, **changes: dict[str, Any]) -> foreword.Recipe:
    return tiny_recipe(place / "model", place / "data", **changes)


def test_a_finished_run_opens_as_it_was_trained(place):
    opened = foreword.open_run(place / "run")
    again = foreword.open_run(place / "run")
    assert opened.recipe == recipe_of(place)
    assert opened.prefix is not None
    assert opened.prefix.prefix_len == 3
    texts = opened.generate([s for s, _ in TEXTS])
    assert again.generate([s for s, _ in TEXTS]) == texts
    assert len(opened.generate(["a1"], max_new_tokens=3, min_new_tokens=3)[0]) <= 3
    run = json.loads((place / "run" / "run.json").read_text())
    assert (run["method"]["name"], run["num_pairs"], run["state"]["step"]) == ("prefix-tuning", 7, 6)
    stored = sum(t.numel() for t in load_file(place / "run" / "method.safetensors").values())
    assert run["method"]["stored_parameters"] == stored
    assert run["method"]["share_of_backbone"] == pytest.approx(stored / opened.backbone.num_parameters)


def test_trained_again_a_finished_run_stays_what_it_is(place, tmp_path):
    shutil.copytree(place / "run", tmp_path / "run")
    before = json.loads((tmp_path / "run" / "run.json").read_text())["state"]
    foreword.train(recipe_of(place), tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == before
    for name in ("method.safetensors", "log.jsonl"):
        assert (tmp_path / "run" / name).read_bytes() == (place / "run" / name).read_bytes()


def test_a_run_of_another_recipe_is_refused_naming_what_differs(place, tmp_path):
    shutil.copytree(place / "run", tmp_path / "run")
    other = recipe_of(
        place, train={"lr": 0.5}, method={"prefix_len": 4}, task={"dev": str(place / "data" / "dev.jsonl")}
    )
    message = (
        r"holds a run of another recipe \(it differs in method\.prefix_len, task\.dev, train\.lr\)\. Choose another"
    )
    with pytest.raises(RunError, match=message):
        foreword.train(other, tmp_path / "run")


MISTAKES: dict[str, tuple[dict[str, dict[str, Any]], type[ForewordError], str]] = {
    "no data": ({"task": {"path": "nowhere"}}, BadData, "nowhere: no such folder"),
    "no such task": ({"task": {"name": "jsonn"}}, UnknownName, "unknown task 'jsonn'"),
    "no such argument": ({"task": {"deev": "x"}}, UnknownName, r"'task\.deev'\. Did you mean 'task\.dev'"),
    "no model": ({"backbone": {"name": "./nowhere"}}, ForewordError, "nowhere"),
    "no revision": ({"backbone": {"name": "some/model"}}, ForewordError, "needs a pinned revision"),
    "too large a subset": ({"task": {"train_size": 8}}, BadRecipe, r"train_size must be at most 7, the pairs in .*; got 8"),
    "too large a dev set": ({"task": {"dev_size": 4}}, BadRecipe, r"task\.dev_size must be at most 3.*got 4"),
    "no room": ({"method": {"prefix_len": 110}}, BadData, "positions do not hold a prefix of 110"),
    "no such metric": ({"train": {"dev_metrics": ["chrff"]}}, UnknownName, "unknown metric 'chrff'"),
    "no room for what is written": (
        {"train": {"dev_metrics": ["chrf"]}, "generate": {"max_new_tokens": 126}}, BadData, "positions do not hold"
    ),
    "not one of no words": (
        {"train": {"dev_metrics": ["chrf"]}, "generate": {"one_of_words": True}}, BadRecipe, "answers are not one of a few words"
    ),
    "no such prefix": ({"method": {"init": "prefix", "init_prefix": "nowhere/e2e@1"}}, ForewordError, "no store at nowhere"),
    "no such device": ({"backbone": {"device": "xpu"}}, BadRecipe, "backbone.device is 'xpu', but this machine has"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_fails_before_training_leaves_no_folder_behind(place, tmp_path, mistake, monkeypatch):
    changes, kind, message = MISTAKES[mistake]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=message):
        foreword.train(recipe_of(place, **{"train": {"trackers": ["tensorboard"]}, **changes}), tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_data_without_a_split_that_is_needed_is_refused(place, tmp_path):
    data = data_folder(tmp_path / "data")
    (data / "dev.jsonl").unlink()
    foreword.train(tiny_recipe(place / "model", data, train={"max_steps": 1, "eval_every": 0}), tmp_path / "run")
    with pytest.raises(
        BadRecipe,
        match=r"task 'jsonl' has no dev data, and train\.dev_metrics, .* train\.eval_every or task\.dev_size needs it",
    ):
        foreword.train(tiny_recipe(place / "model", data), tmp_path / "other")
    (data / "train.jsonl").unlink()
    with pytest.raises(BadRecipe, match="task 'jsonl' has no train data, and training needs it; its splits are test"):
        foreword.train(tiny_recipe(place / "model", data), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_unfinished_run_and_an_empty_folder_are_not_opened(place, tmp_path):
    with pytest.raises(RunError, match=r"holds no run\. `foreword train RECIPE --out .*` makes one"):
        foreword.open_run(tmp_path)
    shutil.copytree(place / "run", tmp_path / "run")
    (tmp_path / "run" / "run.json").unlink()
    with pytest.raises(RunError, match=r"the run in .* has not finished\. `foreword train RECIPE --out .*` resumes it"):
        foreword.open_run(tmp_path / "run")


def test_a_run_whose_backbone_changed_is_neither_opened_nor_gone_on_with(place, tmp_path):
    """The bug: a run folder named its backbone only, so other weights under that name ran with the prefix without a word."""
    model = model_folder(tmp_path / "model")
    recipe = tiny_recipe(model, place / "data")
    foreword.train(recipe, tmp_path / "run")
    shutil.rmtree(model)
    model_folder(model, seed=1)
    with pytest.raises(
        PrefixMismatch,
        match=r"was trained on .*model with fingerprint \w+, but the model there now has \w+\. Put the model back",
    ):
        foreword.open_run(tmp_path / "run")
    with pytest.raises(RunError, match="holds a run with other backbone weights"):
        foreword.train(recipe, tmp_path / "run")


def test_a_run_whose_tokenizer_changed_is_neither_opened_nor_gone_on_with(place, tmp_path):
    """The bug: only the weights were looked at, so other ids went through the model without a word."""
    model = Path(shutil.copytree(place / "model", tmp_path / "model"))
    recipe = tiny_recipe(model, place / "data")
    foreword.train(recipe, tmp_path / "run")
    file = model / "tokenizer.json"
    file.write_text(file.read_text().replace('"a": 4', '"a": 5').replace('"b": 5', '"b": 4'))
    with pytest.raises(PrefixMismatch, match="was trained with another tokenizer than .* has now"):
        foreword.open_run(tmp_path / "run")
    with pytest.raises(RunError, match="holds a run with other tokenizer"):
        foreword.train(recipe, tmp_path / "run")


def test_two_trainings_do_not_write_into_one_folder(place, tmp_path):
    with held_alone(tmp_path, "another training"):
        with pytest.raises(RunError, match=r"another training is at work in .*\. Wait for it, or choose another --out"):
            foreword.train(recipe_of(place), tmp_path)
    foreword.train(recipe_of(place), tmp_path)


def test_a_run_whose_data_changed_is_not_gone_on_with(place, tmp_path):
    recipe = tiny_recipe(place / "model", data_folder(tmp_path / "data"))
    foreword.train(recipe, tmp_path / "run")
    data_folder(tmp_path / "data", texts=TEXTS[1:])
    with pytest.raises(RunError, match="holds a run with other train data and dev data"):
        foreword.train(recipe, tmp_path / "run")


def test_a_finished_run_keeps_the_record_of_what_trained_it(place, tmp_path):
    """The bug: the same command on a finished run wrote today's code commit and versions over those that trained it."""
    recipe = tiny_recipe(place / "model", place / "data")
    foreword.train(recipe, tmp_path / "run")
    record = (tmp_path / "run" / "run.json").read_text().replace('"code_commit": "', '"code_commit": "older-')
    (tmp_path / "run" / "run.json").write_text(record)
    foreword.train(recipe, tmp_path / "run")
    assert (tmp_path / "run" / "run.json").read_text() == record


@pytest.mark.parametrize(("file", "text"), [("recipe.json", "{"), ("run.json", ""), ("run.json", "[1]")])
def test_a_damaged_record_is_one_clear_line(place, tmp_path, file, text):
    shutil.copytree(place / "run", tmp_path / "run")
    (tmp_path / "run" / file).write_text(text)
    with pytest.raises(RunError, match=rf"{file} (cannot be read|holds no record).*Train again into another folder"):
        foreword.open_run(tmp_path / "run")


def test_a_model_that_only_encodes_is_refused_before_training(place, tmp_path):
    model = model_folder(tmp_path / "model", family="bert")
    with pytest.raises(UnsupportedBackbone, match="is encoder-only and cannot learn to write text"):
        foreword.train(tiny_recipe(model, place / "data"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_auto_precision_is_settled_once_and_kept(place, tmp_path, monkeypatch):
    recipe = recipe_of(place, backbone={"dtype": "auto"}, train={"max_steps": 1})
    monkeypatch.setattr(assembly, "choose_dtype", lambda wanted, device: "bfloat16")
    assert foreword.train(recipe, tmp_path / "run").recipe.backbone.dtype == "bfloat16"
    monkeypatch.setattr(assembly, "choose_dtype", lambda wanted, device: pytest.fail("measured again"))
    again = foreword.train(recipe, tmp_path / "run")
    assert (again.recipe.backbone.dtype, again.backbone.dtype) == ("bfloat16", torch.bfloat16)
    assert foreword.open_run(tmp_path / "run").backbone.dtype == torch.bfloat16
    with pytest.raises(RunError, match=r"it differs in backbone\.dtype\)"):
        foreword.train(recipe_of(place, backbone={"dtype": "float32"}, train={"max_steps": 1}), tmp_path / "run")


def test_full_finetuning_in_half_precision_keeps_its_weights_whole(place, tmp_path):
    recipe = recipe_of(place, backbone={"dtype": "bfloat16"}, train={"lr": 1e-5, "max_steps": 2})
    sections = recipe.to_dict() | {"method": {"name": "full-finetuning"}}
    tuned = foreword.train(foreword.Recipe.from_dict(sections), tmp_path / "run")
    assert tuned.prefix is None
    weights = load_file(tmp_path / "run" / "method.safetensors")
    assert {t.dtype for t in weights.values()} == {torch.float32}
    whole = dict(foreword.Backbone.load(str(place / "model")).model.named_parameters())
    steps = torch.cat([(weights[n] - whole[n]).abs().flatten() for n in weights])
    assert 0 < steps.max() < 1e-4, "it starts from the whole weights, and updates smaller than bfloat16 holds are kept"
    opened = foreword.open_run(tmp_path / "run")
    assert opened.generate(["a1"]) == tuned.generate(["a1"])
    before = foreword.untouched(recipe_of(place)).backbone
    assert opened.backbone.fingerprint == tuned.backbone.fingerprint == before.fingerprint
    assert opened.backbone.fingerprint_now == tuned.backbone.fingerprint_now != before.fingerprint_now


def test_full_finetuned_weights_take_no_prefix_of_the_untouched_ones(place, tmp_path):
    """The bug: a model whose weights had moved still went by the fingerprint of the one that was loaded."""
    run = foreword.open_run(place / "run")
    sections = recipe_of(place).to_dict() | {"method": {"name": "full-finetuning"}}
    tuned = foreword.train(foreword.Recipe.from_dict(sections), tmp_path / "run")
    with pytest.raises(PrefixMismatch, match="the prefix was made for a model with fingerprint"):
        foreword.generate(tuned.backbone, ["a1"], foreword.Decoding(), run.prefix)
    own = tuned.backbone.activations([7, 61, 4])
    assert foreword.generate(tuned.backbone, ["a1"], foreword.Decoding(max_new_tokens=2), own)


def test_a_process_trains_on_one_device(place, tmp_path, monkeypatch):
    """The bug: Accelerate settles the device at a process' first training, and the next ran there whatever its recipe said."""
    monkeypatch.setattr(experiment, "choose_device", lambda wanted: "cuda")
    with pytest.raises(RunError, match=r"trained on another device already\. Train on cuda in a process of its own"):
        foreword.train(recipe_of(place), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def start(place: Path, folder: Path, init_prefix: Path | str, prefix_len: int = 3) -> foreword.Tuned:
    """One step so small that the start is what is kept."""
    method = {"init": "prefix", "init_prefix": str(init_prefix), "mlp_dim": 0, "prefix_len": prefix_len}
    return foreword.train(recipe_of(place, method=method, train={"max_steps": 1, "lr": 1e-9}), folder)


def test_a_prefix_can_start_from_a_file_and_from_a_store(place, tmp_path):
    """The bug: starting from a store asked it for a prefix without saying for which backbone, and crashed."""
    run = foreword.open_run(place / "run")
    assert run.prefix is not None
    manifest = foreword.keep(run, "first", tmp_path / "store")
    stored_file = tmp_path / "store" / "first" / "1" / "prefix.safetensors"
    sources: list[Path | str] = [
        place / "run" / "method.safetensors",
        stored_file,
        f"{tmp_path}/store/{manifest.reference}",
    ]
    for number, given in enumerate(sources):
        started = start(place, tmp_path / f"run{number}", given)
        assert started.prefix is not None
        for name, tensor in started.prefix.tensors().items():
            torch.testing.assert_close(tensor, run.prefix.tensors()[name], atol=1e-6, rtol=0)
    write_head(place / "run" / "method.safetensors", tmp_path / "headed.safetensors")
    headed = start(place, tmp_path / "headed", tmp_path / "headed.safetensors")
    assert headed.prefix is not None, "of a run with a layer for classes its prefix is the start"
    longer = start(place, tmp_path / "longer", sources[0], prefix_len=5)
    assert longer.prefix is not None
    torch.testing.assert_close(
        longer.prefix.keys["decoder"][:, :, 3:], run.prefix.keys["decoder"][:, :, :2], atol=1e-6, rtol=0
    )


def write_head(run: Path, file: Path) -> None:
    """The run's file, as it would be had a layer for two classes been trained beside the prefix."""
    tensors, facts = checkpoint.contents(run)
    checkpoint.save(file, {**tensors, f"{HEAD}weight": torch.zeros(2, 4), f"{HEAD}bias": torch.zeros(2)}, facts)


def test_a_prefix_file_of_another_model_is_refused_wherever_it_lies(place, tmp_path):
    """The bug: shapes alone were compared, so a prefix of another fine-tune of the same architecture was taken."""
    other = tiny_recipe(model_folder(tmp_path / "model", seed=3), place / "data")
    foreword.train(other, tmp_path / "other")
    alone = shutil.copy(tmp_path / "other" / "method.safetensors", tmp_path / "theirs.safetensors")
    message = r"theirs\.safetensors cannot be the start: the prefix was made for a model with fingerprint \w+"
    with pytest.raises(BadRecipe, match=message):
        start(place, tmp_path / "run", alone)
    own = shutil.copy(place / "run" / "method.safetensors", tmp_path / "own.safetensors")
    assert start(place, tmp_path / "from-own", own).prefix is not None
    foreword.keep(foreword.open_run(tmp_path / "other"), "theirs", tmp_path / "store")
    with pytest.raises(PrefixMismatch, match=r"prefix 'theirs@1' was trained for .*: fingerprint \w+ there, \w+ here"):
        start(place, tmp_path / "run", tmp_path / "store" / "theirs" / "1" / "prefix.safetensors")
    with pytest.raises(
        BadRecipe, match=r"nowhere/method\.safetensors cannot be read as a run's prefix \(.*No such file"
    ):
        start(place, tmp_path / "run", "nowhere/method.safetensors")


def on_from(place: Path, out: Path, run: Path, method: dict, **train: object) -> foreword.Tuned:
    """One step so small that the start is what is kept."""
    steps = {"max_steps": 1, "lr": 1e-9, "start_from": str(run), **train}
    return foreword.train(recipe_of(place, method=method, train=steps), out)


@pytest.mark.parametrize(
    "method",
    [
        {"prefix_len": 3, "mlp_dim": 8},
        {"name": "prompt-tuning", "prompt_len": 3},
        {"name": "prompt-tuning", "prompt_len": 3, "mlp_dim": 8},
        {"name": "p-tuning", "template": "{soft:2} {source}", "encoder": "none"},
        {"name": "infix-tuning", "infix_len": 3, "mlp_dim": 8},
        {"name": "adapters", "bottleneck_dim": 2},
        {"name": "ipt", "num_tokens": 2},
    ],
)
def test_a_run_can_start_from_what_another_trained(place, tmp_path, method):
    method = {"mlp_dim": 0, **method} if "name" not in method else method
    first = foreword.train(recipe_of(place, method=method, train={"max_steps": 5, "seed": 1}), tmp_path / "first")
    second = on_from(place, tmp_path / "second", tmp_path / "first", method)
    assert first.trained is not None
    assert second.trained is not None
    given, kept = first.trained.export(), second.trained.export()
    for name, tensor in kept.items():
        torch.testing.assert_close(tensor, given[name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["prompt-tuning", "p-tuning-v2"])
def test_prompts_are_pretrained_on_what_texts_ask_and_then_learn_a_task_of_classes(place, tmp_path, name):
    """PPT from end to end: three classes of pairs of sentences, then two of texts; a layer for classes stays behind."""
    (tmp_path / "texts").mkdir()
    for number in range(8):
        (tmp_path / "texts" / f"{number}.txt").write_text(" ".join(f"Is it {i} or {number} here." for i in range(5)))
    lines = "".join(f'{{"text": "a{i}", "label": "{"no" if i % 2 else "up"}"}}\n' for i in range(4))
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.jsonl").write_text(lines)
    method = {"name": name, "prompt_len": 3} if name == "prompt-tuning" else {"name": name, "prefix_len": 3}
    sizes = {"max_source_len": 80, "max_target_len": 8}
    asked = {"name": "pretext", "path": str(tmp_path / "texts"), "size": 12, "words": "n, m, y", **sizes}
    first = tiny_recipe(place / "model", place / "data", task=asked, method=method, eval={"metrics": []})
    foreword.train(first, tmp_path / "pretext")
    classes = {"name": "classes", "path": str(tmp_path), "classes": "no, up", **sizes}
    train = {"start_from": str(tmp_path / "pretext"), "max_steps": 1, "lr": 1e-9}
    then = tiny_recipe(
        place / "model", place / "data", task=classes, method=method, train=train, eval={"metrics": ["accuracy"]}
    )
    tuned = foreword.train(then, tmp_path / "run")
    given, kept = (checkpoint.load(tmp_path / run / "method.safetensors")[0] for run in ("pretext", "run"))
    for tensor in kept:
        if not tensor.startswith(HEAD):
            torch.testing.assert_close(kept[tensor], given[tensor], atol=1e-5, rtol=1e-4)
    assert tuned.evaluate("test").value("accuracy") >= 0
    if name == "p-tuning-v2":
        assert (len(given[f"{HEAD}bias"]), len(kept[f"{HEAD}bias"])) == (3, 2)


def test_where_classes_are_read_off_no_room_is_kept_for_an_answer(place, tmp_path, capsys):
    """Texts are cut in training where they are cut in use; the tiny model's 128 positions are all the sources'."""
    (tmp_path / "train.jsonl").write_text("".join(f'{{"text": "{x * 300}", "label": "{x}o"}}\n' for x in "ns"))
    task = {"name": "classes", "train": str(tmp_path / "train.jsonl"), "classes": "no, so"}
    recipe = tiny_recipe(
        place / "model", place / "data", task=task, method={"name": "p-tuning-v2", "prefix_len": 3}
    ).to_dict()
    foreword.train(Recipe.from_dict(recipe | {"task": task, "train": {"max_steps": 1}}), tmp_path / "run")
    said = "note: 2 of 2 train sources are longer than 125 tokens and are cut at the front."
    assert said in capsys.readouterr().err


def test_a_start_that_does_not_fit_is_told(place, tmp_path):
    prompt = {"name": "prompt-tuning", "prompt_len": 3}
    foreword.train(recipe_of(place, method=prompt, train={"max_steps": 1}), tmp_path / "first")
    cases = [
        (
            {"name": "prompt-tuning", "prompt_len": 4},
            "first",
            r"cannot be the start: this prompt is \(3, \d+\), but .* want \(4,",
        ),
        (
            {"name": "ipt"},
            "first",
            r"first is a run of prompt-tuning, and this one is of ipt\. Give the folder of a finished",
        ),
        (prompt, "none", r"none holds no run to start from \(.*No such file.*\)\. Give the folder of a finished run"),
    ]
    for method, run, message in cases:
        with pytest.raises(BadRecipe, match=rf"train\.start_from: .*{message}"):
            on_from(place, tmp_path / "second", tmp_path / run, method)
    encoded = {"name": "p-tuning", "template": "{soft:2} {source}"}
    foreword.train(recipe_of(place, method=encoded, train={"max_steps": 1}), tmp_path / "encoded")
    with pytest.raises(BadRecipe, match=r"an encoder makes cannot start from vectors\. Set method\.encoder=none"):
        on_from(place, tmp_path / "second", tmp_path / "encoded", encoded)
    other = tiny_recipe(model_folder(tmp_path / "model", seed=3), place / "data", method=prompt)
    foreword.train(other, tmp_path / "other")
    with pytest.raises(
        BadRecipe, match=r"other was trained on another model than .*\. Give the folder of a finished run"
    ):
        on_from(place, tmp_path / "second", tmp_path / "other", prompt)
    assert not (tmp_path / "second").exists()


def test_a_file_that_holds_no_prefix_is_told(place, tmp_path):
    with pytest.raises(
        BadRecipe, match=r"method\.init_prefix: .*checkpoint\.safetensors cannot be the start: tensor .* is not part of"
    ):
        start(place, tmp_path / "run", place / "run" / "checkpoint.safetensors")
    message = r"method\.init_prefix: .*{} cannot be read as a run's prefix \(.*Give a run's method\.safetensors"
    with pytest.raises(BadRecipe, match=message.format(r"run\.json")):
        start(place, tmp_path / "run", place / "run" / "run.json")
    unsigned = tmp_path / "unsigned.safetensors"  # the right tensors, of who knows which model
    save_file(load_file(place / "run" / "method.safetensors"), unsigned)
    with pytest.raises(BadRecipe, match=message.format(r"unsigned\.safetensors")):
        start(place, tmp_path / "run", unsigned)
    assert not (tmp_path / "run").exists()


def test_what_is_cut_is_said_and_counted(place, tmp_path, capsys):
    recipe = recipe_of(place, task={"max_source_len": 3, "max_target_len": 6}, train={"max_steps": 1})
    foreword.train(recipe, tmp_path / "run")
    err = capsys.readouterr().err
    assert "note: 7 of 7 train sources are longer than 3 tokens and are cut at the end." in err
    assert "note: 5 of 7 train targets are longer than 6 tokens and are cut at the end." in err
    tuned = foreword.open_run(tmp_path / "run")
    assert tuned.evaluate("test").num_cut_sources == 4
    assert json.loads((tmp_path / "run" / "result-test.json").read_text())["num_cut_sources"] == 4


def test_low_data_trains_on_a_subset_of_its_seed(place, tmp_path):
    sizes = {}
    for seed in (0, 1):
        foreword.train(recipe_of(place, task={"train_size": 3, "subset_seed": seed}), tmp_path / str(seed))
        assert json.loads((tmp_path / str(seed) / "run.json").read_text())["num_pairs"] == 3
        sizes[seed] = log_lines(tmp_path / str(seed))[0]["loss"]
    assert sizes[0] != sizes[1]


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"epochs": 2, "max_steps": 0}, 6),
        ({"epochs": 0.5, "max_steps": 0}, 2),
        ({"epochs": 0.01, "max_steps": 0}, 1),
        ({"max_steps": 4}, 4),
    ],
)
def test_epochs_and_steps_say_how_long(place, changes, steps):
    recipe = recipe_of(place, train=changes)
    assert assembly.settings_of(recipe, 7, trains_backbone=False).total_steps == steps


def test_dev_metrics_choose_what_is_kept(place, tmp_path):
    train = {"dev_metrics": ["chrf", "ter"], "select": "ter", "lr": 0.05, "max_steps": 60, "eval_every": 20}
    tuned = foreword.train(recipe_of(place, train=train), tmp_path / "run")
    lines = [line for line in log_lines(tmp_path / "run") if "dev/ter" in line]
    assert [line["step"] for line in lines] == [20, 40, 60]
    state = json.loads((tmp_path / "run" / "run.json").read_text())["state"]
    assert state["best"] == min(line["dev/ter"] for line in lines)
    assert tuned.evaluate("dev").value("chrf") == pytest.approx(
        {x["step"]: x for x in lines}[state["best_step"]]["dev/chrf"]
    )


def test_tensorboard_gets_its_files_and_a_missing_tracker_stops_before_any_compute(place, tmp_path, monkeypatch):
    foreword.train(recipe_of(place, train={"trackers": ["tensorboard"]}), tmp_path / "run")
    events = list((tmp_path / "run").rglob("events.out.tfevents.*"))
    assert events
    assert any(b"dev/loss" in path.read_bytes() for path in events)
    monkeypatch.setattr(experiment, "open_backbone", lambda *_: pytest.fail("a model was loaded"))
    monkeypatch.setattr("foreword.vetting.find_spec", lambda name: None)
    with pytest.raises(MissingTool, match=r"train\.trackers asks for wandb, which is not installed"):
        foreword.train(recipe_of(place, train={"trackers": ["wandb"]}), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_what_tensorboard_has_of_steps_that_come_again_is_dropped(place, tmp_path, monkeypatch):
    """The bug: a run that was killed and gone on with had the steps after its checkpoint twice."""
    recipe = recipe_of(place, train={"trackers": ["tensorboard"], "max_steps": 8, "log_every": 1, "save_every": 4})
    real = Training._save
    monkeypatch.setattr(Training, "_save", lambda self: real(self) if self.state.step < 7 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        foreword.train(recipe, tmp_path / "run")
    monkeypatch.setattr(Training, "_save", real)
    foreword.train(recipe, tmp_path / "run")
    events = EventAccumulator(str(next((tmp_path / "run").rglob("events.out.tfevents.*")).parent)).Reload()
    assert [event.step for event in events.Scalars("loss")] == list(range(1, 9))


def train_tracked(recipe: dict, folder: Path, until: int) -> None:
    """Train as a process does that dies after a step; in a process of its own, since wandb starts others."""
    real = Training._save
    Training._save = lambda self: real(self) if self.state.step <= until else 1 / 0  # type: ignore[method-assign]
    with suppress(ZeroDivisionError):
        foreword.train(foreword.Recipe.from_dict(recipe), folder)


def test_wandb_is_told_and_knows_a_run_that_goes_on_for_the_same(place, tmp_path):
    recipe = recipe_of(place, train={"trackers": ["wandb"], "max_steps": 8, "log_every": 1, "save_every": 4}).to_dict()
    ids = []
    for until in (4, 8):
        out = tmp_path / "run"
        offline = {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
        assert ended(begun(train_tracked, recipe, out, until, environment=offline)) == 0
        ids.append({path.suffixes[-1:] and path.stem for path in out.glob("wandb/offline-run-*/run-*.wandb")})
    assert ids[0] == ids[1] == {f"run-{(tmp_path / 'run' / 'wandb-id.txt').read_text()}"}
    assert (tmp_path / "run" / "run.json").is_file()


def test_a_record_that_lacks_something_is_told(place, tmp_path):
    """The bug: a run.json of {} ended in a KeyError."""
    shutil.copytree(place / "run", tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text("{}")
    with pytest.raises(RunError, match=r"run\.json is no whole record: it lacks 'fingerprint'\. Train again"):
        foreword.open_run(tmp_path / "run")


def test_an_interrupted_writing_leaves_the_old_file_and_no_other(tmp_path):
    """The bug: a Ctrl-C while a file was written left its half beside it."""
    write_text(tmp_path / "a.txt", "old")
    with suppress(KeyboardInterrupt), written_whole(tmp_path / "a.txt") as fresh:
        fresh.write_text("ne")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_training_wants_only_what_the_loop_needs_of_a_recipe(place):
    settings = assembly.settings_of(recipe_of(place), 7, trains_backbone=True)
    assert not settings.autocast
    assert settings.save_every == 2
    half = recipe_of(place, backbone={"dtype": "bfloat16"})
    assert assembly.settings_of(half, 7, trains_backbone=True).autocast
    assert not assembly.settings_of(half, 7, trains_backbone=False).autocast


@pytest.mark.parametrize("family", ["bart", "t5"])
def test_encoder_decoder_models_go_the_whole_way(tmp_path, family):
    data = data_folder(tmp_path / "data")
    tuned = foreword.train(tiny_recipe(model_folder(tmp_path / "model", family), data), tmp_path / "run")
    assert tuned.prefix is not None
    assert set(tuned.prefix.sites) == {"encoder", "decoder", "cross"}
    scores = tuned.evaluate("test")
    assert tuned.evaluate("test").texts == foreword.open_run(tmp_path / "run").evaluate("test").texts == scores.texts
    assert scores.texts != foreword.untouched(tuned.recipe).evaluate("test").texts


def test_the_front_door_names_everything_it_shows():
    for name in foreword.__all__:
        assert getattr(foreword, name) is not None
    with pytest.raises(AttributeError, match="module 'foreword' has no attribute 'trian'; it has Backbone, "):
        _ = foreword.trian  # type: ignore[attr-defined]


def test_checkpointing_gives_the_same_prefix(place, tmp_path, monkeypatch):
    plain = load_file(place / "run" / "method.safetensors")
    told: list[bool] = []
    really = foreword.Backbone.checkpointing
    monkeypatch.setattr(foreword.Backbone, "checkpointing", lambda self, on: told.append(on) or really(self, on))
    tuned = foreword.train(recipe_of(place, train={"checkpointing": True}), tmp_path / "run")
    assert told == [True, False], "on for the training, and off after it"
    saved = checkpoint.load(tmp_path / "run" / "method.safetensors")[0]
    for name, tensor in plain.items():
        torch.testing.assert_close(saved[name], tensor, atol=1e-5, rtol=1e-4)
    assert tuned.recipe.train.checkpointing
