"""How a table is written down as one line of text, and how field names are spelt.

Comes in:  fields as (key, value) pairs, or triples.
Goes out:  the source line: `name : Harlow Mill | kind : lighthouse` in 85% of the cases, else one of a few variants.
"""

import re
from collections.abc import Sequence
from random import Random

Field = tuple[str, str]


CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def words_of(key: str) -> list[str]:
    """The words of a field name: `priceRange`, `price_range` -> price, range."""
    return CAMEL.sub(" ", key).replace("_", " ").split()


def spell(rng: Random, key: str) -> str:
    """A field name in one of the usual spellings: as it stands, camelCase, snake_case, Capitals."""
    roll = rng.random()
    if roll < 0.6:
        return key
    words = words_of(key)
    if roll < 0.74:
        return words[0].lower() + "".join(w[:1].upper() + w[1:] for w in words[1:])
    if roll < 0.84:
        return "_".join(words).lower()
    if roll < 0.92:
        return " ".join(words).capitalize()
    if roll < 0.96:
        return " ".join(w[:1].upper() + w[1:] for w in words)
    return "".join(w[:1].upper() + w[1:] for w in words)


def line(rng: Random, fields: Sequence[Field]) -> str:
    """The fields as one line."""
    roll = rng.random()
    if roll < 0.85:
        return " | ".join(f"{k} : {v}" for k, v in fields)
    if roll < 0.91:
        return ", ".join(f"{k}[{v}]" for k, v in fields)
    if roll < 0.95:
        return "; ".join(f"{k}: {v}" for k, v in fields)
    if roll < 0.98:
        return "".join(f" | {k} : {v}" for k, v in fields).strip()
    return ", ".join(f"{k} = {v}" for k, v in fields)


def triples_line(rng: Random, triples: Sequence[tuple[str, str, str]]) -> str:
    """Triples as `subject : relation : object`, in half of the cases with a leading bar."""
    joined = " | ".join(f"{s} : {p} : {o}" for s, p, o in triples)
    return "| " + joined if rng.random() < 0.5 else joined
