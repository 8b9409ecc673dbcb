"""The demo: one frozen model, several prefixes, seen side by side in about two minutes.

Comes in:  a folder.      Goes out: trained prefixes in it; scores before and after, and texts, on stdout.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foreword.assembly import decoding_of
from foreword.cli import output
from foreword.cli.ending import quiet_libraries
from foreword.cli.lists import resolve
from foreword.errors import BadRecipe
from foreword.experiment import train
from foreword.generation import generate
from foreword.methods import method_class
from foreword.prefix import Prefix
from foreword.tuned import Tuned, untouched

VOICES = ("captain", "poet", "radio")
SHOWN = 2  # records told in every voice


def run_demo(out: Path, overrides: Sequence[str]) -> None:
    """Train a prefix for each voice, score it beside the untouched model, and let one batch speak in all voices."""
    for override in overrides:
        if override.startswith(("task.voice", "task.name")):
            raise BadRecipe(
                f"--set {override}: the demo trains every voice. `foreword train embedded/demo` trains one."
            )
    quiet_libraries()
    began = time.monotonic()
    rows: list[dict[str, Any]] = []
    trained: dict[str, Tuned] = {}
    for number, voice in enumerate(VOICES, start=1):
        recipe = resolve("embedded/demo", [f"task.voice={voice}", *overrides])
        if recipe.method.head or not method_class(recipe.method.name).gives_prefix:
            raise BadRecipe(f"the demo lets prefixes share a batch, and {recipe.method.name} yields none.")
        if number == 1:
            output.say(f"backbone {recipe.backbone.name}, frozen. The task: weather at sea, told in a voice.")
        output.say(f"\n[{number}/{len(VOICES)}] a prefix for the voice of the {voice}")
        tuned = trained[voice] = train(recipe, out / voice)
        # The run has settled the precision, now or before it was stopped: the untouched model and the next voice take the same.
        overrides = [*overrides, f"backbone.dtype={tuned.recipe.backbone.dtype}"]
        first, after = untouched(tuned.recipe).evaluate(), tuned.evaluate()
        output.say_cut(first.num_cut_sources + after.num_cut_sources, len(first.examples) + len(after.examples))
        scores = {metric: (first.value(metric), after.value(metric)) for metric in first.scores["all"].scores}
        rows.append(
            {"voice": voice, "run": str(out / voice), "parameters": tuned.method["stored_parameters"], "scores": scores}
        )
    told = side_by_side(trained)
    show(rows, told)
    size = rows[0]["parameters"]
    share = 100 * size / next(iter(trained.values())).backbone.num_parameters
    took_s = time.monotonic() - began
    output.say(f"\n{took_s:.0f} s in all. Each prefix is {size:,} numbers, {share:.1f} % of the backbone.")
    output.say(f"Next: {sys.argv[0]} generate {out / VOICES[0]} '{told[0]['source']}'")


def side_by_side(trained: dict[str, Tuned]) -> list[dict[str, Any]]:
    """Some records, each told by the untouched model and in every voice; the voices share one batch."""
    first = next(iter(trained.values()))
    sources = [example.source for example in first.task.examples("test")[:SHOWN]]
    decoding = decoding_of(first.recipe.generate)
    plain = generate(first.backbone, sources, decoding)
    prefixes: list[Prefix] = []
    for tuned in trained.values():
        assert tuned.prefix is not None
        prefixes += [tuned.prefix] * len(sources)
    mixed = generate(first.backbone, sources * len(trained), decoding, prefixes)
    told = []
    for i, source in enumerate(sources):
        voices = {voice: mixed[v * len(sources) + i] for v, voice in enumerate(trained)}
        told.append({"source": source, "untouched": plain[i], **voices})
    return told


def show(rows: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]]) -> None:
    data = {"voices": list(rows), "texts": list(told)}
    table = [
        (row["voice"], metric, f"{before:.3f}", f"{after:.3f}")
        for row in rows
        for metric, (before, after) in row["scores"].items()
    ]
    output.show(data, ("voice", "metric", "untouched", "with its prefix"), table)
    if output.to_terminal():
        for record in told:
            print()
            for who, text in record.items():
                print(f"{who:>10}  {' '.join(str(text).split())}")
