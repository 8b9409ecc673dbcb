"""What README and the pages on methods and serving tell a newcomer to type is what the program takes."""

import itertools
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.command_lines import check_command

import foreword
from foreword.tasks import load_task

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = "".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in ("methods", "serving"))
FENCES = re.findall(r"^```(\w*)\n(.*?)^```", README + PAGES, re.MULTILINE | re.DOTALL)
SHELL = "".join(text for language, text in FENCES if not language)
SHORT = [
    "train.max_steps=2", "task.train_size=40", "task.dev_size=2", "generate.max_new_tokens=8", "eval.size=2",
    'eval.metrics=["chrf"]', "eval.resamples=5", "backbone.dtype=float32", "backbone.device=cpu",
]  # fmt: skip


def commands() -> list[list[str]]:
    """The words of each call of the program, without its name."""
    found = []
    for line in SHELL.splitlines():
        if "foreword" in line and not line.startswith("make"):
            lexer = shlex.shlex(line.replace("$seed", "0"), posix=True, punctuation_chars="&;")
            lexer.whitespace_split, lexer.commenters = True, ""
            for between, words in itertools.groupby(lexer, lambda word: set(word) <= set("&;")):
                told = list(words)
                program = next((i for i, word in enumerate(told) if word.endswith("foreword")), None)
                if not between and program is not None:
                    found.append(told[program + 1 :])
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_is_one_that_the_program_takes(words):
    check_command([word for word in words if word != "..."])


def test_every_extra_is_named():
    """But those for work on the project itself."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    [named] = re.findall(r"with the extras (.*?);", README, re.DOTALL)
    assert {name for name in extras if f"`{name}`" in named} == set(extras) - {"scripts", "dev"}


def test_the_commands_are_found():
    assert {words[0] for words in commands()} >= {"train", "eval", "generate", "store", "score"}


def test_the_python_block_runs_as_it_stands(tmp_path, monkeypatch):
    """On the real embedded backbone; only the trainings are cut short."""
    block = next(text for language, text in FENCES if language == "python" and "serving" not in text)
    monkeypatch.chdir(tmp_path)
    really = foreword.read_recipe
    monkeypatch.setattr(foreword, "read_recipe", lambda path, sets=(): really(path, [*sets, *SHORT]), raising=False)
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)
    assert foreword.Store("store").show("poet").reference == "poet@1"
    assert names["poet"].backbone.name == "scribe"


def test_the_story_of_the_server_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    """Two prefixes are trained (cut short), served, and asked with OpenAI's client, both in one batch."""
    block = next(text for language, text in FENCES if language == "python" and "serving" in text)
    monkeypatch.chdir(tmp_path)
    really, served, counted = foreword.read_recipe, foreword.serving, []
    monkeypatch.setattr(foreword, "read_recipe", lambda path, sets=(): really(path, [*sets, *SHORT]), raising=False)

    @contextmanager
    def watched(store: str) -> Iterator[str]:
        with served(store, dtype="float32", device="cpu") as url:
            yield url
            counted.append(httpx.get(url.removesuffix("/v1") + "/metrics").text)

    monkeypatch.setattr(foreword, "serving", watched, raising=False)
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)
    names["ask"].__self__._client.close()
    answers = capsys.readouterr().out.splitlines()
    assert len(answers) >= 2
    steps = dict(re.findall(r'foreword_batch_prefixes_bucket\{le="([12])\.0"\} ([\d.]+)', counted[0]))
    assert float(steps["2"]) > float(steps["1"]), "no step had both prefixes"


def test_the_lines_of_your_own_data_are_read(tmp_path):
    lines = [line for line in SHELL.splitlines() if line.startswith("{")]
    assert all(json.loads(line)["references"] for line in lines)
    (tmp_path / "train.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert len(load_task("jsonl", tmp_path).examples("train")) == len(lines) == 3
