"""`foreword store`: keep prefixes, look at them, check them, remove them.

Comes in:  run folders and references (e2e, e2e@3).      Goes out: tables or JSON.
"""

from pathlib import Path
from typing import Annotated

import typer

from foreword.cli import output
from foreword.cli.ending import quiet_libraries, stoppable

app = typer.Typer(no_args_is_help=True, help="Prefixes on disk: add, list, show, verify, remove.")

Folder = Annotated[Path, typer.Option("--store", help="the store's folder")]
Name = Annotated[
    str, typer.Argument(help="NAME for its newest version, or NAME@VERSION; STORE/NAME names the store too")
]
DEFAULT = Path("store")


@app.command(epilog="foreword store add runs/e2e --name e2e")
def add(
    run: Annotated[Path, typer.Argument(help="a finished run's folder")],
    name: Annotated[str, typer.Option(help="what to call it; a name used before gets a new version")],
    store: Folder = DEFAULT,
    dtype: Annotated[str, typer.Option(help="float32, or bfloat16 at half the size")] = "float32",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="e.g. backbone.name= or task.path= where they are now"),
    ] = None,
) -> None:
    """Keep a run's prefix as the next version of a name."""
    with stoppable("No version was added."):
        from foreword.keeping import keep
        from foreword.tuned import open_run

        quiet_libraries()
        manifest = keep(open_run(run, sets or []), name, store, dtype)
    output.show_facts({"reference": manifest.reference, "size_bytes": manifest.size_bytes, "sha256": manifest.sha256})


@app.command("list", epilog="foreword store list --store store")
def list_prefixes(store: Folder = DEFAULT) -> None:
    """List every version of every prefix, newest first."""
    from foreword.store import Store

    listing = Store(store).list()
    for bad in listing.unreadable:
        output.say(f"note: {bad.reference} cannot be read: {bad.why}")
    rows = [
        (m.reference, m.method, m.backbone.name, m.prefix_len, m.size_bytes, f"{m.created:%Y-%m-%d %H:%M}")
        for m in listing.prefixes
    ]
    data = [m.model_dump(mode="json", exclude={"recipe"}) for m in listing.prefixes]
    output.show(data, ("prefix", "method", "backbone", "positions", "bytes", "added"), rows)


@app.command(epilog="foreword store show e2e@1")
def show(name: Name, store: Folder = DEFAULT) -> None:
    """Show everything that is known of a prefix."""
    from foreword.store import Store

    name, store = apart(name, store)
    output.show_facts(Store(store).show(name).model_dump(mode="json"))


@app.command(epilog="foreword store verify e2e@1 --run-canary")
def verify(
    name: Name,
    store: Folder = DEFAULT,
    run_canary: Annotated[
        bool,
        typer.Option(
            "--run-canary", help="also load the backbone and check that it still writes the recorded first tokens"
        ),
    ] = False,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="SECTION.KEY=VALUE", help="for --run-canary, e.g. backbone.name= where the model is now"
        ),
    ] = None,
) -> None:
    """Check a prefix's files against its manifest. Exit code 1 if something is wrong."""
    from foreword.store import Store

    name, store = apart(name, store)
    checks = [(check.name, check.why) for check in Store(store).verify(name)]
    if run_canary and not any(fault for _, fault in checks):
        with stoppable():
            from foreword.keeping import canary_fault

            quiet_libraries()
            checks.append(("canary", canary_fault(name, store, sets or [])))
    data = [{"check": what, "ok": not fault, "why": fault} for what, fault in checks]
    output.show(data, ("check", "ok", "why"), [(what, "no" if fault else "yes", fault) for what, fault in checks])
    if any(fault for _, fault in checks):
        raise typer.Exit(1)


@app.command(epilog="foreword store remove e2e@1")
def remove(
    name: Annotated[str, typer.Argument(help="NAME@VERSION, or STORE/NAME@VERSION")], store: Folder = DEFAULT
) -> None:
    """Remove one version of a prefix; its number is never given again."""
    from foreword.store import Store

    name, store = apart(name, store)
    Store(store).remove(name)
    output.say(f"removed {name}")


def apart(name: str, store: Path) -> tuple[str, Path]:
    """NAME and the store, from NAME beside --store or from STORE/NAME as `eval` and `generate` take it."""
    return (Path(name).name, Path(name).parent) if "/" in name else (name, store)
