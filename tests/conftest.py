"""Fixtures that several rooms' tests share."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data sets beside the project; they are not part of it, so tests of them skip where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real data sets: the folder shared/data does not stand beside the project")
    return SHARED_DATA
