"""`foreword sweep`, `reproduce`, `report`: many runs of one recipe, the papers' experiments, and what was found.

Comes in:  a recipe with a [sweep], a folder.      Goes out: runs in it, a line for each as it ends, on stderr; a report.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foreword.catalogue import EXPERIMENTS, PACKAGED, embedded_backbones, experiments
from foreword.cli import output
from foreword.cli.ending import quiet_libraries, stoppable
from foreword.errors import BadRecipe, UnknownName

if TYPE_CHECKING:
    from foreword.sweep.running import Outcome

MISSING_SHOWN = 5
TEXTS_LOOKED_AT = 32
Quick = Annotated[bool, typer.Option("--quick", help="the short form, of minutes, as sweep.quick in the recipe has it")]
Count = Annotated[
    int, typer.Option(min=0, help="runs at once on this machine; 0 = as many as there are cores for, on a GPU one")
]
Ray = Annotated[
    str, typer.Option("--ray", help="run on a Ray cluster: its address, auto, or local for one of this machine's own")
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="a setting of all runs; may be repeated")
]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="AXIS=LABEL", help="of an axis only this label, e.g. size=100; may be repeated"),
]


def sweep(
    recipe: Annotated[str, typer.Argument(help="a recipe file with a \\[sweep], or the name of one that ships")],
    out: Annotated[Path, typer.Option(help="the sweep's folder; what is done there is not done again")],
    sets: Sets = None,
    keep: Keep = None,
    quick: Quick = False,
    processes: Count = 0,
    ray: Ray = "",
) -> None:
    """Train and score every combination of a grid. If stopped or killed, the same command goes on."""
    again = ["foreword", "sweep", recipe, "--out", str(out), *as_options("--set", sets), *as_options("--keep", keep)]
    finish(run(recipe, out, again, sets or [], keep or [], quick, processes, ray))


def reproduce(
    name: Annotated[str, typer.Argument(help="an experiment; `foreword list experiments` shows them")],
    backbone: Annotated[
        str, typer.Option(help="another backbone; one that does not ship is trained as the paper says")
    ] = "",
    published: Annotated[
        bool,
        typer.Option(
            "--published", help="as the paper ran it, on the paper's own backbones unless --backbone names one"
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="its folder; runs/reproduce/NAME if not given, with -published, -BACKBONE and -quick behind it where they are"
        ),
    ] = None,
    sets: Sets = None,
    keep: Keep = None,
    quick: Quick = False,
    inspect: Annotated[
        bool,
        typer.Option("--inspect/--no-inspect", help="look inside the first prefix of each row for the report"),
    ] = True,
    processes: Count = 0,
    ray: Ray = "",
) -> None:
    """Run a paper's experiment and report it. If stopped or killed, the same command goes on."""
    if name not in experiments():
        raise UnknownName("experiment", name, experiments())
    published = published or (bool(backbone) and backbone not in {**embedded_backbones(), **PACKAGED})
    again = ["foreword", "reproduce", name, *(["--published"] if published else [])]
    again += [*(["--backbone", backbone] if backbone else []), *(["--out", str(out)] if out else [])]
    again += [*as_options("--set", sets), *as_options("--keep", keep)]
    told = [*([f"backbone.name={backbone}"] if backbone else []), *(sets or [])]
    folder = out or folder_of(name, published, backbone, quick)
    ended = run(f"{EXPERIMENTS}/{name}", folder, again, told, keep or [], quick, processes, ray, published)
    if ended.scored:
        report(folder, inspect=inspect)
    finish(ended)


def folder_of(name: str, published: bool, backbone: str, quick: bool) -> Path:
    """Where an experiment goes by itself: each of its forms has a folder, for their runs are others of the same names."""
    from foreword.sweep.asked import slug

    forms = [
        *(["published"] if published else []),
        *([slug(backbone)] if backbone else []),
        *(["quick"] if quick else []),
    ]
    return Path("runs/reproduce") / "-".join([name, *forms])


def report(
    folder: Annotated[Path, typer.Argument(help="what `foreword sweep` or `reproduce` wrote")],
    markdown: Annotated[bool, typer.Option("--markdown", help="print the report as Markdown")] = False,
    inspect: Annotated[
        bool,
        typer.Option(
            "--inspect",
            help="show the first prefix of each row side by side too, and what is inside, where weights are there",
        ),
    ] = False,
) -> None:
    """Make a sweep's page, tables and pictures, and tell which of its claims hold; from result files alone."""
    with stoppable():
        from foreword.report import PAGE, read_results, write_report
        from foreword.report.tables import header, lines, records, told

        results = read_results(folder)
        if results.missing:
            num, of = len(results.missing), len(results.missing) + len(results.runs)
            output.say(f"note: {num} of {of} runs have no result; the report is of the others.")
            for name, why in list(results.missing.items())[:MISSING_SHOWN]:
                output.say(f"  {name}: {why}")
            if num > MISSING_SHOWN:
                output.say(f"  ... and {num - MISSING_SHOWN} more; {PAGE} names them all.")
        seen = ""
        if inspect:
            from foreword.inspection import inside_of

            quiet_libraries()
            seen = inside_of(results, TEXTS_LOOKED_AT, output.say)
        found, table = write_report(results, inside=seen)
    if markdown:
        print((folder / "report.md").read_text(encoding="utf-8"), end="")
    else:
        claims = [{**v.claim.model_dump(mode="json"), "verdict": v.word, "figures": v.figures} for v in found]
        data = {"claims": claims, "figures": records(results, table)}
        output.show(data, header(table), lines(table, told))
        if found and output.to_terminal():
            output.show(data, ("claim", "verdict", "figures"), [(v.claim.says, v.word, v.figures) for v in found])
    output.say(f"written to {folder / PAGE}")


def run(
    recipe: str,
    out: Path,
    again: list[str],
    sets: list[str],
    keep: list[str],
    quick: bool,
    processes: int,
    ray: str,
    published: bool = False,
) -> "Outcome":
    """The sweep, and how it ended; `again` begins the command that its results name."""
    if ray and processes:
        raise BadRecipe("give --processes, for this machine, or --ray, not both.")
    with stoppable("The same command goes on with what is left."):
        from foreword.sweep import read_sweep
        from foreword.sweep.running import run_sweep

        quiet_libraries()
        plan = read_sweep(recipe, out, sets, quick, published, keep)
        ended = run_sweep(plan, out, shlex.join([*again, *(["--quick"] if quick else [])]), processes, ray, output.say)
    for name, error in ended.failed.items():
        output.say(f"failed: {name}: {error}")
    found = f"; `foreword report {out}` tells what they found" if ended.scored else ""
    output.say(f"{len(ended.done)} runs done, {len(ended.failed)} failed{found}.")
    return ended


def finish(ended: "Outcome") -> None:
    """Exit code 1 if a run failed."""
    if ended.failed:
        raise typer.Exit(1)


def as_options(flag: str, values: list[str] | None) -> list[str]:
    return [word for value in values or [] for word in (flag, value)]
