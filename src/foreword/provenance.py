"""Where a number comes from: versions, code commit, machine.

Comes in:  nothing.      Goes out: plain facts for result files and manifests.
"""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("foreword", "torch", "transformers", "accelerate", "tokenizers", "sacrebleu", "pycocoevalcap")


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def code_commit() -> str:
    """The commit this code is at, with "+changes" where files differ from it; "" outside a checkout of the project."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    commit = git(root, "rev-parse", "--short=12", "HEAD")
    changed = git(root, "status", "--porcelain", "--untracked-files=no", "--", "src")
    return f"{commit}+changes" if commit and changed else commit


def git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def machine() -> dict[str, str | int]:
    return {"processor": platform.machine(), "cores": os.cpu_count() or 0, "system": platform.system()}
