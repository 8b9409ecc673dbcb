"""Stores of random prefixes for the serving benchmark.

Comes in:  a folder, a backbone, how many.      Goes out: stored prefixes, loaded and checked as the server does.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from benchmarks.serving_load import random_prefix


class Files:
    """Prefixes on the disk, by the numbers they were made of."""

    def __init__(self, folder: Path, backbone: Any, num: int):
        from foreword.store import Canary, Store

        self.folder, self.backbone, self.store = folder, backbone, Store(folder)
        self.keys = [str(key) for key in range(num)]
        for key in self.keys:
            self.store.add(
                random_prefix(backbone, key), f"p{key}", backbone, method="prefix-tuning", recipe={}, data_hash="",
                canary=Canary(source="a", tokens=(1,), text="a"),
            )  # fmt: skip

    def load(self, key: str) -> Any:
        return self.store.load(f"p{key}@1", self.backbone)[0]

    def drop_pages(self, key: str) -> None:
        """The next read comes from the disk."""
        for path in (self.folder / f"p{key}" / "1").iterdir():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def prefix_files(folder: Path, backbone: Any, num: int) -> Files:
    return Files(folder, backbone, num)


def many_prefixes(folder: Path, backbone: Any, num: int) -> None:
    """Very many small prefixes, each with numbers of its own: the files that a store would write, without waiting for the disk."""
    from foreword.store import Canary, Store
    from foreword.store.manifest import SEAL, seal

    first = Store(folder).add(
        random_prefix(backbone, "0"), "p0", backbone, method="prefix-tuning", recipe={"generate": {}}, data_hash="",
        canary=Canary(source="a", tokens=(1,), text="a"),
    )  # fmt: skip
    content = bytearray((folder / "p0" / "1" / "prefix.safetensors").read_bytes())
    facts = first.model_dump(mode="json")
    for number in range(1, num):
        content[-8:-4] = (number * 2 + 1).to_bytes(4, "little")[
            :3
        ] + b"\x3f"  # a number between 0.5 and 2, another in each
        told = {**facts, "name": f"p{number}", "sha256": hashlib.sha256(content).hexdigest()}
        place = folder / f"p{number}" / "1"
        place.mkdir(parents=True)
        (place / "prefix.safetensors").write_bytes(content)
        (place / "manifest.json").write_text(json.dumps(told | {SEAL: seal(told)}))


def resident_mib() -> float:
    """What this process holds in memory now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmRSS: this benchmark needs Linux")
