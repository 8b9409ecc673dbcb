"""The benchmarks run as they say and print what others read."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def printed(module: str, *arguments: str) -> str:
    """The last line of a benchmark's output."""
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_training_prints_its_ratios_to_peft_as_one_json_line():
    short = (
        "--shape",
        "tiny",
        "--dtype",
        "float32",
        "--steps",
        "1",
        "--rounds",
        "1",
        "--warmup",
        "1",
        "--threads",
        "1",
    )
    ratios = json.loads(printed("training", *short))
    assert set(ratios) == {"float32"}
    assert set(ratios["float32"]) == {"speed_ratio", "e2e_speed_ratio", "memory_ratio"}
    assert ratios["float32"]["speed_ratio"] > 0
    assert ratios["float32"]["memory_ratio"] > 0


def test_attention_prints_the_times_of_both_paths_as_one_json_line():
    times = json.loads(printed("attention", "--dtypes", "float32", "--rounds", "1", "--threads", "1"))
    assert all(
        set(of_a_shape) == {"materialised_ms", "fused_ms"} and min(of_a_shape.values()) > 0
        for of_a_shape in times["float32"].values()
    )
