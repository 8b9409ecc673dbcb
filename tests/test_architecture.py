"""The architecture is a test: imports point downwards, rooms are small, and what needs no torch loads none."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "src" / "foreword"

LAYERS = [
    {"errors", "marks"},
    {"catalogue", "cluster", "provenance"},
    {"writing", "recipe", "prefix"},
    {"table", "tasks", "metrics", "store", "backbone"},
    {"vetting", "methods"},
    {"training", "generation"},
    {"assembly", "evaluate"},
    {"obeying"},
    {"tuned"},
    {"experiment", "keeping"},
    {"sweep", "serve"},
    {"report"},
    {"inspection"},
    {"cli"},
    {"__main__"},
]
HEIGHT = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}
FILES = sorted(ROOT.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 350, 60


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_rooms(source: str) -> set[str]:
    """Rooms of the package that a file imports anywhere, inside functions and for type checkers too."""
    rooms = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that they can be followed"
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names]
                if node.module == "foreword"
                else [str(node.module)]
            )
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("foreword.")}
    return rooms


def wrong_imports(room: str, source: str) -> list[str]:
    """Imports of rooms that do not lie below this one."""
    return sorted(other for other in imported_rooms(source) - {room} if HEIGHT[other] >= HEIGHT[room])


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_downwards(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if room == "__init__":
        return  # the front door may name anything it shows
    wrong = wrong_imports(room, path.read_text(encoding="utf-8"))
    assert not wrong, f"{name_of(path)} must not import {', '.join(wrong)}: not below {room}"


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("prefix", "from foreword.backbone import Backbone"),
        ("errors", "import foreword.recipe"),
        ("training", "def late():\n    from foreword.experiment import train"),
        ("tasks", "from foreword import metrics"),
        ("recipe", "from foreword.tasks import TASKS"),
        ("store", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from foreword.backbone import Backbone"),
    ],
)
def test_a_planted_wrong_import_is_caught(room, line):
    assert wrong_imports(room, line)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_is_a_room(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a file's header says what it is for"
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{node.name} does not fit a screen"
    assert path.stem not in {"utils", "util", "common", "helpers", "helper", "misc"}


# What each room may take from elsewhere: a library is met in few places, and prefixes are tensors only.
LIBRARIES = {
    "assembly": {"accelerate", "torch"},
    "backbone": {"safetensors", "torch", "transformers"},
    "cli": {"rich", "typer"},
    "cluster": {"ray"},
    "evaluate": {"torch"},
    "experiment": {"accelerate", "torch"},
    "generation": {"torch", "transformers"},
    "inspection": {"matplotlib", "torch"},
    "keeping": {"torch"},
    "methods": {"peft", "pydantic", "torch", "transformers"},
    "metrics": {"numpy", "pycocoevalcap", "rouge_score", "sacrebleu"},
    "prefix": {"torch"},
    "recipe": {"pydantic", "pydantic_core"},
    "serve": {"fastapi", "prometheus_client", "pydantic", "ray", "starlette", "torch", "uvicorn"},
    "report": {"matplotlib", "numpy", "pydantic"},
    "store": {"fsspec", "pydantic", "safetensors", "torch"},
    "tasks": {"datasets"},
    "training": {"accelerate", "rich", "safetensors", "torch", "transformers"},
    "writing": {"numpy", "safetensors"},
}


def imported_libraries(source: str) -> set[str]:
    """Names at the root of what a file imports anywhere, but for Python's own and ours."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found - sys.stdlib_module_names - {"foreword"}


def test_each_room_takes_from_its_own_libraries_only():
    used: dict[str, set[str]] = {}
    for path in FILES:
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        used.setdefault(room, set()).update(imported_libraries(path.read_text(encoding="utf-8")))
    assert {room: libraries for room, libraries in used.items() if libraries} == LIBRARIES


def test_every_room_has_its_place():
    rooms = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in FILES}
    assert rooms - {"__init__"} == set(HEIGHT)


LIGHT = [
    "errors",
    "catalogue",
    "cluster",
    "provenance",
    "writing",
    "recipe",
    "tasks",
    "metrics",
    "store",
    "vetting",
    "cli",
]
LIGHT += [
    "serve.request",
    "serve.pool",
    "serve.scheduler",
    "serve.text",
    "serve.tenants.ledger",
    "serve.tenants.quota",
    "serve.http.answers",
]


def test_rooms_that_need_no_torch_load_none():
    code = (
        f"import sys\nfor room in {LIGHT}:\n    __import__('foreword.' + room)\n"
        "heavy = {'torch', 'transformers', 'accelerate'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_loads_nothing():
    code = "import sys, foreword\nloaded = [m for m in sys.modules if m.startswith('foreword.')]\nassert not loaded, loaded\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
