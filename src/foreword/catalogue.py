"""What ships with the package as files: embedded backbones and recipes. Imports nothing heavy.

Comes in:  nothing.      Goes out: names, paths and a line on each.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def embedded_backbones() -> dict[str, Path]:
    """Name to folder of the backbones that ship."""
    folder = PACKAGE / "backbone" / "embedded"
    return {path.parent.name: path.parent for path in sorted(folder.glob("*/config.json"))}


def shipped_recipes() -> dict[str, Path]:
    """Name ("embedded/e2e") to file of the recipes in the package or, in a checkout, beside it."""
    folder = next((f for f in (PACKAGE / "recipes", PACKAGE.parents[1] / "recipes") if f.is_dir()), None)
    if folder is None:
        return {}
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.toml"))}


def about(path: Path) -> str:
    """The line that says what a recipe (its first comment) or a backbone (its card's first sentence) is."""
    if path.is_dir():
        lines = (path / "README.md").read_text(encoding="utf-8").splitlines()
        return next((line for line in lines if line and not line.startswith(("#", "-", "|"))), "")
    line = path.read_text(encoding="utf-8").split("\n", 1)[0]
    return line.lstrip("# ").strip() if line.startswith("#") else ""
