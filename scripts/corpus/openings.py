"""Which first sentence a text gets.

Comes in:  a Pen and the list of facts not said yet.
Goes out:  one sentence without its full stop (or with its own ? or !); the facts it said are gone from the list.
"""

from collections.abc import Callable

from scripts.corpus.lexicon import pick
from scripts.corpus.openings_plain import (
    called_x,
    front_x_is,
    front_x_verbs,
    noun_is,
    np_called_x,
    np_comma_x,
    sentence_first,
    terse,
    the_kind_x,
    x_after_is_np,
    x_comma_np,
    x_is_np,
    x_verbs,
    x_which,
)
from scripts.corpus.openings_scene import late_name, looking_for, question, there_is, there_we_find, visitor_says
from scripts.corpus.pen import Fact, Pen

Opening = Callable[[Pen, list[Fact]], str]

NP_OPENINGS: tuple[tuple[Opening, int], ...] = (
    (x_is_np, 20),
    (front_x_is, 10),
    (x_comma_np, 9),
    (np_comma_x, 9),
    (the_kind_x, 9),
    (called_x, 3),
    (terse, 2),
    (np_called_x, 8),
    (x_after_is_np, 6),
    (sentence_first, 4),
    (noun_is, 2),
    (x_which, 3),
    (front_x_verbs, 3),
)
THERE = ((there_is, 9), (there_we_find, 14), (late_name, 4))
VISIT = ((looking_for, 7), (question, 4), (visitor_says, 4))
VP_OPENINGS: tuple[tuple[Opening, int], ...] = ((x_verbs, 10), (front_x_verbs, 9), (x_which, 4), (sentence_first, 5), (noun_is, 4))


def _spread(*weighted: tuple[tuple[Opening, int], ...]) -> tuple[Opening, ...]:
    return tuple(opening for group in weighted for opening, weight in group for _ in range(weight))


PLAIN, SCENIC, GUIDED, NAMELESS = (
    _spread(NP_OPENINGS),
    _spread(NP_OPENINGS, THERE),
    _spread(NP_OPENINGS, THERE, VISIT),
    (there_is, x_verbs, front_x_verbs),
)
NOUNLESS = _spread(VP_OPENINGS)
KNOWN = (x_is_np, x_is_np, x_comma_np, np_comma_x, x_verbs)


def opening(pen: Pen, facts: list[Fact], known: bool = False) -> str:
    """The first sentence about a thing; one that is known already is not introduced with 'There is a ...'."""
    thing = pen.thing
    if known and facts:
        return pick(pen.rng, KNOWN if thing.kind else NOUNLESS)(pen, facts)
    if thing.name is None:
        return pick(pen.rng, NAMELESS)(pen, facts)
    if thing.kind is None and (thing.person or pen.chance(0.8)):
        return pick(pen.rng, NOUNLESS)(pen, facts) if facts else f"{thing.name} {pen.be} @ {thing.generic}"
    choices = PLAIN if thing.person else GUIDED if thing.visit else SCENIC
    return pick(pen.rng, choices)(pen, facts)
