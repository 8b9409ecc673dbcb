"""One folder that all tests of the command line look at."""

from pathlib import Path

import pytest
from tests.processes import run_foreword
from tests.tiny_runs import TEXTS, as_toml, data_folder, model_folder, tiny_settings


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Path:
    """A folder with a model, data, a recipe, a finished run and a store; a test that changes it makes its own names."""
    folder = tmp_path_factory.mktemp("place")
    sections = tiny_settings(model_folder(folder / "model"), data_folder(folder / "data", group=True))
    (folder / "tiny.toml").write_text("# A tiny experiment.\n" + as_toml(sections))
    (folder / "texts.txt").write_text("".join(f"{s}\n" for s, _ in TEXTS))
    for command in ("train tiny.toml --out run", "store add run --name first"):
        assert run_foreword(folder, *command.split())[0] == 0
    return folder
