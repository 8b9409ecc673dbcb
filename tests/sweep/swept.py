"""A small sweep that really trains: runs of two seeds, one that starts from another, the untouched model, a vote."""

from pathlib import Path

from foreword.sweep import Plan, read_sweep

SWEEP = """
[sweep]
seeds = [0, 1]
[sweep.before.first]
train.max_steps = 3
[sweep.grid.way.plain]
train.lr = 0.02
[sweep.grid.way.on.train]
start_from = "before:first"
[sweep.grid.way.untouched]
untouched = true
[sweep.vote]
axis = "way"
of = "plain"
"""
NAMES = ["plain-seed=0", "on-seed=0", "untouched", "plain-seed=1", "on-seed=1", "vote"]


def plan_of(house: Path, out: Path, *overrides: str) -> Plan:
    return read_sweep(house / "sweep.toml", out, overrides)
