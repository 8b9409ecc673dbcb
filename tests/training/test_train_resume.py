"""Stopped at any moment, by whatever, a run goes on to the very parameters and log it would have had."""

import errno
import json
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.processes import begun, ended
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import log_lines, pairs_of, prefix_method, stopped_after, tiny_training
from tests.training.killed_run import killed_run

from foreword.errors import RunError
from foreword.training import checkpoint
from foreword.training.stopping import stop_at_next_step


def run(out: Path, when: str, optimizer: str = "adamw") -> int:
    return ended(begun(killed_run, out, optimizer, when))


def state_of(out: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], dict[str, torch.Tensor], bytes]:
    """Checkpoint (parameters and optimizer), best, what is kept, and the log."""
    files = [load_file(out / f"{name}.safetensors") for name in ("checkpoint", "best", "method")]
    return files[0], files[1], files[2], (out / "log.jsonl").read_bytes()


def assert_same(one: Path, other: Path) -> None:
    for a, b in zip(state_of(one), state_of(other), strict=True):
        if isinstance(a, bytes):
            assert a == b
            continue
        assert isinstance(b, dict)
        assert set(a) == set(b)
        for name in a:
            assert torch.equal(a[name], b[name]), name
    assert not list(other.glob("*.new"))


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    made = {}
    for optimizer in ("adamw", "adafactor"):
        made[optimizer] = tmp_path_factory.mktemp("whole") / optimizer
        assert run(made[optimizer], "never", optimizer) == 0
    return made


@pytest.mark.parametrize(
    ("when", "optimizer"),
    [
        ("step:1", "adamw"),  # before there is any checkpoint
        ("step:6", "adafactor"),
        ("logged:3", "adamw"),  # the log is ahead of the checkpoint
        ("writing:1", "adamw"),  # half of the first checkpoint is on disk
        ("writing:4", "adafactor"),  # half of a later one
        ("renaming:3", "adamw"),  # written, not yet in its place
        ("saved:2", "adamw"),  # best.safetensors is ahead of the checkpoint
        ("saved:7", "adafactor"),  # trained to the end, not yet finished
    ],
)
def test_a_run_killed_at_any_moment_ends_as_one_never_killed(tmp_path, never_killed, when, optimizer):
    out = tmp_path / "run"
    assert run(out, when, optimizer) == -signal.SIGKILL
    assert not (out / "method.safetensors").exists()
    assert run(out, "never", optimizer) == 0
    assert_same(never_killed[optimizer], out)


def test_a_run_killed_again_and_again_ends_the_same(tmp_path, never_killed):
    out = tmp_path / "run"
    for when in ("step:3", "logged:2", "writing:2", "renaming:2"):
        assert run(out, when) == -signal.SIGKILL
    assert run(out, "never") == 0
    assert_same(never_killed["adamw"], out)


def test_an_interrupted_run_ends_as_one_never_interrupted(tmp_path):
    def training(out: Path):
        backbone = tiny_backbone("gpt2")
        return tiny_training(backbone, prefix_method(backbone), out, total_steps=8, save_every=0)

    training(tmp_path / "whole").run()
    stopped = training(tmp_path / "run")
    stopped_after(stopped, 3)
    assert not stopped.backbone.model.training
    assert training(tmp_path / "run").run().step == 8
    for name in ("checkpoint", "method"):
        whole, again = (load_file(tmp_path / run / f"{name}.safetensors") for run in ("whole", "run"))
        assert all(torch.equal(whole[key], again[key]) for key in whole)
    assert (tmp_path / "whole" / "log.jsonl").read_bytes() == (tmp_path / "run" / "log.jsonl").read_bytes()


def stopped_twice() -> None:
    with stop_at_next_step() as asked:
        os.kill(os.getpid(), signal.SIGINT)
        while not asked():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)


def test_a_second_ctrl_c_stops_at_once():
    with pytest.raises(KeyboardInterrupt):
        stopped_twice()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("write", ["writing", "log"])
def test_a_full_disk_is_told_and_the_old_checkpoint_stays(tmp_path, monkeypatch, write):
    backbone = tiny_backbone("gpt2")
    training = tiny_training(backbone, prefix_method(backbone), tmp_path, total_steps=6, save_every=2)

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real = training.step

    def step() -> int:
        if training.state.step == 3:
            monkeypatch.setattr(*((checkpoint, "save_file", full) if write == "writing" else (Path, "open", full)))
        return real()

    training.step = step  # type: ignore[method-assign]
    with pytest.raises(
        RunError, match=r"could not be written: \[Errno 28\] No space left on device\..*Free some space"
    ) as told:
        training.run()
    monkeypatch.undo()
    assert ("The file that was there before is untouched." in str(told.value)) == (write == "writing")
    assert checkpoint.load(tmp_path / "checkpoint.safetensors")[1]["state"]["step"] == 2
    assert not list(tmp_path.glob("*.new"))
    backbone = tiny_backbone("gpt2")
    assert tiny_training(backbone, prefix_method(backbone), tmp_path, total_steps=6, save_every=2).run().step == 6
    assert [line["step"] for line in log_lines(tmp_path)] == [1, 2, 3, 4, 5, 6]


def test_a_damaged_checkpoint_is_told(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(b"nothing of ours")
    backbone = tiny_backbone("gpt2")
    with pytest.raises(RunError, match=r"checkpoint\.safetensors cannot be read .*Remove .* and train again"):
        tiny_training(backbone, prefix_method(backbone), tmp_path).run()


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    def training(**made_of: str):
        backbone = tiny_backbone("gpt2")
        made = tiny_training(backbone, prefix_method(backbone), tmp_path)
        made.made_of = {name.replace("_", " "): value for name, value in made_of.items()}
        return made

    training(train_data="a", backbone_weights="b").run()
    with pytest.raises(
        RunError, match="holds a run with other train data and backbone weights. Choose another --out, or remove it"
    ):
        training(train_data="x", backbone_weights="y").run()


def test_a_log_that_somebody_removed_begins_anew(tmp_path):
    backbone = tiny_backbone("gpt2")
    tiny_training(backbone, prefix_method(backbone), tmp_path, total_steps=4).run()
    (tmp_path / "log.jsonl").unlink()
    longer = tiny_training(backbone, prefix_method(backbone), tmp_path, total_steps=6)
    longer.run()
    assert [line["step"] for line in log_lines(tmp_path)] == [5, 6]
    tiny_training(backbone, prefix_method(backbone), tmp_path, total_steps=7).run()
    assert [line["step"] for line in log_lines(tmp_path)] == [5, 6, 7]


def dev_run(tmp_path: Path, scores: list[float], **settings):
    """A run whose dev metric takes these values, one an evaluation."""
    backbone = tiny_backbone("gpt2")
    training = tiny_training(
        backbone,
        prefix_method(backbone),
        tmp_path,
        dev=pairs_of(backbone)[:2],
        total_steps=6,
        eval_every=1,
        log_every=6,
        **settings,
    )
    left = iter(scores)
    training.dev_scores = lambda: dict.fromkeys(["chrf", "ter"], next(left))
    kept = {}
    real = training._after_step

    def after(reporter):
        kept[training.state.step] = training.method.export()
        real(reporter)

    training._after_step = after  # type: ignore[method-assign]
    return training.run(), kept


def test_the_best_checkpoint_is_what_is_kept(tmp_path):
    state, kept = dev_run(tmp_path, [0.1, 0.4, 0.9, 0.3, 0.9, 0.2], select="chrf")
    assert (state.step, state.best, state.best_step) == (6, 0.9, 3)
    tensors, facts = checkpoint.load(tmp_path / "method.safetensors")
    assert facts["step"] == 3
    assert all(torch.equal(tensors[name], kept[3][name]) for name in kept[3])
    assert [line["dev/chrf"] for line in log_lines(tmp_path) if "dev/chrf" in line] == [0.1, 0.4, 0.9, 0.3, 0.9, 0.2]


def test_patience_stops_a_run_that_no_longer_gets_better(tmp_path):
    state, _ = dev_run(tmp_path, [0.5, 0.4, 0.3, 0.9], select="chrf", patience=2)
    assert (state.step, state.best_step, state.stopped_early) == (3, 1, True)
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["step"] == 3
    # begun again, it is still stopped
    backbone = tiny_backbone("gpt2")
    again = tiny_training(
        backbone, prefix_method(backbone), tmp_path, dev=pairs_of(backbone)[:2], total_steps=6, patience=2
    )
    assert again.run().step == 3


def test_of_loss_and_ter_the_lower_is_the_better(tmp_path):
    state, _ = dev_run(tmp_path / "ter", [0.5, 0.4, 0.6, 0.3, 0.9, 0.3], select="ter")
    assert (state.best, state.best_step) == (0.3, 4)
    state, _ = dev_run(tmp_path / "loss", [0.0] * 6)
    losses = [line["dev/loss"] for line in log_lines(tmp_path / "loss") if "dev/loss" in line]
    assert state.best == min(losses)
    assert state.best_step == 1 + losses.index(min(losses))


def test_without_dev_pairs_the_last_is_kept(tmp_path):
    backbone = tiny_backbone("gpt2")
    method = prefix_method(backbone)
    tiny_training(backbone, method, tmp_path, total_steps=3, patience=1).run()
    tensors, facts = checkpoint.load(tmp_path / "method.safetensors")
    assert facts["step"] == 3
    assert all(torch.equal(tensors[name], value) for name, value in method.export().items())
    assert not (tmp_path / "best.safetensors").exists()
