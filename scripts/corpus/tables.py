"""The front door: endless invented (source, text) pairs for pretraining the small backbone to say tables.

Comes in:  a seed, or a random.Random.
Goes out:  (source, text): a linearised table or set of triples, and one to five English sentences that say it; one
           example in ten is another task on such a table (`skills.py`).
Everything is invented: no sentence and no name comes from a data set, and restaurants never occur.

    python scripts/corpus/tables.py --show 20 --seed 1
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.corpus.continuations import describe
from scripts.corpus.lexicon import pick
from scripts.corpus.linear import Field, line
from scripts.corpus.pen import Thing
from scripts.corpus.renaming import renamed
from scripts.corpus.skills import skill
from scripts.corpus.things import draw_domain, draw_thing
from scripts.corpus.triples import triples

NAME_KEYS = ("name",) * 12 + ("Name", "title", "called", "subject", "label", "entity")
KIND_KEYS = (
    "kind",
    "type",
    "kind",
    "type",
    "category",
    "kindOf",
    "is a",
    "Type",
    "class",
    "placeType",
    "kind_of",
    "venueType",
    "what it is",
)
PERSON_KIND_KEYS = ("occupation", "profession", "job", "occupation", "type", "kind", "works as")


@dataclass(frozen=True)
class Sample:
    """One example and what a check of it needs: the values its text was meant to repeat, and what sort it is."""

    source: str
    text: str
    repeated: tuple[str, ...]
    sort: str


def table(rng: Random) -> Sample:
    """An attribute table and its description."""
    domain = draw_domain(rng)
    thing = draw_thing(rng, domain, pick(rng, (1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7)))
    if rng.random() < 0.02 and thing.kind and not thing.person:
        thing.name = None
    text = describe(rng, thing)
    return Sample(line(rng, fields(rng, thing)), text, repeated(thing), "table")


def fields(rng: Random, thing: Thing) -> list[Field]:
    """The table's fields: name and kind first, or everything in any order."""
    rest = [(f.key, f.written) for f in thing.facts]
    head = [(pick(rng, NAME_KEYS), thing.name)] if thing.name else []
    if thing.kind:
        head.append((pick(rng, PERSON_KIND_KEYS if thing.person else KIND_KEYS), thing.kind))
    if rng.random() < 0.35:
        mixed = head + rest
        rng.shuffle(mixed)
        return mixed
    return head + rest


def repeated(thing: Thing) -> tuple[str, ...]:
    """The values that must stand in the text, word for word."""
    values = [f.said for f in thing.facts if not f.silent]
    return tuple(v for v in (thing.name, thing.kind, *values) if v)


def sample(rng: Random) -> Sample:
    """One example with what is known about it."""
    roll = rng.random()
    if roll < 0.6:
        return table(rng)
    if roll < 0.9:
        source, text, values = triples(rng)
        return Sample(source, text, values, "triples")
    source, text = skill(rng)
    return Sample(source, text, (), "skill")


def example(rng: Random) -> tuple[str, str]:
    """One (source, text) pair."""
    made = sample(rng)
    return made.source, made.text


def examples(seed: int, words: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Endless pairs, the same ones for the same seed; given words, a part of the names is made of them."""
    rng = Random(seed)
    while True:
        made = sample(rng)
        if words:
            yield renamed(rng, made.source, made.text, made.repeated, words)
        else:
            yield made.source, made.text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=20, help="how many examples to print")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for source, text in islice(examples(args.seed), args.show):
        print(f"{source}\n    -> {text}\n")


if __name__ == "__main__":
    main()
