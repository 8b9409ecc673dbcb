"""What `pip install .` puts in place is the whole product: commands, recipes and the embedded backbones."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from foreword.catalogue import embedded_backbones, shipped_recipes

ROOT = Path(__file__).resolve().parents[1]


def test_a_wheel_holds_recipes_and_backbone_and_runs_without_the_checkout(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")
    told = {}
    for what in ("recipes", "backbones"):
        listed = subprocess.run(
            [sys.executable, "-m", "foreword", "list", what], capture_output=True, text=True, check=True,
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        )  # fmt: skip
        told[what] = json.loads(listed.stdout)
    assert set(told["recipes"]) == set(shipped_recipes())
    for name in embedded_backbones():
        assert name in told["backbones"]
        assert (tmp_path / "site" / "foreword" / "backbone" / "embedded" / name / "model.safetensors").is_file()
    assert (tmp_path / "site" / "foreword" / "py.typed").is_file()
