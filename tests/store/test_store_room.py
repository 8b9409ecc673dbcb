"""The room as a whole: cheap to import, true to its page, one word for a site everywhere."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from tests.store.stored import add

from foreword.prefix.prefix import SITES
from foreword.store import Manifest, Store
from foreword.store.manifest import MOST_BYTES, SEAL, Site, StoredForm, UnreadableManifest, manifest_from_bytes

PAGE = Path(__file__).parents[2] / "docs" / "store_format.md"

LISTING = """
import sys, time
started = time.perf_counter()
from foreword.store import Store
store = Store(sys.argv[1])
listing = store.list()
store.show("e2e")
elapsed_ms = 1000 * (time.perf_counter() - started)
heavy = {"torch", "transformers", "safetensors", "numpy"} & set(sys.modules)
print(elapsed_ms, len(listing.prefixes), *heavy)
"""


def test_listing_and_showing_are_fast_and_load_nothing_heavy(tmp_path):
    for _ in range(100):
        add(Store(tmp_path))
    runs = [
        subprocess.run([sys.executable, "-c", LISTING, tmp_path], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    assert [run.stdout.split()[1:] for run in runs] == [["100"]] * 3
    assert min(float(run.stdout.split()[0]) for run in runs) < 1000


def test_sites_are_the_same_words_as_elsewhere():
    assert set(get_args(Site)) == set(SITES)


def fields(model: type[BaseModel], path: str = "") -> list[str]:
    """Keys with dots between, as the page writes them: backbone.name, sites.*.head_dim, scores[].value."""
    found = []
    for key, field in model.model_fields.items():
        inner = [
            m
            for m in (field.annotation, *get_args(field.annotation))
            if isinstance(m, type) and issubclass(m, BaseModel)
        ]
        mark = {"sites": ".*", "scores": "[]"}.get(key, "")
        found += fields(inner[0], f"{path}{key}{mark}.") if inner else [f"{path}{key}"]
    return found


def test_the_page_tells_every_field_and_no_other():
    told = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert told == [*fields(Manifest), SEAL]


def test_a_manifest_that_is_too_long_is_neither_read_nor_written(tmp_path):
    """Fifty times its size would be taken to read it, whoever sent it."""
    store = Store(tmp_path)
    manifest = add(store)
    with pytest.raises(UnreadableManifest, match=r"manifest\.json has 1048577 bytes, and may have 1048576"):
        manifest_from_bytes(b"[" * (MOST_BYTES + 1))
    words = tuple(f"word {number}" for number in range(100_000))
    with pytest.raises(ValueError, match=r"the manifest would have \d+ bytes, and may have 1048576"):
        manifest.model_copy(update={"form": StoredForm(words=words)}).to_bytes()


def test_the_example_on_the_page_is_a_manifest():
    example = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)[0]
    assert manifest_from_bytes(example.encode()).reference == "captain@3"
