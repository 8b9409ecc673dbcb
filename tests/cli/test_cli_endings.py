"""How commands end when something is wrong or somebody stops them: one clear line, an exit code, nothing half-written."""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest
from tests.processes import begun, command_line, ended, run_foreword, told
from tests.tiny_runs import as_toml, model_folder, tiny_settings

from foreword.cli import lists, main, output

MISTAKES: list[tuple[str, str]] = [
    ("check nowhere.toml", r"recipe nowhere.toml does not exist. `foreword list recipes` shows those that ship."),
    ("check embedded/e2", "unknown recipe 'embedded/e2'. Did you mean 'embedded/e2e'?"),
    ("check tiny.toml --set task.path=", "task 'jsonl' needs data: set task.path to the folder of its files"),
    ("check tiny.toml --set method.prefix_length=3", "unknown setting 'method.prefix_length'. Did you mean 'method.prefix_len'?"),
    ("check tiny.toml --set method.prefix_len=-3", "method.prefix_len must be at least 1, got -3."),
    ("check tiny.toml --set train.dev_metrics=['blue']", "unknown metric 'blue'. Did you mean 'bleu'?"),
    ("train tiny.toml --out bad --set task.path=nowhere", "nowhere: no such folder."),
    ("train tiny.toml --out bad --set task.train=empty.jsonl", "empty.jsonl: the file is empty."),
    ("train tiny.toml --out bad --set task.train=bad.jsonl", "bad.jsonl, line 2: give 'references' (a list of strings)"),
    ("train tiny.toml --out bad --set backbone.name=data", "folder data holds no config.json."),
    ("train tiny.toml --out run --set train.lr=1.5", "holds a run of another recipe (it differs in train.lr)"),
    ("train tiny.toml --out texts.txt/run", "texts.txt/run"),
    (f"eval {'a' * 300}", "aaa: File name too long. Check the path, and that you may read and write there."),
    ("eval nowhere", "nowhere is neither a run's folder nor a stored prefix (STORE/NAME or STORE/NAME@VERSION)."),
    ("eval data", "data holds no run. `foreword train RECIPE --out data` makes one."),
    ("eval run --split tset", "unknown split of task 'jsonl' 'tset'. Did you mean 'test'?"),
    ("eval run --set train.lr=3", "--set train.lr=3 would change what was trained; here generate., eval., task., backbone.name, "),
    ("eval run --set lr", "--set wants section.key=value"),
    ("eval run --out elsewhere", "--out goes with --untouched; a run's results are written into the run's folder."),
    ("eval tiny.toml --untouched --out run", "run holds a run. Choose another --out"),
    ("eval run --set backbone.name=scribe", "the run in run was trained on"),
    ("demo --set method.name=full-finetuning", "the demo lets prefixes share a batch, and full-finetuning yields none."),
    ("generate frist@1 a1", "unknown stored prefix 'frist'. Did you mean 'first'?"),
    ("demo --set task.voice=poet", "--set task.voice=poet: the demo trains every voice."),
    ("generate run a1 --input texts.txt", "give texts to answer or --input, not both."),
    ("generate run --input nowhere.txt", "nowhere.txt: cannot be read:"),
    ("generate run --input empty.jsonl", "empty.jsonl: is empty. Give at least one source, a line each."),
    ("generate run --input latin.txt", "latin.txt: cannot be read: 'utf-8' codec can't decode"),
    ("generate run --input blank.txt", "source 2 of 3 is blank."),
    ("generate store/frist@1 a1", "unknown stored prefix 'frist'. Did you mean 'first'?"),
    ("generate nowhere/first@1 a1", "there is no store at nowhere."),
    ("score nowhere.txt --references texts.txt", "nowhere.txt: cannot be read"),
    ("score texts.txt --references texts.txt --metrics blue", "unknown metric 'blue'"),
    ("store show first@x", "'first@x' names no version"),
    ("store add nowhere --name x", "nowhere holds no run."),
    ("store add run --name X", "a prefix cannot be called 'X'."),
    ("store add run --name x --dtype float16", "dtype must be float32 or bfloat16, got 'float16'."),
    ("store remove first", "which version of 'first' is to be removed?"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "message"), MISTAKES, ids=[command for command, _ in MISTAKES])
def test_a_mistake_is_one_clear_line_and_exit_code_2_and_leaves_nothing(place, command, message):
    (place / "empty.jsonl").write_text("")
    (place / "bad.jsonl").write_text('{"source": "a", "target": "b"}\n{"source": "c"}\n')
    (place / "latin.txt").write_bytes("Caf\xe9\n".encode("latin-1"))
    (place / "blank.txt").write_text("a\n\nb\n")
    before = sorted(path for path in place.rglob("*") if not path.name.startswith("command-"))
    said = told(2, place, *command.split())
    assert message in said
    assert said.startswith("foreword: ")
    assert sorted(path for path in place.rglob("*") if not path.name.startswith("command-")) == before


def test_a_prefix_for_another_model_is_refused(place):
    model_folder(place / "other", seed=7)
    sections = tiny_settings(place / "other", place / "data")
    (place / "other.toml").write_text(as_toml(sections))
    message = told(
        2,
        place,
        "train",
        "other.toml",
        "--out",
        "bad",
        "--set",
        "method.init=prefix",
        "--set",
        "method.init_prefix=store/first@1",
    )
    assert "prefix 'first@1' was trained for" in message
    assert "fingerprint" in message
    assert not (place / "bad").exists()


def test_a_wrong_option_is_a_usage_error(place):
    code, out, err = run_foreword(place, "train", "tiny.toml")
    assert (code, out) == (2, "")
    assert "--out" in err
    assert run_foreword(place, "trian")[0] == 2


def test_a_bug_of_ours_shows_its_traceback(monkeypatch, capsys):
    monkeypatch.setattr(output, "show_described", lambda _: 1 / 0)
    monkeypatch.setattr(sys, "argv", ["foreword", "list", "tasks"])
    with pytest.raises(ZeroDivisionError):
        main()


def interrupted(place: Path, arguments: list[str], wait_for: Path | None) -> tuple[int, str, str]:
    """A command that gets Ctrl-C once a file is there, or at once when its work begins."""
    out = place / f"command-{time.monotonic_ns()}"
    process = begun(command_line, arguments, out, place)
    deadline = time.monotonic() + 60
    while wait_for is not None and not wait_for.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    return ended(process), out.with_suffix(".out").read_text(), out.with_suffix(".err").read_text()


def test_ctrl_c_stops_a_training_cleanly_and_it_resumes_to_the_same(place):
    long = [
        "train",
        "tiny.toml",
        "--set",
        "train.max_steps=200",
        "--set",
        "train.eval_every=200",
        "--set",
        "train.log_every=1",
    ]
    assert run_foreword(place, *long, "--out", "whole")[0] == 0
    code, out, err = interrupted(place, [*long, "--out", "stopped"], place / "stopped" / "log.jsonl")
    assert (code, out) == (130, "")
    last = err.splitlines()[-1]
    assert last.startswith("foreword: stopped after step ")
    assert last.endswith("; everything up to it is saved. The same command goes on from there.")
    assert not (place / "stopped" / "run.json").exists()
    assert "has not finished" in told(2, place, "eval", "stopped")
    assert run_foreword(place, *long, "--out", "stopped")[0] == 0
    for name in ("method.safetensors", "best.safetensors", "log.jsonl"):
        assert (place / "stopped" / name).read_bytes() == (place / "whole" / name).read_bytes(), name


def test_ctrl_c_while_libraries_load_says_how_to_go_on_too(monkeypatch, capsys):
    """The bug: in the first seconds a training ended without a word."""

    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(lists, "resolve", pressed)
    monkeypatch.setattr(sys, "argv", ["foreword", "train", "embedded/demo", "--out", "run"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "foreword: stopped. The same command goes on from the last checkpoint.\n"


def on_a_full_disk(arguments: list[str], out: Path, place: Path, room: int) -> None:
    """A command for which no file can grow beyond `room` bytes: what a full disk does, without filling one."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    command_line(arguments, out, place)


def test_a_full_disk_ends_a_training_with_a_line_and_the_last_checkpoint_stays(place):
    long = ["train", "tiny.toml", "--set", "train.max_steps=300", "--set", "train.save_every=50", "--out"]
    assert interrupted(place, [*long, "full"], place / "full" / "log.jsonl")[0] == 130
    checkpoint = (place / "full" / "checkpoint.safetensors").read_bytes()
    out = place / "command-full"
    assert ended(begun(on_a_full_disk, [*long, "full"], out, place, len(checkpoint) // 2)) == 2
    said = out.with_suffix(".err").read_text().splitlines()[-1]
    assert said.startswith("foreword: full/checkpoint.safetensors could not be written: ")
    assert "The file that was there before is untouched. Free some space" in said
    assert (place / "full" / "checkpoint.safetensors").read_bytes() == checkpoint
    assert not list((place / "full").glob("*.new"))
    assert run_foreword(place, *long, "full")[0] == 0
    assert run_foreword(place, *long, "never-full")[0] == 0
    kept = [(place / run / "method.safetensors").read_bytes() for run in ("full", "never-full")]
    assert kept[0] == kept[1]


def interrupted_generation(place: Path, out: Path) -> None:
    """`foreword eval`, with Ctrl-C coming while texts are generated."""
    import foreword.evaluate as room

    def stopping(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    room.answers = stopping  # type: ignore[assignment]
    command_line(["eval", "run", "--split", "train"], out, place)


def test_ctrl_c_ends_other_commands_with_a_line_and_nothing_half_written(place):
    out = place / "command-eval"
    assert ended(begun(interrupted_generation, place, out)) == 130
    assert out.with_suffix(".err").read_text() == "foreword: stopped. Nothing was written.\n"
    assert not (place / "run" / "result-train.json").exists()
