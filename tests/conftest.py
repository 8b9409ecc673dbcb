"""Fixtures that several rooms' tests share."""

import signal
from pathlib import Path

import pytest
import torch

SHARED = Path(__file__).resolve().parents[2] / "shared"

# Where the tests run in a shell's background, Ctrl-C is ignored from the start; tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Two busy thread pools on few cores spin against each other: ten times slower.
torch.set_num_threads(1)


def shared_folder(name: str) -> Path:
    """A folder that stands beside the project but is not part of it; tests of it skip where it is absent."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"the folder shared/{name} does not stand beside the project")
    return SHARED / name


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data sets."""
    return shared_folder("data")


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Two small language models that others trained, in llama2.c's format."""
    return shared_folder("models")
