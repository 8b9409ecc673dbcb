"""Answers that are classes, on every kind of backbone: a masked model fills the place, any other writes the word."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from tests.tiny_models import spacing_tokenizer, text, tiny_backbone
from tests.tiny_runs import data_folder, model_folder, tiny_recipe
from tokenizers.normalizers import Lowercase

import foreword
from foreword.assembly import dev_examples, open_task, train_texts
from foreword.backbone import Backbone
from foreword.backbone.wording import Pair, limits, place_of_answer, source_ids, target_ids, word_ids
from foreword.errors import BadData, BadRecipe, UnsupportedBackbone
from foreword.generation import Decoding, answers
from foreword.marks import MASK, SOFT
from foreword.methods.base.template import Template
from foreword.recipe import Recipe
from foreword.tasks import load_task
from foreword.training.batches import collate
from foreword.tuned import voting

PAIRS = [("a cat", "no", True), ("a dog", "up", False), ("one hat", "so", True), ("two men", "my", False)]
MASKED = 2  # the tokenizer's mask


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """RTE's format; tokens are characters, so the classes' words are letters."""
    folder = tmp_path_factory.mktemp("data")
    lines = [{"premise": p, "hypothesis": h, "label": "entailment" if y else "not_entailment"} for p, h, y in PAIRS]
    for file in ("train.jsonl", "dev32.jsonl", "val.jsonl"):
        (folder / file).write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return folder


def class_recipe(model: Path, data: Path, words: str = "y, n", **changes: dict) -> Recipe:
    task = {"name": "rte", "path": str(data), "words": words, "max_target_len": 4, **changes.pop("task", {})}
    train = {"max_steps": 60, "lr": 0.1, "batch_size": 4, "eval_every": 20, **changes.pop("train", {})}
    given = changes.pop("method", {})
    method = given if "name" in given else {"prefix_len": 6, "mlp_dim": 0, **given}
    told = {"task": task, "train": train, "method": method, "generate": {"max_new_tokens": 3}, **changes}
    return tiny_recipe(model, data, **told, eval={"metrics": ["accuracy"], "resamples": 5})


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2", "t5"])
def test_a_prefix_learns_the_classes(tmp_path, data, family):
    recipe = class_recipe(model_folder(tmp_path / "model", family), data, train={"max_steps": 250, "lr": 0.15})
    tuned = foreword.train(recipe, tmp_path / "run")
    assert tuned.evaluate("test").value("accuracy") == 1.0
    opened = foreword.open_run(tmp_path / "run").evaluate("test")
    assert opened.texts == ["y", "n", "y", "n"]
    assert foreword.untouched(recipe).evaluate("test").value("accuracy") < 1.0


@pytest.mark.parametrize(
    "method",
    [
        {"name": "full-finetuning"}, {"name": "bias-only"}, {"name": "top-layers"}, {"name": "adapters"}, {"name": "lora"},
        {"name": "prompt-tuning", "prompt_len": 6}, {"name": "p-tuning", "template": "{soft:3} {source} {soft:3}"},
        {"name": "p-tuning-v2", "prefix_len": 4}, {"name": "warp"},
        {"name": "linear-io"}, {"name": "side-network"}, {"name": "prompting", "template": "is it so? {source}"},
        {"name": "ipt", "num_tokens": 3}, {"name": "ipt", "base": "prefix", "num_tokens": 3}, {"name": "autoprompt"},
        {"name": "prompt-mixture", "num_prompts": 2, "prompt_len": 3, "shares": "source"},
    ],
    ids=lambda method: " ".join(str(value) for value in list(method.values())[:2]),
)  # fmt: skip
def test_every_method_runs_on_a_masked_model(tmp_path, data, method):
    plain = class_recipe(model_folder(tmp_path / "model", "bert"), data, train={"max_steps": 4}).to_dict()
    tuned = foreword.train(Recipe.from_dict({**plain, "method": method}), tmp_path / "run")
    result = tuned.evaluate("test")
    assert foreword.open_run(tmp_path / "run").evaluate("test").texts == result.texts
    assert set(result.texts) <= {"y", "n"}


@pytest.mark.parametrize("family", ["gpt2", "bart", "t5"])
@pytest.mark.parametrize(
    "method", [{"name": "p-tuning-v2", "prefix_len": 4}, {"name": "warp"}], ids=lambda m: m["name"]
)
def test_a_layer_for_the_classes_reads_them_off_any_kind_of_model(tmp_path, data, method, family):
    recipe = class_recipe(
        model_folder(tmp_path / "model", family), data, words="yes, no", train={"lr": 0.03, "max_steps": 150}
    )
    tuned = foreword.train(Recipe.from_dict({**recipe.to_dict(), "method": method}), tmp_path / "run")
    assert tuned.evaluate("test").texts == ["yes", "no", "yes", "no"]
    assert foreword.open_run(tmp_path / "run").evaluate("test").texts == ["yes", "no", "yes", "no"]
    assert tuned.generate([f"a cat no {MASK}"]) in (["yes"], ["no"])


AMONG = (
    "{soft:2} {premise} {soft} {hypothesis} ? {soft:3} {mask}"  # vectors among the fields, and by the answer's place
)


@pytest.mark.parametrize("family", ["bert", "gpt2", "t5"])
@pytest.mark.parametrize("method", ["p-tuning", "warp"])
@pytest.mark.parametrize("around", ["{source}", "so {soft:2} {source} {soft}"])
def test_vectors_can_stand_among_the_fields(tmp_path, data, method, family, around):
    """As P-tuning's templates have them: between premise and hypothesis, and beside the mask."""
    changes = {"task": {"template": AMONG}, "train": {"max_steps": 150 if method == "warp" else 20, "lr": 0.1}}
    model = model_folder(tmp_path / "model", family)
    recipe = class_recipe(model, data, method={"name": method, "template": around}, **changes)
    tuned = foreword.train(recipe, tmp_path / "run")
    assert tuned.trained is not None
    assert len(tuned.trained.export()["vectors"]) == 6 + (3 if "soft" in around else 0)
    found = tuned.evaluate("test").texts
    assert foreword.open_run(tmp_path / "run").evaluate("test").texts == found
    if method == "warp":  # with nothing but vectors in the text, a random model does not learn in so few steps
        assert found == ["y", "n", "y", "n"]


def test_vectors_among_the_fields_answer_beside_a_layer_for_the_classes_and_in_a_vote(tmp_path, data):
    """The bug: both hid that the method has vectors for these places, so that what was trained could not answer."""
    model, task = model_folder(tmp_path / "model", "bert"), {"template": "{premise} {soft:2} {hypothesis} {mask}"}
    method, train = {"name": "p-tuning", "template": "{source}"}, {"max_steps": 3, "eval_every": 0}
    tuned = foreword.train(
        class_recipe(model, data, task=task, method={**method, "head": True}, train=train), tmp_path / "headed"
    )
    assert set(tuned.evaluate("test").texts) <= {"yes", "no", "y", "n"}
    runs = [tmp_path / f"run-{seed}" for seed in (0, 1)]
    for seed, run in enumerate(runs):
        recipe = class_recipe(model, data, task=task, method={**method, "name": "warp"}, train={**train, "seed": seed})
        foreword.train(recipe, run)
    assert set(voting(runs).evaluate("test").texts) <= {"yes", "no", "y", "n"}
    with pytest.raises(BadRecipe, match=r"has places for 2 trained vectors, and here are none\. Take \{soft\} out"):
        foreword.untouched(recipe).evaluate("test")


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2", "llama", "t5", "bart"])
def test_places_for_vectors_leave_the_words_around_them_as_they_are(family):
    backbone = tiny_backbone(family)
    plain, places = f"the cat so {MASK}", f"{SOFT}{SOFT}the cat{SOFT} so {SOFT}{MASK}"
    ((without, among), _) = source_ids(backbone, [plain, places], 100)
    assert [number for number in among if number < 0] == [-1, -2, -3, -4]
    words = [number for number in among if number >= 0]
    spaced = source_ids(backbone, [f"the cat so {MASK}"], 100)[0][0]
    assert words == without == spaced
    assert among.index(-3) > among.index(-2) + 1, "words stand between the second and the third"


def test_vectors_within_a_source_are_numbered_behind_those_around_it():
    assert Template((-1, -2), (-3,), (1, 1), within=2).around([7, -1, 30, -2, 8]) == [7, -1, -2, -4, 30, -5, -3, 8]


@pytest.mark.parametrize("method", [{"name": "prompt-tuning"}, {"name": "prefix-tuning"}, {"name": "ipt"}])
def test_a_method_that_puts_no_vectors_there_is_told(tmp_path, data, method):
    recipe = class_recipe(model_folder(tmp_path / "model", "bert"), data, task={"template": AMONG}, method=method)
    with pytest.raises(
        BadRecipe, match=f"task.template has places for 6 trained vectors, and method '{method['name']}' puts none"
    ):
        foreword.train(recipe, tmp_path / "run")


def test_a_template_without_a_place_for_a_vector_is_told(tmp_path, data):
    recipe = class_recipe(
        model_folder(tmp_path / "model", "bert"), data, method={"name": "warp", "template": "{source}"}
    )
    with pytest.raises(BadRecipe, match="method.template has no place for a vector, so there is nothing to train"):
        foreword.train(recipe, tmp_path / "run")


def test_a_prompt_that_starts_from_the_classes_wants_a_task_of_classes(tmp_path, data):
    prompt = {"name": "prompt-tuning", "prompt_len": 3, "init": "classes"}
    model = model_folder(tmp_path / "model", "t5")
    tuned = foreword.train(
        class_recipe(model, data, method=prompt, train={"max_steps": 1, "lr": 1e-9}), tmp_path / "run"
    )
    vector = tuned.backbone.word_vectors(tuned.backbone.tokenizer(" y", add_special_tokens=False)["input_ids"]).mean(
        dim=0
    )
    assert tuned.trained is not None
    torch.testing.assert_close(tuned.trained.export()["vectors"][0], vector, atol=1e-6, rtol=0)
    plain = tiny_recipe(model, data_folder(tmp_path / "texts"), method=prompt)
    with pytest.raises(BadRecipe, match=r"method\.init: task 'jsonl' has no classes to start from\. Choose vocabulary"):
        foreword.train(plain, tmp_path / "plain")


def test_a_method_that_reads_classes_wants_a_task_of_classes(tmp_path, data):
    model = model_folder(tmp_path / "model", "gpt2")
    plain = tiny_recipe(model, data_folder(tmp_path / "texts")).to_dict()
    with pytest.raises(
        BadRecipe, match="method 'warp' reads classes, and task 'jsonl' has none. Choose a task of classes"
    ):
        foreword.train(Recipe.from_dict({**plain, "method": {"name": "warp"}}), tmp_path / "run")


def test_an_infix_has_no_place_in_a_masked_model(tmp_path, data):
    plain = class_recipe(model_folder(tmp_path / "model", "bert"), data).to_dict()
    with pytest.raises(UnsupportedBackbone, match="writes no target, so there is no place between them. Choose prefix"):
        foreword.train(Recipe.from_dict({**plain, "method": {"name": "infix-tuning"}}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_likeliest_word_fills_the_place():
    """Row by row, by hand: the logits at the mask, the words' columns, the highest."""
    backbone = tiny_backbone("bert")
    sources = [f"a cat {MASK} .", f"so {MASK}", f"{MASK} is my hat"]
    tokens = [backbone.tokenizer.convert_tokens_to_ids(word) for word in ("y", "n", "m")]
    wanted = []
    for source in sources:
        ids = source_ids(backbone, [source], 99)[0][0]
        assert ids.count(MASKED) == 1
        logits = backbone.logits(text(ids))[0, ids.index(MASKED)]
        wanted.append("ynm"[int(torch.stack([logits[token] for token in tokens]).argmax())])
    for batch_size in (1, 3):
        made = answers(backbone, sources, Decoding(batch_size=batch_size), words=("y", "n", "m"))
        assert made.texts == wanted


def cut(backbone: Backbone, source: str, length: int) -> str:
    (ids,), num_cut = source_ids(backbone, [source], length)
    assert (len(ids), num_cut) == (length, 1)
    return str(backbone.tokenizer.decode(ids)).replace("<mask>", "_").replace("<|endoftext|>", "|")


def test_a_source_is_cut_where_it_does_not_ask():
    assert cut(tiny_backbone("gpt2"), f"abcdef is it {MASK} .", 8) == "f is it|", "up to the place, from the front"
    assert cut(tiny_backbone("bert"), f"abcdef is it {MASK} .", 8) == "s it _ ."
    assert cut(tiny_backbone("bert"), f"it is {MASK} : abcdefgh", 10) == "it is _ : "
    assert cut(tiny_backbone("t5"), "abcdef", 3) == "abc", "a plain source at its end"


def test_a_masks_name_in_a_text_is_not_the_place_of_the_answer():
    backbone = tiny_backbone("bert")
    plain, named = (source_ids(backbone, [f"she {what} it , so {MASK}"], 99)[0][0] for what in ("put", "<mask>"))
    assert named.count(MASKED) == 1
    assert place_of_answer(backbone, named) == place_of_answer(backbone, plain) + len("< mask>") - len("put")


def test_what_stands_behind_the_answers_place_must_be_read(tmp_path, data):
    """A masked model reads it; any other goes on from the place and would not."""
    assert "_ it is" in cut(tiny_backbone("bert"), f"aaaa {MASK} it is", 9)
    for family in ("gpt2", "t5"):
        task = {"template": "{premise} {mask} {hypothesis}"}
        recipe = class_recipe(model_folder(tmp_path / family, family), data, task=task)
        with pytest.raises(
            BadRecipe, match=r"task\.template: .* goes on from where \{mask\} stands and would never read"
        ):
            foreword.train(recipe, tmp_path / "run")


def test_vectors_behind_the_answers_place_would_not_be_read_either():
    with pytest.raises(BadRecipe, match=r"would never read what is behind it \('\{soft\}\{soft\}'\)"):
        source_ids(tiny_backbone("gpt2"), [f"so {MASK} {SOFT}{SOFT}"], 99)


@pytest.mark.parametrize("max_len", [4, 5, 9, 20])
def test_the_place_of_an_answer_between_two_long_texts_is_kept(max_len):
    """With as much of each as there is room for; else nothing could be answered, and no setting mends it."""
    backbone = tiny_backbone("bert")
    whole, made = (source_ids(backbone, [f"{'a' * 40} {MASK} {'b' * 40}"], most)[0][0] for most in (999, max_len))
    assert len(made) == max_len
    at = place_of_answer(backbone, made)
    assert abs(at - (len(made) - 1 - at)) <= 1, "the place is in the middle"
    begin = whole.index(made[at]) - at
    assert made == whole[begin : begin + max_len]


def test_the_likeliest_word_is_an_answer_where_a_decoder_would_write(tmp_path, data):
    for family in ("gpt2", "t5"):
        recipe = class_recipe(model_folder(tmp_path / family, family), data)
        spacing_tokenizer().save_pretrained(tmp_path / family)
        untrained = foreword.untouched(recipe)
        written = untrained.evaluate("test").texts
        assert not set(written) <= {"y", "n"}
        closed = recipe.model_copy(update={"generate": recipe.generate.model_copy(update={"one_of_words": True})})
        said = foreword.untouched(closed).evaluate("test").texts
        backbone, tokens = untrained.backbone, word_ids(untrained.backbone, ["y", "n"])
        for answer, example in zip(said, untrained.task.examples("test"), strict=True):
            (ids,), _ = source_ids(backbone, [example.source], 100)
            batch = collate(backbone, [Pair(ids, [0])], classes=True)
            scores = backbone.logits(batch.texts, at=batch.at)[0, tokens]
            assert answer == "yn"[int(scores.argmax())]


@pytest.mark.parametrize("family", ["gpt2", "bart", "t5"])
def test_the_words_compared_are_those_that_training_taught_to_write(tmp_path, data, family):
    """To the tokenizer " y" and "y" are two tokens; a decoder writes the first, a decoder beside an encoder the second."""
    model = model_folder(tmp_path / "model", family)
    spacing_tokenizer().save_pretrained(model)
    recipe = class_recipe(model, data, train={"max_steps": 150})
    tuned = foreword.train(recipe, tmp_path / "run")
    sources = [example.source for example in tuned.task.examples("test")]
    assert tuned.generate(sources) == tuned.generate(sources, one_of_words=True) == ["y", "n", "y", "n"]
    written = target_ids(tuned.backbone, ["y", "n"], 9)[0]
    assert word_ids(tuned.backbone, ["y", "n"]) == [ids[0] for ids in written]


def test_what_is_no_task_of_classes_has_no_words_to_choose_from(tmp_path):
    recipe = tiny_recipe(
        model_folder(tmp_path / "model"), data_folder(tmp_path / "data"), generate={"one_of_words": True}
    )
    with pytest.raises(BadRecipe, match=r"generate\.one_of_words: this task's answers are not one of a few words"):
        foreword.untouched(recipe).evaluate("test")


def test_a_run_knows_its_classes_without_its_data(tmp_path, data):
    shutil.copytree(data, tmp_path / "data")
    recipe = class_recipe(model_folder(tmp_path / "model", "bert"), tmp_path / "data", method={"name": "warp"})
    tuned = foreword.train(recipe, tmp_path / "run")
    shutil.rmtree(tmp_path / "data")
    asked = [f"ab cd {MASK} ."]
    assert foreword.open_run(tmp_path / "run").generate(asked) == tuned.generate(asked)


def test_what_a_run_was_asked_cannot_be_changed_behind_it(tmp_path, data):
    recipe = class_recipe(model_folder(tmp_path / "model", "bert"), data, train={"max_steps": 1})
    foreword.train(recipe, tmp_path / "run")
    for override in ("task.words=n, y", "task.template={premise} {mask} {hypothesis}", "task.classes=a, b"):
        with pytest.raises(BadRecipe, match=r"--set task\.\w+=.* would change what was trained"):
            foreword.open_run(tmp_path / "run", [override])


def test_dev_examples_are_drawn_from_what_training_leaves(tmp_path):
    texts = [(f"a{i}", f"b{i}") for i in range(9)]
    data_folder(tmp_path / "data", texts)
    sizes = {"train_size": 4, "dev_size": 5, "dev_split": "train", "subset_seed": 3}
    recipe = tiny_recipe(model_folder(tmp_path / "model"), tmp_path / "data", task=sizes)
    task = open_task(recipe)
    dev, train = dev_examples(recipe, task), train_texts(recipe, task)
    assert {example.source for example in dev} | {source for source, _ in train} == {source for source, _ in texts}
    recipe = tiny_recipe(tmp_path / "model", tmp_path / "data", task={**sizes, "dev_size": 6})
    with pytest.raises(
        BadRecipe,
        match=r"task\.dev_split: beside the 4 of 9 training pairs that are trained on there are 5 examples of other sources, and",
    ):
        dev_examples(recipe, task)


def test_dev_examples_out_of_the_training_data_are_whole_and_unseen(tmp_path):
    """Of texts all their references; of MultiRC's questions none that training knows, with the units that exact match counts."""
    data_folder(tmp_path / "data", [(f"a{i % 5}", f"b{i}") for i in range(15)])
    sizes = {"train_size": 2, "dev_size": 3, "dev_split": "train"}
    recipe = tiny_recipe(model_folder(tmp_path / "model"), tmp_path / "data", task=sizes)
    task = open_task(recipe)
    dev, train = dev_examples(recipe, task), train_texts(recipe, task)
    assert not {example.source for example in dev} & {source for source, _ in train}
    whole = {example.source: example.references for example in task.examples("train")}
    assert [example.references for example in dev] == [whole[example.source] for example in dev]
    asked = [{"question": f"q{i}", "answers": [{"text": t, "label": 1} for t in "abc"]} for i in range(4)]
    (tmp_path / "data" / "train.jsonl").write_text(json.dumps({"passage": {"text": "p", "questions": asked}}))
    task = load_task("multirc", tmp_path / "data")
    dev, train = dev_examples(recipe, task), train_texts(recipe, task)
    units = {example.source: example.unit for example in task.examples("train")}
    assert all(example.unit for example in dev)
    assert not {example.unit for example in dev} & {units[source] for source, _ in train}


def test_what_cannot_be_is_told(tmp_path, data):
    bert = model_folder(tmp_path / "bert", "bert")
    with pytest.raises(
        BadRecipe, match=r"task\.words: 'yes' is 3 tokens to .*bert, or one .* words are compared by one"
    ):
        foreword.train(class_recipe(bert, data, words="yes, n"), tmp_path / "run")
    with pytest.raises(BadRecipe, match="task.words: 'é' is 1 tokens to"):
        word_ids(tiny_backbone("bert"), ["é"])
    folding = tiny_backbone("bert")
    folding.tokenizer.backend_tokenizer.normalizer = Lowercase()  # type: ignore[union-attr,attr-defined]
    with pytest.raises(
        BadRecipe, match=r"task\.words: 'Y' and 'y' are the same token to tiny-bert\. Choose another word"
    ):
        word_ids(folding, ["n", "Y", "y"])
    with pytest.raises(
        BadData, match=r"it has no place for the answer of a model that only encodes\. Give task\.template with"
    ):
        place_of_answer(tiny_backbone("bert"), [5, 9])
    long = "a" * 200
    made = answers(tiny_backbone("bert"), [f"{long} {MASK} {long}"], words=("y", "n"))
    assert (made.num_cut_sources, made.texts[0] in ("y", "n")) == (1, True), "a limit does not cut the place off"
    unmasked = tiny_backbone("bert")
    unmasked.tokenizer.mask_token = None
    with pytest.raises(UnsupportedBackbone, match="tiny-bert's tokenizer has no mask, so nothing marks the place"):
        answers(unmasked, [f"a {MASK}"], words=("y", "n"))
    assert limits(tiny_backbone("bert"), 5, 0, 200, num_added=7).source_len == 121, (
        "a word that fills a place takes no room"
    )
    assert not (tmp_path / "run").exists()
