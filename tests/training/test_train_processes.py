"""Two processes train as one: the same parameters, the same log, also where one of them has no row."""

import json
import os
import signal
import socket
import sys
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.processes import begun, ended
from tests.tiny_runs import as_toml, data_folder, log_lines, model_folder, tiny_settings

from foreword.training import checkpoint


def rank(recipe: Path, out: Path) -> None:
    """One process of `torchrun -m foreword train`, as its environment says."""
    from foreword.cli import main

    sys.argv = ["foreword", "train", str(recipe), "--out", str(out)]
    sys.stdout = sys.stderr = open(recipe.with_name(f"said-{os.environ.get('RANK', 0)}"), "w")
    main()


def free_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def begun_with(processes: int, recipe: Path, out: Path) -> list[ForkServerProcess]:
    """The environments that torchrun and accelerate launch give their processes."""
    if processes == 1:
        return [begun(rank, recipe, out)]
    number = str(processes)
    shared = {"WORLD_SIZE": number, "LOCAL_WORLD_SIZE": number, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    own = [{"RANK": str(i), "LOCAL_RANK": str(i)} for i in range(processes)]
    return [begun(rank, recipe, out, environment=shared | one) for one in own]


def train_with(processes: int, recipe: Path, out: Path) -> None:
    assert [ended(process) for process in begun_with(processes, recipe, out)] == [0] * processes


@pytest.mark.parametrize(
    ("family", "method", "batch_size", "optimizer"),
    [
        ("gpt2", {"prefix_len": 3, "mlp_dim": 8}, 3, "adamw"),
        ("gpt2", {"prefix_len": 3, "mlp_dim": 0}, 1, "adafactor"),  # the second process never has a row
        # Not GPT-2: the gradient of a key's bias is nothing but rounding, and Adam makes steps of it.
        ("llama", {"name": "full-finetuning"}, 3, "adamw"),
    ],
    ids=["mlp", "direct", "full"],
)
def test_two_processes_give_the_parameters_and_log_of_one(tmp_path, family, method, batch_size, optimizer):
    sections = tiny_settings(model_folder(tmp_path / "model", family), data_folder(tmp_path / "data"))
    sections["method"] = method
    sections["train"] |= {
        "lr": 1e-3,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "dev_metrics": ["chrf"],
        "max_steps": 5,
    }
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(as_toml(sections))
    for processes in (1, 2):
        train_with(processes, recipe, tmp_path / str(processes))
    for name in ("checkpoint", "best", "method"):
        one, two = (load_file(tmp_path / run / f"{name}.safetensors") for run in ("1", "2"))
        assert set(one) == set(two)
        for key in one:
            torch.testing.assert_close(
                two[key], one[key], atol=1e-5, rtol=1e-4, msg=lambda text, key=key: f"{key}: {text}"
            )
    logs = [log_lines(tmp_path / run) for run in ("1", "2")]
    assert [line.keys() for line in logs[0]] == [line.keys() for line in logs[1]]
    for alone, together in zip(*logs, strict=True):
        assert together == pytest.approx(alone, rel=1e-5)
    assert json.loads((tmp_path / "2" / "run.json").read_text())["state"]["step"] == 5
    assert '"trained_parameters"' in (tmp_path / "said-0").read_text()
    assert (tmp_path / "said-1").read_text() == "", "one process speaks for all"


def test_ctrl_c_in_one_process_stops_both_after_the_same_step_and_they_resume_as_two(tmp_path):
    """The bug: only the process that saw Ctrl-C stopped, and the other waited for it for ever."""
    sections = tiny_settings(model_folder(tmp_path / "model"), data_folder(tmp_path / "data"))
    sections["train"] |= {"max_steps": 300, "eval_every": 300, "log_every": 1}
    recipe, out = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(as_toml(sections))
    both = begun_with(2, recipe, out)
    while not (out / "log.jsonl").exists() and all(process.is_alive() for process in both):
        time.sleep(0.02)
    assert both[1].pid is not None
    os.kill(both[1].pid, signal.SIGINT)
    assert [ended(process) for process in both] == [130, 130]
    stopped_after = checkpoint.load(out / "checkpoint.safetensors")[1]["state"]["step"]
    assert stopped_after < 300
    assert f"stopped after step {stopped_after}; everything up to it is saved." in (tmp_path / "said-0").read_text()
    assert (tmp_path / "said-1").read_text() == ""
    assert len(log_lines(out)) == stopped_after
    train_with(2, recipe, out)
    assert [line["step"] for line in log_lines(out) if "loss" in line] == list(range(1, 301))
