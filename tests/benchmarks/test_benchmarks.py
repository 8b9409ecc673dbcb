"""The benchmarks run as they say and print what others read."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.serving_load import Arrivals
from benchmarks.soak import Row, Soak

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


def test_serving_prints_its_figures_as_one_json_line():
    figures = json.loads(printed("serving", "--quick", "--shape", "tiny"))
    assert set(figures) == {
        "distinct_over_same_1", "distinct_over_same_16", "uniform_over_same_16", "zipf_over_same", "over_peft_float32_16",
        "over_peft_bfloat16_16", "over_peft_bfloat16_64", "cold_ms_p50", "cold_ms_p99", "inter_token_p99_ratio",
        "oversubscribed_ttft", "registry_start_s", "registry_lookup_us", "registry_mib", "registry_served", "http_ms",
        "idle_mib", "publish_ms", "publish_old",
    }  # fmt: skip
    assert figures["publish_old"] == 1
    assert figures["registry_served"] == 20


def test_arrivals_are_drawn_by_their_power_law_and_spread():
    few = Arrivals(alpha=1.0, num_prefixes=100, seed=0).keys(5000)
    assert few.count("0") > 5 * few.count("9") > 0
    even = Arrivals(alpha=0.0, num_prefixes=4, seed=0).keys(4000)
    assert all(900 < even.count(str(key)) < 1100 for key in range(4))
    for cv in (0.5, 2.0):
        drawn = Arrivals(alpha=0, num_prefixes=1, seed=1, rate=5.0, cv=cv)
        gaps = [drawn.gap() for _ in range(20_000)]
        assert statistics.mean(gaps) == pytest.approx(0.2, rel=0.05)
        assert statistics.stdev(gaps) / statistics.mean(gaps) == pytest.approx(cv, rel=0.1)


@pytest.mark.parametrize(("shape", "num_tokens"), [("tiny", 4000), ("tiny-pair", 2000)])
def test_under_churn_no_row_is_written_by_anothers_prefix(shape, num_tokens):
    """Short form of what `python -m benchmarks.soak` does for a million tokens."""
    found = json.loads(printed("soak", "--tokens", str(num_tokens), "--shape", shape))
    assert (found["wrong_rows"], found["drained"]) == (0, True)
    assert found["tokens"] >= num_tokens
    for happened in ("evictions", "loads", "published", "failed: numbers", "failed: error"):
        assert found[happened] > 0, happened
    assert "failed: busy" not in found


def test_the_soak_excuses_two_tokens_within_rounding_and_nothing_else(tmp_path):
    soak = Soak(tmp_path, seed=0, shape="tiny")
    try:
        soak.contents["tied"] = "462"  # whose fifth token to the second prompt is one of two, 5e-7 of 6.07 apart
        begin, tied = [1304, 2264, 3786, 5425], [8098, 6823]
        assert sorted(soak.verdict(Row("tied", 1, [*begin, token], 5)) for token in tied) == ["near tie", "right"]
        assert [soak.verdict(Row("tied", 1, begin[:num], 4)) for num in (4, 3)] == ["right", "wrong"]
        third = int(soak.logits_alone("tied", 1, begin).topk(3).indices[2])
        assert soak.verdict(Row("tied", 1, [*begin, third], 5)) == "wrong"
        assert soak.verdict(Row("tied", 1, [third, *begin], 5)) == "wrong"
    finally:
        soak.service.close()
