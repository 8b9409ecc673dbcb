"""What a recipe names must exist, and is looked up before anything costs time."""

import pytest

from foreword.errors import BadRecipe, MissingTool, UnknownName, UnsupportedBackbone
from foreword.recipe import Recipe
from foreword.recipe.reading import with_overrides
from foreword.vetting import check_tools, vet


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"task": {"name": "e2"}}, r"unknown task 'e2'\. Did you mean 'e2e'\?"),
        (
            {"task": {"name": "bulletins", "voices": "poet"}},
            r"unknown setting of task 'bulletins' 'task\.voices'\. Did you mean 'task\.voice'\?",
        ),
        ({"task": {"name": "bulletins", "train_sise": 3}}, r"'task\.train_sise'\. Did you mean 'task\.train_size'\?"),
        ({"train": {"dev_metrics": ["blue"]}}, r"unknown metric 'blue'\. Did you mean 'bleu'\?"),
        ({"eval": {"metrics": ["chrff"]}}, r"unknown metric 'chrff'\. Did you mean 'chrf'\?"),
    ],
)
def test_a_name_that_stands_for_nothing_is_refused(given, message):
    with pytest.raises(UnknownName, match=message):
        vet(Recipe.from_dict(given))


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ({"name": "../nowhere"}, "'../nowhere' is neither a folder here nor a name on the hub"),
        ({"name": "n" * 5000}, r"backbone n+ cannot be read \(File name too long\)\. Check the path"),
        ({"name": "gpt2"}, "'gpt2' is a hub name and needs a pinned revision"),
        ({"name": "gpt2", "revision": "main"}, r"must be a full commit .*got 'main'"),
        ({"name": "minilm", "revision": "main"}, r"'minilm' is a folder here, got 'main'\. Leave the revision out"),
        ({"revision": "main"}, r"backbone\.revision pins a hub name, but 'scribe' is a folder here, got 'main'"),
    ],
)
def test_a_backbone_that_cannot_be_found_is_refused(backbone, message):
    with pytest.raises(UnsupportedBackbone, match=message):
        vet(Recipe.from_dict({"backbone": backbone}))


def test_another_backbone_leaves_the_revision_of_the_first_behind():
    given = {"backbone": {"name": "gpt2", "revision": "f" * 40}}
    assert with_overrides(given, ["backbone.name=scribe"])["backbone"] == {"name": "scribe"}
    assert with_overrides(given, ["backbone.name=gpt2"]) == given
    named = with_overrides(given, ["backbone.name=opt", f"backbone.revision={'e' * 40}"])
    assert named["backbone"] == {"name": "opt", "revision": "e" * 40}


def test_an_argument_of_the_wrong_type_and_an_unwanted_path_are_refused():
    with pytest.raises(BadRecipe, match="argument 'voice' of task 'bulletins' wants str, got 3"):
        vet(Recipe.from_dict({"task": {"name": "bulletins", "voice": 3}}))
    with pytest.raises(UnknownName, match="unknown voice 'pirate'"):  # not only once a model has been loaded
        vet(Recipe.from_dict({"task": {"name": "bulletins", "voice": "pirate"}}))
    with pytest.raises(BadRecipe, match="takes no path"):
        vet(Recipe.from_dict({"task": {"name": "bulletins", "path": "data"}}))


def test_a_template_is_looked_at_where_the_data_are(tmp_path):
    (tmp_path / "train.jsonl").write_text("not read yet")
    recipe = {"task": {"name": "cb", "path": str(tmp_path), "template": "{premise} {mask} {hypotesis}"}}
    with pytest.raises(BadRecipe, match=r"task\.template: there is no field \{hypotesis\}; there are \{premise\}"):
        vet(Recipe.from_dict(recipe))
    recipe["task"]["template"] = "{premise} ? {mask} , {hypothesis}"
    vet(Recipe.from_dict(recipe))


def test_a_tracker_that_is_not_installed_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setattr("foreword.vetting.find_spec", lambda name: None)
    with pytest.raises(
        MissingTool, match=r"train\.trackers asks for wandb, which is not installed\. .*pip install 'foreword\[wandb\]'"
    ):
        check_tools(Recipe.from_dict({"train": {"trackers": ["wandb"]}}))
    with pytest.raises(MissingTool, match=r"asks for tensorboard.*foreword\[trackers\]"):
        check_tools(Recipe.from_dict({"train": {"trackers": ["tensorboard"]}}))


def test_a_dev_metric_that_cannot_be_counted_here_is_told_before_training(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingTool, match=r"train\.dev_metrics asks for meteor, which cannot be counted here: .*Java"):
        check_tools(Recipe.from_dict({"train": {"dev_metrics": ["bleu", "meteor"]}}))
    check_tools(Recipe.from_dict({"train": {"dev_metrics": ["bleu", "chrf", "nist", "ter", "rougeL"]}}))
