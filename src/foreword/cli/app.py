"""The commands. How they end is in `ending.py`.

Comes in:  the command line.      Goes out: results on stdout, everything else on stderr.
"""

import errno
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foreword.cli import lists, output, serving, sweeps
from foreword.cli.ending import quiet_libraries, resumable, stoppable
from foreword.cli.store import app as store_app
from foreword.errors import BadRecipe, ForewordError, MissingTool

if TYPE_CHECKING:
    from foreword.tuned import Tuned

CLOSED = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)  # a path that nobody could look at: the user's to mend, no bug

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="rich",
    help="Prefix-tuning end to end: train, measure and keep prefixes on one frozen language model.",
)  # fmt: skip
app.add_typer(store_app, name="store")
app.add_typer(serving.tenants_app, name="tenants")
app.command("list", epilog="foreword list recipes")(lists.list_what)
app.command(epilog="foreword check embedded/e2e")(lists.check)
app.command(epilog="foreword sweep experiments.toml --out runs/experiments")(sweeps.sweep)
app.command(epilog="foreword reproduce low-data --quick")(sweeps.reproduce)
app.command(epilog="foreword report runs/experiments")(sweeps.report)
app.command(epilog="foreword serve --store store")(serving.serve)
app.command(epilog="foreword batch requests.jsonl --out answers.jsonl")(serving.batch)

Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="override a setting; may be repeated")
]


def say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("foreword"))
        raise typer.Exit


@app.callback()
def front(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=say_version, help="print the version and stop")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command; our own errors become one clear line."""
    try:
        app()
    except ForewordError as error:
        output.say(f"foreword: {error}")
        sys.exit(2)
    except OSError as error:
        if error.filename is None or error.errno not in CLOSED:
            raise
        output.say(
            f"foreword: {error.filename}: {error.strerror}. Check the path, and that you may read and write there."
        )
        sys.exit(2)


@app.command(epilog="foreword demo --out runs/demo")
def demo(
    out: Annotated[Path, typer.Option(help="where the runs are written")] = Path("runs/demo"),
    sets: Sets = None,
) -> None:
    """Train prefixes on the embedded backbone, score them beside the untouched model, and read what they write."""
    with resumable("The same command"):
        from foreword.cli.demo import run_demo

        run_demo(out, sets or [])


@app.command(epilog="foreword train embedded/e2e --out runs/e2e")
def train(
    recipe: Annotated[
        str, typer.Argument(help="a recipe file, or the name of one that ships (`foreword list recipes`)")
    ],
    out: Annotated[Path, typer.Option(help="the run's folder; if it holds an unfinished run, that run is resumed")],
    sets: Sets = None,
    seed: Annotated[int | None, typer.Option(help="the same as --set train.seed=N")] = None,
) -> None:
    """Train what a recipe asks for. If stopped or killed, the same command resumes."""
    overrides = [*(sets or []), *([] if seed is None else [f"train.seed={seed}"])]
    with resumable("The same command"):
        resolved = lists.resolve(recipe, overrides)
        from foreword.experiment import train as run

        quiet_libraries()
        again = ["foreword", "train", recipe, *(word for told in sets or [] for word in ("--set", told))]
        tuned = run(resolved, out, shlex.join(again))
    output.show_facts({"run": str(out), **tuned.method})


@app.command(
    "eval",
    epilog="foreword eval runs/e2e --split test\n\nforeword eval embedded/e2e --untouched --out runs/untouched",
)
def evaluate(
    run: Annotated[
        str, typer.Argument(help="a run folder, a stored prefix (STORE/NAME@VERSION), or with --untouched a recipe")
    ],
    split: Annotated[str, typer.Option(help="train, dev or test; the recipe's eval.split if not given")] = "",
    sets: Sets = None,
    untouched: Annotated[
        bool, typer.Option("--untouched", help="score the recipe's backbone with nothing trained")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="where the result is written, with --untouched")] = None,
) -> None:
    """Generate a split's texts and score them; writes result-SPLIT.json and texts-SPLIT.txt into the run's folder.

    With --set, the files' names end in the hash of the settings, so that the run's own scores stay.
    """
    if out is not None and not untouched:
        raise BadRecipe("--out goes with --untouched; a run's results are written into the run's folder.")
    with stoppable():
        from foreword.cli.opening import opened
        from foreword.tuned import untouched as nothing_trained

        quiet_libraries()
        tuned = nothing_trained(lists.resolve(run, sets or []), out) if untouched else opened(run, sets or [])
        show_evaluated(tuned, split)


def show_evaluated(tuned: "Tuned", split: str) -> None:
    """Score a split, and show it."""
    split = split or tuned.recipe.eval.split
    with output.progress("texts") as progress:
        result = tuned.evaluate(split, progress)
    output.say_cut(result.num_cut_sources, len(result.examples))
    content = tuned.record(split, result)
    output.say_skipped(content["skipped"])
    if tuned.folder is not None:
        output.say(f"written to {tuned.result_path(split)}")
    output.show_scores(content["scores"], content)
    check_scored(content["scores"]["all"])


@app.command(epilog="foreword vote runs/e2e-0 runs/e2e-1 runs/e2e-2 --out runs/e2e-vote")
def vote(
    runs: Annotated[
        list[str], typer.Argument(help="folders of runs on one model: prefixes, or prompts of one template")
    ],
    split: Annotated[str, typer.Option(help="train, dev or test; the first recipe's eval.split if not given")] = "",
    sets: Sets = None,
    out: Annotated[Path | None, typer.Option(help="where the result is written")] = None,
) -> None:
    """Score the answers that most of several runs give, all of them in one batch (a prompt ensemble)."""
    with stoppable():
        from foreword.tuned import voting

        quiet_libraries()
        show_evaluated(voting(runs, sets or [], out), split)


@app.command(
    epilog="foreword generate runs/e2e 'name : The Vaults | Type : pub'\n\nforeword generate store/e2e --input sources.txt"
)
def generate(
    run: Annotated[str, typer.Argument(help="a run folder, or a stored prefix (STORE/NAME@VERSION)")],
    sources: Annotated[
        list[str] | None, typer.Argument(help="texts to answer; if none, one per line from --input or stdin")
    ] = None,
    input: Annotated[Path | None, typer.Option(help="a file with a text per line")] = None,
    records: Annotated[
        bool,
        typer.Option(
            "--records", help="print each with its source, as JSON lines that the tasks `jsonl` and `classes` read"
        ),
    ] = False,
    sets: Sets = None,
) -> None:
    """Write texts, one line for each source, in their order."""
    if sources and input is not None:
        raise BadRecipe("give texts to answer or --input, not both.")
    with stoppable():
        from foreword.cli.opening import lines_of, opened

        quiet_libraries()
        texts = sources or lines_of(input)
        tuned = opened(run, sets or [])
        with output.progress("texts") as progress:
            made = tuned.answers(texts, progress)
        output.say_cut(made.num_cut_sources, len(texts))
        for source, text in zip(texts, made.texts, strict=True):
            print(tuned.as_record(source, text) if records else " ".join(text.split()), flush=True)


@app.command(epilog="foreword table runs/cb-* --markdown")
def table(
    runs: Annotated[list[str], typer.Argument(help="folders that `foreword eval` wrote results into")],
    split: Annotated[str, typer.Option(help="train, dev or test")] = "test",
    metrics: Annotated[str, typer.Option(help="which scores, separated by commas; all if empty")] = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="print Markdown")] = False,
    commands: Annotated[
        bool, typer.Option("--commands/--no-commands", help="whether the last column says what trained each")
    ] = True,
) -> None:
    """Runs side by side, seeds and tasks together: parameters, scores with their spread, time; from the runs' result files."""
    from dataclasses import asdict

    from foreword import table as tables

    rows = tables.rows_of(runs, split, parted(metrics))
    if markdown:
        print(tables.markdown(rows, commands), end="")
    else:
        output.show([asdict(row) for row in rows], *tables.cells(rows, commands))


@app.command(epilog="foreword inspect runs/demo/captain runs/demo/poet --out runs/inside")
def inspect(
    prefixes: Annotated[list[str], typer.Argument(help="run folders, or stored prefixes (STORE/NAME@VERSION)")],
    size: Annotated[int, typer.Option(min=1, help="texts to look at each with")] = 32,
    split: Annotated[str, typer.Option(help="train, dev or test; dev, where there is one, if not given")] = "",
    sets: Sets = None,
    out: Annotated[
        Path | None, typer.Option(help="where the page is written; the run's own folder if not given")
    ] = None,
) -> None:
    """Look inside prefixes: who attends to them, what would be lost without a part, what they are near to."""
    with stoppable():
        from foreword.cli.opening import opened
        from foreword.inspection import PAGE, look, write_inspection

        quiet_libraries()
        has_place = out is not None or (len(prefixes) == 1 and (Path(prefixes[0]) / "recipe.json").is_file())
        found = []
        for name in prefixes:
            model = opened(name, sets or [])
            if not has_place:  # told of what is there; of what is not, that it is not
                raise BadRecipe("--out says where the page goes; of one run's folder alone it can be left out.")
            output.say(f"looking into {name}")
            found.append(look(model, name, size, split))
        folder = out or Path(prefixes[0])
        data = write_inspection(found, folder)
    rows = [
        (one["name"], site, f"{share:.1%}", f"{one['loss']:.4f}")
        for one in data["prefixes"]
        for site, share in one["attention_share"].items()
    ]
    output.show(data, ("prefix", "site", "share of attention", "loss"), rows)
    output.say(f"written to {folder / PAGE}")


@app.command(epilog="foreword score texts.txt --references refs.txt --metrics bleu,nist,meteor,rouge-l,cider")
def score(
    hypotheses: Annotated[Path, typer.Argument(help="a text per line")],
    references: Annotated[
        list[Path], typer.Option(help="groups separated by blank lines; or a file per reference, repeated")
    ],
    metrics: Annotated[
        str, typer.Option(help="names, separated by commas; `foreword list metrics`")
    ] = "bleu,nist,meteor,rouge-l,cider",
    resamples: Annotated[int, typer.Option(help="bootstrap resamples behind the intervals")] = 1000,
) -> None:
    """Score any system's texts: a table on a terminal, JSON with the metrics' names as keys in a pipe."""
    from dataclasses import asdict

    from foreword.metrics import read_hypotheses, read_references
    from foreword.metrics import score as score_texts

    names = parted(metrics)
    with stoppable():
        scored = score_texts(read_hypotheses(hypotheses), read_references(references), names, resamples=resamples)
    output.say_skipped(scored.skipped)
    data = {name: asdict(s) for name, s in scored.scores.items()}
    output.show_scores({"all": data}, data)
    check_scored(data)


def check_scored(scores: Mapping[str, object]) -> None:
    """No score at all is no success: the notes above say what each metric lacks."""
    if not scores:
        raise MissingTool("none of the metrics could be scored. Install what the notes name, or choose others.")


def parted(names: str) -> list[str]:
    """Names that commas part."""
    return [name.strip() for name in names.split(",") if name.strip()]
