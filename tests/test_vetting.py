"""What a recipe names must exist, and is looked up before anything costs time."""

import pytest

from foreword.errors import BadRecipe, MissingTool, UnknownName
from foreword.recipe import Recipe
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


def test_an_argument_of_the_wrong_type_and_an_unwanted_path_are_refused():
    with pytest.raises(BadRecipe, match="argument 'voice' of task 'bulletins' wants str, got 3"):
        vet(Recipe.from_dict({"task": {"name": "bulletins", "voice": 3}}))
    with pytest.raises(BadRecipe, match="takes no path"):
        vet(Recipe.from_dict({"task": {"name": "bulletins", "path": "data"}}))


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
