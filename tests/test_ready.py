"""The recipes that are ready for one's own texts: each trains, is scored and writes, on a few lines in the form that it asks for.

They name large models from the hub; here the backbone of the same kind that ships stands in for them.
"""

import json
import re
from pathlib import Path

import pytest

import foreword
from foreword.assembly import open_task
from foreword.catalogue import shipped_recipes
from foreword.recipe import Recipe, read_recipe

TURNS = [
    "Are you open on Sunday?",
    "We are, from nine.",
    "And is there soup?",
    "There is soup every day.",
    "I will come.",
]
ENGLISH = ["A dog runs.", "Two cats sleep on a chair.", "A man reads.", "A girl in a red hat sings."]
GERMAN = [
    "Ein Hund rennt.",
    "Zwei Katzen schlafen auf einem Stuhl.",
    "Ein Mann liest.",
    "Ein Mädchen mit rotem Hut singt.",
]
REVIEWS = [("a charming film", 1), ("unflinchingly bleak", 0), ("no wit , only gags", 0), ("a warm , funny play", 1)]
SPLITS = ("train", "dev", "test")


def json_lines(lines: list[dict]) -> str:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def rows(lines: list[tuple[str, int]]) -> str:
    return "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in lines)


def next_turns(turns: list[str]) -> list[dict]:
    """Every turn but the first, with those before it."""
    return [{"source": " ".join(turns[:i]), "references": [turns[i]]} for i in range(1, len(turns))]


NAMES = ["Ann", "Bo", "Cy", "Dora"]
PARAPHRASES = [{"source": f"{name} left.", "references": [f"{name} went away.", f"Off went {name}."]} for name in NAMES]
STORIES = [{"source": f"{name} bought a hat.", "references": ["It was too small. It went to a dog."]} for name in NAMES]
SUMMARIES = [{"dialogue": f"#Person1#: {name}?\n#Person2#: I am in.", "summary": f"{name} is in."} for name in NAMES]
# Recipe -> the files that it reads, as a user has them; each has four examples.
FILES: dict[str, dict[str, str]] = {
    "control": {"train.tsv": rows(REVIEWS), "dev.tsv": rows(REVIEWS)},
    "dialogue": {f"{split}.jsonl": json_lines(next_turns(TURNS)) for split in SPLITS},
    "paraphrase": {f"{split}.jsonl": json_lines(PARAPHRASES) for split in SPLITS},
    "story": {f"{split}.jsonl": json_lines(STORIES) for split in SPLITS},
    "summary": {f"dialogsum.{split}.jsonl": json_lines(SUMMARIES) for split in SPLITS},
    "translation": {
        f"{split}.{ending}": "".join(f"{line}\n" for line in lines)
        for split in SPLITS
        for ending, lines in (("en", ENGLISH), ("de", GERMAN))
    },
}
FEW = [
    "backbone.dtype=float32", "backbone.device=cpu", "train.max_steps=2", "train.batch_size=2", "generate.max_new_tokens=8",
    "eval.size=2", "eval.resamples=20",
]  # fmt: skip


def with_files(name: str, folder: Path) -> Path:
    folder.mkdir()
    for file, lines in FILES[name].items():
        (folder / file).write_text(lines, encoding="utf-8")
    return folder


def small(name: str, data: Path) -> Recipe:
    """The recipe on the backbone of its kind that ships, for two steps."""
    writes_alone = "gpt2" in read_recipe(f"ready/{name}").backbone.name
    backbone = "scribe" if writes_alone else "editor"
    return read_recipe(f"ready/{name}", [f"backbone.name={backbone}", f"task.path={data}", *FEW])


def test_no_ready_recipe_is_left_out():
    assert {f"ready/{name}" for name in FILES} == {name for name in shipped_recipes() if name.startswith("ready/")}


@pytest.mark.parametrize("name", FILES)
def test_it_trains_is_scored_and_writes(tmp_path, name):
    recipe = small(name, with_files(name, tmp_path / "data"))
    foreword.train(recipe, tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (run["state"]["step"], run["num_pairs"]) == (2, 8 if name == "paraphrase" else 4)
    opened = foreword.open_run(tmp_path / "run")
    assert opened.prefix is not None
    assert opened.prefix.sites == opened.backbone.sites
    result = opened.evaluate()
    assert set(result.scores["all"].scores) == set(recipe.eval.metrics or opened.task.metrics)
    assert (len(result.texts), result.num_cut_sources) == (2, 0)
    sources = [example.source for example in opened.task.records("test")]
    texts = opened.generate(sources)
    assert len(texts) == 4
    assert any(texts)
    assert opened.generate(sources) == texts, "what is sampled is drawn from the recipe's seed"


def test_control_is_judged_by_a_classifier_of_the_same_reviews(tmp_path):
    data = with_files("control", tmp_path / "data")
    sizes = ["task.train_size=2", "task.dev_size=2", "train.eval_every=1", *FEW]
    judge = read_recipe("understanding/sst2", ["backbone.name=reader", f"task.path={data}", *sizes])
    foreword.train(judge, tmp_path / "judge")
    foreword.train(small("control", data), tmp_path / "run")
    result = foreword.open_run(tmp_path / "run", [f"eval.classifier={tmp_path / 'judge'}"]).evaluate()
    judged = foreword.open_run(tmp_path / "judge").generate([text.strip() or "." for text in result.texts])
    wanted = [example.group for example in result.examples]
    assert wanted == ["great", "terrible"]
    assert result.value("control") == sum(said == word for said, word in zip(judged, wanted, strict=True)) / 2
    assert set(result.scores["all"].scores) == {"rougeL", "control"}


@pytest.mark.parametrize("target", ["de", "fr", "cs"])
def test_translation_reads_multi30k_as_it_is_given_away(target, shared_data):
    folder = shared_data / "text2text" / "multi30k" / "task1_raw"
    recipe = read_recipe(
        "ready/translation", [f"task.path={folder}", f"task.target={target}", "task.test=test_2016_flickr"]
    )
    task = open_task(recipe)
    assert {split: len(task.records(split)) for split in task.splits} == {"train": 29000, "dev": 1014, "test": 1000}
    sources = {example.source for example in task.records("test")}
    assert "A man in an orange hat starring at something." in sources


def test_dialogues_of_dailydialog_are_read_as_next_turns(tmp_path, shared_data):
    """Its own form no task reads: a dialogue a line, a mark behind each turn. Beside it lies a file with a number for each turn."""
    counts = {}
    for split, name in (("dev", "validation"), ("test", "test")):
        folder = shared_data / "text2text" / "dailydialog" / name
        dialogues = (folder / "dialogues.txt").read_text(encoding="utf-8").splitlines()
        turns = [[turn.strip() for turn in line.split("__eou__") if turn.strip()] for line in dialogues]
        lines = [line for dialogue in turns for line in next_turns(dialogue)]
        (tmp_path / f"{split}.jsonl").write_text(json_lines(lines), encoding="utf-8")
        counts[split] = len((folder / "dialogues_act.txt").read_text().split()) - 1000
    task = open_task(read_recipe("ready/dialogue", [f"task.path={tmp_path}"]))
    assert {split: len(task.records(split)) for split in task.splits} == counts == {"dev": 7069, "test": 6740}
    first, second, *_ = task.records("test")
    assert first.source == "Hey man , you wanna buy some weed ?"
    assert second.source == f"{first.source} {first.references[0]}"


def test_stories_of_rocstories_are_read_as_what_follows_the_first_sentence(tmp_path, shared_data):
    """Its own form no task reads: a list of one text a line. Five of the 5,000 have no end of a sentence within them."""
    lines = []
    for line in (shared_data / "text2text" / "rocstories" / "roc_valid.json").read_text(encoding="utf-8").splitlines():
        (story,) = json.loads(line)
        first, *rest = re.split(r"(?<=[.!?]) +", story.strip(), maxsplit=1)
        lines += [{"source": first, "references": rest}] if rest else []
    (tmp_path / "test.jsonl").write_text(json_lines(lines), encoding="utf-8")
    task = open_task(read_recipe("ready/story", [f"task.path={tmp_path}"]))
    assert len(task.records("test")) == 4995
    assert task.records("test")[0].source == "The dog jumped up on the bed."
