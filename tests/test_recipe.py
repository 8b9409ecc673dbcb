"""Recipes: every mistake is told by its setting, and what is right survives every way of writing it down."""

import json
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from foreword.catalogue import EXPERIMENTS, shipped_recipes
from foreword.errors import BadRecipe, ForewordError, UnknownName
from foreword.methods import full_finetuning, prefix_tuning
from foreword.recipe import PRESETS, Recipe, method_names, read_recipe
from foreword.recipe.faults import one_line
from foreword.recipe.reading import with_overrides

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"trian": {}}, r"unknown section 'trian'\. Did you mean 'train'\? Known: backbone, eval, generate, method, task, train"),
    ({"method": {"prefix_length": 3}}, r"unknown setting 'method\.prefix_length'\. Did you mean 'method\.prefix_len'\?"),
    ({"train": {"lrr": 1}}, r"unknown setting 'train\.lrr'\. Did you mean 'train\.lr'\?"),
    ({"method": {"name": "bias-only", "prefix_len": 3}}, r"prefix_len is a setting of infix-tuning, .*, not of bias-only\. Its"),
    ({"method": 3, "train": {"lrr": 1}}, r"unknown setting 'train\.lrr'"),
    ({"method": {"name": "prefix"}}, r"unknown method 'prefix'\. Did you mean 'prefix-tuning'\? Known: [a-z]"),
    ({"method": {"name": ["prefix-tuning"]}}, r"unknown method"),
    ({"method": {"name": "suffix-tuning"}}, r"there is no method 'suffix-tuning' here: .* it is method.name=infix-tuning"),
    ({"method": {"name": "ppt"}}, r"there is no method 'ppt' here: it is method.name=prompt-tuning, trained on task.name=pretext"),
    ({"method": {"name": "autoprompt", "head": True}}, r"the search finds words, and trains no layer beside them: choose prompt"),
    ({"method": {"behind": "s/t@1", "layers": "0"}}, r"behind = 's/t@1' stands in every layer, and layers = '0' name some: leave"),
    ({"task": {"dev_split": "train", "dev_size": 3}}, r"task: dev_split = 'train' needs train_size and dev_size"),
    ({"method": {"prefix_len": 0}}, r"method\.prefix_len must be at least 1, got 0\."),
    ({"method": {"prefix_len": -2}}, r"method\.prefix_len must be at least 1, got -2\."),
    ({"method": {"mlp_dim": -1}}, r"method\.mlp_dim must be at least 0, got -1\."),
    ({"method": {"prefix_len": 2.5}}, r"method\.prefix_len wants int, got 2\.5\."),
    ({"method": {"prefix_len": True}}, r"method\.prefix_len wants int, got True\."),
    ({"method": {"init": "noise"}}, r"method\.init must be 'random', 'zero', 'words' or 'prefix', got 'noise'\."),
    ({"method": {"init": "words"}}, r"method: init = 'words' needs init_words"),
    ({"method": {"init": "prefix"}}, r"method: init = 'prefix' needs init_prefix"),
    ({"method": {"init_words": "a table"}}, r"method: init_words = 'a table' is for init = 'words', but init is 'random'"),
    ({"method": {"init": "words", "init_words": "a", "init_prefix": "x"}}, r"init_prefix = 'x' is for init = 'prefix', but init"),
    ({"generate": {"temperature": 0.7}}, r"generate: temperature = 0\.7 needs sample = true; without it the likeliest token"),
    ({"generate": {"seed": 3}}, r"generate: seed = 3 needs sample = true"),
    ({"task": {"subset_seed": 2}}, r"task: subset_seed = 2 needs train_size or dev_size; without them all is used"),
    ({"eval": {"split": "tset"}}, r"eval\.split must be 'train', 'dev' or 'test', got 'tset'"),
    ({"generate": {"top_k": 5}}, r"generate: top_k = 5 needs sample = true"),
    ({"generate": {"preset": "sample", "sample": False}}, r"generate: temperature = 0\.8 needs sample = true"),
    ({"method": 3}, r"method is a section, e\.g\. \[method\], got 3\."),
    ({"train": 3}, r"train is a section, e\.g\. \[train\], got 3\."),
    ({"train": {"label_smoothing": 1}}, r"train\.label_smoothing must be less than 1, got 1\."),
    ({"train": {"lr": 0}}, r"train\.lr must be more than 0, got 0\."),
    ({"train": {"lr": "fast"}}, r"train\.lr wants float, got 'fast'\."),
    ({"train": {"lr": float("inf")}}, r"train\.lr must be a finite number, got inf\."),
    ({"train": {"lr": float("nan")}}, r"train\.lr must be a finite number, got nan\."),
    ({"train": {"epochs": True}}, r"train\.epochs wants float, got True\."),
    ({"train": {"clip": -0.5}}, r"train\.clip must be at least 0, got -0\.5\."),
    ({"train": {"batch_size": 2, "accumulate": 3}}, r"train: accumulate must be at most batch_size, got 3 and 2\."),
    ({"generate": {"length_penalty": 2.0}}, r"generate: length_penalty = 2\.0 needs beams > 1"),
    ({"generate": {"min_new_tokens": 9, "max_new_tokens": 8}}, r"min_new_tokens = 9 is more than max_new_tokens = 8"),
    ({"train": {"select": "bleu"}}, r"train: select must be 'loss' or one of dev_metrics, got 'bleu'\."),
    ({"train": {"dev_metrics": "bleu"}}, r"train\.dev_metrics wants a list, e\.g\. .*, got 'bleu'\."),
    ({"train": {"dev_metrics": ["bleu", 3]}}, r"train\.dev_metrics\.1 wants string, got 3\."),
    ({"train": {"trackers": ["mlflow"]}}, r"train\.trackers\.0 must be 'tensorboard' or 'wandb', got 'mlflow'\."),
    ({"train": {"lm_dropout": "yes"}}, r"train\.lm_dropout wants true or false, got 'yes'\."),
    ({"generate": {"top_p": 1.5}}, r"generate\.top_p must be at most 1, got 1\.5\."),
    ({"generate": {"top_p": 0}}, r"generate\.top_p must be more than 0, got 0\."),
    ({"generate": {"preset": "beam"}}, r"generate\.preset must be 'greedy', .*got 'beam'\."),
    ({"generate": {"preset": ["greedy"]}}, r"generate\.preset must be"),
    ({"generate": []}, r"generate is a section"),
    ({"backbone": {"device": "cuda:1"}}, r"backbone\.device must be 'auto', 'cpu', 'cuda', 'mps' or 'xpu', got 'cuda:1'"),
    ({"task": {"name": 3}}, r"task\.name wants string, got 3\."),
    ({"task": {"dev_size": -1}}, r"task\.dev_size must be at least 0, got -1\."),
    ({"task": {"max_target_len": 0}}, r"task\.max_target_len must be at least 1, got 0\."),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), MISTAKES, ids=lambda value: str(value)[:50])
def test_a_mistake_is_told_by_its_setting(given, message):
    with pytest.raises(ForewordError, match=message):
        Recipe.from_dict(given)


def test_several_mistakes_are_told_at_once_a_line_each():
    with pytest.raises(BadRecipe) as told:
        Recipe.from_dict({"train": {"lr": -1, "batch_size": 0}, "eval": {"size": -3}})
    assert str(told.value).splitlines() == [
        "train.lr must be more than 0, got -1.",
        "train.batch_size must be at least 1, got 0.",
        "eval.size must be at least 0, got -3.",
    ]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "method.prefix_len",
            r"--set wants section\.key=value, e\.g\. method\.prefix_len=20; got 'method\.prefix_len'",
        ),
        ("prefix_len=20", r"--set wants section\.key=value.*got 'prefix_len=20'"),
        ("train.=3", r"--set wants section\.key=value.*got 'train\.=3'"),
        (".lr=3", r"--set wants section\.key=value.*got '\.lr=3'"),
        ("train=3", r"train is a section: set one of its keys, e\.g\. train\.lr=\.\.\."),
        ("method=3", r"method is a section: set one of its keys, e\.g\. method\.name=\.\.\."),
        ("trian.lr=3", r"unknown section 'trian'\. Did you mean 'train'\?"),
        ("method.prefix_length=20", r"Did you mean 'method\.prefix_len'\?"),
        ("method.prefix_len=0", r"must be at least 1, got 0"),
        ("method.prefix_len=20.7", r"wants int, got 20\.7"),
        ("method.prefix_len=many", r"wants int, got 'many'"),
        ("train.lr.x=3", r"unknown setting 'train\.lr\.x'"),
        ("train.lr=inf", r"must be a finite number"),
        ("task.path=2024", r"task\.path wants string, got 2024"),
    ],
)
def test_a_bad_override_says_what_to_write(override, message):
    with pytest.raises(ForewordError, match=message):
        Recipe.from_dict(with_overrides({}, [override]))


def test_overrides_take_toml_values_and_plain_text():
    recipe = Recipe.from_dict(
        with_overrides(
            {"train": {"lr": 1.0}},
            [
                "train.lr = 3e-3", "method.prefix_len=20", "backbone.name=openai-community/gpt2", "task.path='2024'",
                'train.dev_metrics=["bleu", "chrf"]', "train.lm_dropout=true", "method.init=words", "method.init_words=a = b",
            ],
        )
    )  # fmt: skip
    assert recipe.train.lr == 3e-3
    assert recipe.train.dev_metrics == ("bleu", "chrf")
    assert recipe.train.lm_dropout is True
    assert recipe.backbone.name == "openai-community/gpt2"
    assert recipe.task.path == "2024"
    assert isinstance(recipe.method, prefix_tuning.Settings)
    assert (recipe.method.prefix_len, recipe.method.init_words) == (20, "a = b")


def test_an_override_of_what_is_no_section_is_refused():
    with pytest.raises(BadRecipe, match=r"train is a section, e\.g\. \[train\], got 3"):
        with_overrides({"train": 3}, ["train.lr=1"])


def test_overrides_leave_what_they_were_given_as_it_was():
    given = {"train": {"lr": 1.0}, "method": {"name": "prefix-tuning", "prefix_len": 4}}
    before = json.dumps(given)
    with_overrides(given, ["train.lr=2", "method.name=full-finetuning"])
    assert json.dumps(given) == before


def test_another_method_leaves_the_old_methods_keys_behind():
    given = {"method": {"name": "prefix-tuning", "prefix_len": 4}}
    assert Recipe.from_dict(with_overrides(given, ["method.name=full-finetuning"])).method == full_finetuning.Settings()
    # what every method has is none of the old one's own
    headed = {"method": {**given["method"], "head": True}}
    assert Recipe.from_dict(with_overrides(headed, ["method.name=full-finetuning"])).method.head
    # in whichever order they are given, the new method's own keys stay
    there_and_back = {"method": {"name": "full-finetuning"}}
    wanted = prefix_tuning.Settings(prefix_len=7)
    assert (
        Recipe.from_dict(with_overrides(there_and_back, ["method.prefix_len=7", "method.name=prefix-tuning"])).method
        == wanted
    )
    # the same method again changes nothing
    assert Recipe.from_dict(with_overrides(given, ["method.name=prefix-tuning"])).method == prefix_tuning.Settings(
        prefix_len=4
    )
    assert Recipe.from_dict(
        with_overrides({"method": {"prefix_len": 4}}, ["method.name=prefix-tuning"])
    ).method == prefix_tuning.Settings(prefix_len=4)


def test_another_start_leaves_what_the_old_one_started_from_behind():
    """The bug: `--set method.init=random` on a recipe that starts from words was refused for its words."""
    given = {"method": {"name": "prefix-tuning", "init": "words", "init_words": "to sea"}}
    assert Recipe.from_dict(with_overrides(given, ["method.init=random"])).method == prefix_tuning.Settings(
        init="random"
    )
    assert with_overrides(given, ["method.init=words"]) == given
    from_prefix = with_overrides(given, ["method.init_prefix=run/method.safetensors", "method.init=prefix"])
    assert "init_words" not in from_prefix["method"]
    assert from_prefix["method"]["init_prefix"] == "run/method.safetensors"


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_in_what_is_not_given(preset):
    made = Recipe.from_dict({"generate": {"preset": preset}}).generate
    assert {key: getattr(made, key) for key in PRESETS[preset]} == PRESETS[preset]
    own = Recipe.from_dict({"generate": {"preset": preset, "beams": 7, "max_new_tokens": 19}}).generate
    assert (own.beams, own.max_new_tokens) == (7, 19)


def test_another_preset_takes_the_place_of_the_old_ones_keys():
    """The bug: a run's recipe is stored with every key, so a preset chosen later was drowned by the old one's values."""
    held = Recipe.from_dict({"generate": {"preset": "li-liang", "batch_size": 3}}).to_dict()
    made = Recipe.from_dict(with_overrides(held, ["generate.preset=lora", "generate.beams=2"])).generate
    assert (made.beams, made.length_penalty, made.no_newlines, made.batch_size) == (2, 0.8, False, 3)
    same = Recipe.from_dict(with_overrides(held, ["generate.preset=li-liang", "generate.max_new_tokens=8"])).generate
    assert (same.beams, same.max_new_tokens) == (5, 8)


@pytest.mark.parametrize("method", method_names())
def test_a_recipe_of_any_method_goes_from_process_to_process(method):
    recipe = Recipe.from_dict({"method": {"name": method}})
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert recipe.method.name == method


def test_a_recipe_is_frozen():
    recipe = Recipe.from_dict({})
    with pytest.raises(ValidationError, match="frozen"):
        recipe.train.lr = 1.0  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        recipe.task = recipe.task  # type: ignore[misc]


@pytest.mark.parametrize("name", [name for name in shipped_recipes() if not name.startswith(EXPERIMENTS)])
def test_a_recipe_survives_being_written_as_json(name):
    recipe = read_recipe(shipped_recipes()[name])
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_a_tasks_own_arguments_are_kept_as_they_are():
    recipe = Recipe.from_dict({"task": {"name": "bulletins", "voice": "poet", "seed": 3}})
    assert recipe.task.arguments == {"voice": "poet", "seed": 3}
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_a_file_that_is_no_recipe_is_told(tmp_path):
    with pytest.raises(BadRecipe, match=r"nowhere\.toml does not exist\. `foreword list recipes`"):
        read_recipe(tmp_path / "nowhere.toml")
    with pytest.raises(BadRecipe, match="cannot be read: .*directory"):
        read_recipe(tmp_path)
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(BadRecipe, match="cannot be read: .*utf-8"):
        read_recipe(bad)
    bad.write_text("[train\nlr = 1")
    with pytest.raises(BadRecipe, match=r"is not valid TOML: .*line 1"):
        read_recipe(bad)
    bad.write_text("[train]\nlr = 2.0\n")
    assert read_recipe(bad, ["train.seed=4"]).train.lr == 2.0
    assert read_recipe(bad, ["train.seed=4"]).train.seed == 4


def test_unknown_names_are_their_own_kind_of_error():
    with pytest.raises(UnknownName):
        Recipe.from_dict({"train": {"x": 1}})


def test_a_finding_we_have_no_words_for_is_still_told_with_setting_and_value():
    finding: Any = {"type": "date_past", "loc": ("train", "lr"), "msg": "Date should be in the past", "input": 3}
    assert one_line(finding, ["train", "lr"], {}) == "train.lr: Date should be in the past, got 3."
