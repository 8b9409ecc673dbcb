"""Names made of any words at all, so that copying does not lean on how names usually go.

Comes in:  an example, the values its text repeats, a list of lower-case words (the novels'), a random.Random.
Goes out:  the same example with some of its names exchanged, in source and text alike.
A model that has only seen likely names copies the likely ones and "corrects" the others.
"""

import re
from collections.abc import Iterable, Sequence
from random import Random

CHANCE = 0.25  # of a name to be exchanged
NAME = re.compile(r"(?:The )?[A-ZÀ-Þ][^\W\d_]+(?: [A-ZÀ-Þ][^\W\d_]+)*")


def renamed(rng: Random, source: str, text: str, values: Iterable[str], words: Sequence[str]) -> tuple[str, str]:
    """Exchange each name among `values` with the chance above, wherever both sides spell it alike."""
    for value in dict.fromkeys(values):
        if rng.random() < CHANCE and NAME.fullmatch(value) and value in text and spelt_once(value, source):
            new = new_name(rng, value, words)
            whole = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")
            source, text = whole.sub(new, source), whole.sub(new, text)
    return source, text


def spelt_once(value: str, source: str) -> bool:
    """Whether the source has the value as it is, and not with underscores too."""
    return value in source and (" " not in value or value.replace(" ", "_") not in source)


def new_name(rng: Random, old: str, words: Sequence[str]) -> str:
    """One to three words, the first with a vowel where the old name had one: `a` and `an` stay right."""
    article = "The " if old.startswith("The ") else ""
    vowel = old[len(article)] in "AEIOU"
    first = rng.choice(words)
    while (first[0] in "aeiou") != vowel:
        first = rng.choice(words)
    more = [rng.choice(words) for _ in range(rng.choice((0, 0, 1, 1, 1, 2)))]
    return article + " ".join(word.capitalize() for word in (first, *more))
