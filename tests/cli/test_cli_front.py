"""The front of the house: help, examples, tables, and what is not loaded for them."""

import json
import shlex
import subprocess
import sys

import pytest
from tests.command_lines import check_command

from foreword.cli import output
from foreword.cli.app import app
from foreword.errors import ForewordError


def commands() -> list[tuple[str, str]]:
    """Every command with the epilog of its help."""
    from foreword.cli.store import app as store_app

    found = []
    for group, head in ((app, ""), (store_app, "store ")):
        for command in group.registered_commands:
            assert command.callback is not None
            found.append((head + (command.name or command.callback.__name__), command.epilog or ""))
    return found


@pytest.mark.parametrize(("name", "epilog"), commands())
def test_every_commands_help_has_examples_that_parse(name, epilog, capsys):
    assert epilog, f"{name} shows no example"
    for example in epilog.split("\n\n"):
        words = shlex.split(example)
        assert words[0] == "foreword"
        assert " ".join(words[1:]).startswith(name)
        check_command(words[1:])


def test_help_loads_no_torch_no_transformers_and_no_recipe(tmp_path):
    # Pydantic is there: Typer itself reads the command line with it.
    code = (
        "import sys\nfrom foreword.cli import main\n"
        "for argv in (['--help'], ['train', '--help'], ['store', '--help'], ['store', 'add', '--help']):\n"
        "    sys.argv = ['foreword', *argv]\n"
        "    try:\n        main()\n    except SystemExit as end:\n        assert end.code == 0\n"
        "heavy = {'torch', 'transformers', 'numpy', 'accelerate', 'safetensors', 'foreword.recipe'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Train what a recipe asks for." in done.stdout


def test_lists_load_no_torch(tmp_path):
    code = (
        "import sys\nfrom foreword.cli import main\n"
        "for argv in (['list', 'metrics'], ['list', 'tasks'], ['list', 'recipes'], ['list', 'backbones']):\n"
        "    sys.argv = ['foreword', *argv]\n"
        "    try:\n        main()\n    except SystemExit as end:\n        assert end.code == 0\n"
        "heavy = {'torch', 'transformers', 'accelerate'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_package_runs_as_a_module(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "foreword", "list", "tasks"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "bulletins" in json.loads(done.stdout)


def test_a_terminal_gets_tables(monkeypatch, capsys):
    monkeypatch.setattr(output, "to_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    output.show_described({"e2e": "restaurants"})
    output.show_facts({"name": "x", "parts": {"a": 1}})
    output.show_settings({"train.lr": (0.5, "highest learning rate")})
    output.show_scores({"all": {"bleu": {"value": 0.5, "low": 0.25, "high": 0.75, "num_examples": 9}}}, {})
    out = capsys.readouterr().out
    assert "restaurants" in out
    assert '{"a": 1}' in out
    assert "highest learning rate" in out
    assert "0.2500 .. 0.7500" in out
    assert not out.startswith("{")


def test_a_terminal_shows_brackets_as_they_stand(monkeypatch, capsys):
    """Rich takes [mask] for a style and [/x] for an end of one."""
    monkeypatch.setattr(output, "to_terminal", lambda: True)
    output.show({}, ("[what]", "[b]"), [("pip install 'foreword[minilm]'", "[/x]")])
    out = capsys.readouterr().out
    assert all(shown in out for shown in ("[what]", "[b]", "'foreword[minilm]'", "[/x]"))


def test_our_errors_are_exceptions_of_one_kind():
    from foreword import errors

    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert all(issubclass(kind, ForewordError) for kind in kinds - {errors.Interrupted})


def test_a_pipe_gets_a_line_of_progress_every_ten_seconds(monkeypatch, capsys):
    now = iter([0.0, 4.0, 11.0, 12.0, 30.0])
    monkeypatch.setattr(output.time, "monotonic", lambda: next(now))
    with output.progress("texts") as told:
        for done in (1, 2, 3, 4):
            told(done, 4)
    assert capsys.readouterr().err == "texts 2/4  11 s left\n"


def test_a_terminal_gets_a_bar_that_goes_when_all_is_done(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with output.progress("texts") as told:
        told(1, 2)
        told(2, 2)
    shown = capsys.readouterr().err
    assert "2/2" in shown
    assert "\x1b[2K" in shown
