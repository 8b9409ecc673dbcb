"""docs/adding_a_method.md does what it says: its file alone makes a method that is listed, told, trained, kept and run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tiny_runs import as_toml, data_folder, model_folder, tiny_settings

ROOT = Path(__file__).resolve().parents[2]
DOC = (ROOT / "docs" / "adding_a_method.md").read_text(encoding="utf-8")


def test_the_file_in_the_doc_is_all_it_takes(tmp_path):
    site = tmp_path / "site"
    shutil.copytree(ROOT / "src" / "foreword", site / "foreword", ignore=shutil.ignore_patterns("__pycache__"))
    (block,) = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
    (site / "foreword" / "methods" / "layer_scales.py").write_text(block, encoding="utf-8")
    sections = tiny_settings(model_folder(tmp_path / "model"), data_folder(tmp_path / "data"))
    sections["method"] = {"name": "layer-scales", "start": 0.9}
    (tmp_path / "tiny.toml").write_text(as_toml(sections))
    commands = ["list methods", "check tiny.toml", "train tiny.toml --out run", "eval run", "generate run a1"]
    told = {}
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "foreword", *command.split()], capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told[command] = done.stdout
    assert json.loads(told["list methods"])["layer-scales"] == "Trained scales over the layers' outputs."
    assert json.loads(told["check tiny.toml"])["method"] == {"name": "layer-scales", "head": False, "start": 0.9}
    assert json.loads(told["train tiny.toml --out run"])["stored_parameters"] == 3 * 32
    assert json.loads(told["eval run"])["method"]["name"] == "layer-scales"


def test_what_the_doc_names_is_there():
    for path in re.findall(r"`((?:base/)?\w+\.py)`", DOC):
        if path != "layer_scales.py":
            assert (ROOT / "src" / "foreword" / "methods" / path).is_file(), path
