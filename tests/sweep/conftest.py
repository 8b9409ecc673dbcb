"""The sweep of `swept`, ready to run, and run."""

from pathlib import Path

import pytest
from tests.sweep.swept import NAMES, SWEEP, plan_of
from tests.tiny_runs import as_toml, data_folder, model_folder, tiny_settings

from foreword.sweep.running import run_sweep


@pytest.fixture(scope="session")
def house(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sweeps")
    settings = tiny_settings(model_folder(folder / "model"), data_folder(folder / "data"))
    (folder / "sweep.toml").write_text(as_toml(settings) + SWEEP)
    return folder


@pytest.fixture(scope="session")
def whole(house) -> Path:
    """The sweep, run by one process."""
    ended = run_sweep(plan_of(house, house / "one"), house / "one", "foreword sweep sweep.toml", processes=1)
    assert (sorted(ended.done), dict(ended.failed)) == (sorted(["before-first", *NAMES]), {})
    assert sorted(ended.scored) == sorted(NAMES)
    return house / "one"
