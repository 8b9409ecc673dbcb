"""`foreword sweep`, `reproduce`, `report`: many runs of one recipe, the papers' experiments, and what was found.

Comes in:  a recipe with a [sweep], a folder.      Goes out: runs in it, a line for each as it ends, on stderr; a report.
"""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli import output
from foreword.cli.ending import quiet_libraries, stoppable
from foreword.errors import BadRecipe

Quick = Annotated[
    bool, typer.Option("--quick", help="the short form, of minutes, as the recipe's [sweep.quick] has it")
]
Count = Annotated[int, typer.Option(min=0, help="runs at once on this machine; 0 = as many as there are cores for")]
Ray = Annotated[
    str, typer.Option("--ray", help="run on a Ray cluster: its address, auto, or local for one of this machine's own")
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="a setting of all runs; may be repeated")
]


def sweep(
    recipe: Annotated[str, typer.Argument(help="a recipe file with a [sweep], or the name of one that ships")],
    out: Annotated[Path, typer.Option(help="the sweep's folder; what is done there is not done again")],
    sets: Sets = None,
    quick: Quick = False,
    processes: Count = 0,
    ray: Ray = "",
) -> None:
    """Train and score every combination of a grid. If stopped or killed, the same command goes on."""
    again = ["foreword", "sweep", recipe, *(["--quick"] if quick else [])]
    run(recipe, out, again, sets or [], quick, processes, ray)


def report(
    folder: Annotated[Path, typer.Argument(help="what `foreword sweep` or `reproduce` wrote")],
    markdown: Annotated[bool, typer.Option("--markdown", help="print the tables as Markdown")] = False,
) -> None:
    """Make a sweep's page, tables and pictures, and tell which of its claims hold; from result files alone."""
    with stoppable():
        from foreword.report import PAGE, read_results, write_report

        results = read_results(folder)
        for name, why in results.missing.items():
            output.say(f"note: {name} has no result: {why}")
        found = write_report(results)
    if markdown:
        print((folder / "report.md").read_text(encoding="utf-8"), end="")
    else:
        data = [{**v.claim.model_dump(mode="json"), "verdict": v.word, "figures": v.figures} for v in found]
        output.show(data, ("claim", "verdict", "figures"), [(v.claim.says, v.word, v.figures) for v in found])
    output.say(f"written to {folder / PAGE}")


def run(recipe: str, out: Path, again: list[str], sets: list[str], quick: bool, processes: int, ray: str) -> None:
    """The sweep, and how it ended. Exit code 1 if a run failed."""
    if ray and processes:
        raise BadRecipe("give --processes, for this machine, or --ray, not both.")
    with stoppable("The same command goes on with what is left."):
        from foreword.sweep import read_sweep
        from foreword.sweep.running import run_sweep

        quiet_libraries()
        plan = read_sweep(recipe, out, sets, quick)
        command = shlex.join([*again, *(word for told in sets for word in ("--set", told))])
        ended = run_sweep(plan, out, command, processes, ray, output.say)
    for name, error in ended.failed.items():
        output.say(f"failed: {name}: {error}")
    output.show_facts({"sweep": str(out), "done": len(ended.done), "failed": len(ended.failed)})
    if ended.failed:
        raise typer.Exit(1)
