"""First sentences: the many ways a text can begin to speak of a thing.

Comes in:  a Pen and the list of facts not said yet.
Goes out:  one sentence without its full stop (or with its own ? or !); the facts it said are gone from the list.
"""

from collections.abc import Callable

from scripts.corpus.lexicon import pick
from scripts.corpus.pen import Fact, Pen, cap

Opening = Callable[[Pen, list[Fact]], str]


def how_many(pen: Pen) -> int:
    """How many facts to hang on one noun or verb: more for a dense writer."""
    return 1 + int(pen.rng.random() * (1.2 + 2 * pen.dense))


def maybe_clause(pen: Pen, facts: list[Fact], p: float = 0.5, crowded: bool = False) -> str:
    """A relative clause with what is left, sometimes."""
    if not facts or not pen.chance(p):
        return ""
    taken = pen.take(facts, "vlw", how_many(pen))
    if not taken:
        return ""
    if crowded:
        return f", {'who' if pen.thing.person else 'which'} {pen.verbs(taken)}"
    return f" {pen.who} {pen.verbs(taken)}"


def x_is_np(pen: Pen, facts: list[Fact]) -> str:
    behind = pick(pen.rng, (0, 1, 2))
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1, 2)), behind)
    return f"{pen.name()} {pen.be} {np}{maybe_clause(pen, facts, 0.35 if behind else 0.6, crowded=behind > 0)}"


def front_x_is(pen: Pen, facts: list[Fact]) -> str:
    front = pen.pull_front(facts)
    if front is None:
        return x_is_np(pen, facts)
    if facts and pen.chance(0.5):
        return f"{front}, {pen.name()} {pen.verbs(pen.take(facts, 'vlwa', how_many(pen)))}"
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1, 2)), pick(pen.rng, (0, 1)))
    return f"{front}, {pen.name()} {pen.be} {np}"


def there_is(pen: Pen, facts: list[Fact]) -> str:
    pre = pen.adjectives(facts, pick(pen.rng, (0, 1, 2)))
    called = pick(pen.rng, (f"called {pen.name()}", f"named {pen.name()}", f"by the name of {pen.name()}", f", {pen.name()},", f"known as {pen.name()}"))
    post = [pen.after(f) for f in pen.take(facts, "lpw", pick(pen.rng, (0, 1, 2)))]
    if pen.thing.name is None:
        return f"there {pen.be} {pen.dressed(pre, post)}{maybe_clause(pen, facts, crowded=bool(post))}"
    if called.startswith(",") or pen.chance(0.7):
        post = [called, *post]
    else:
        post = [*post, called]
    return f"there {pen.be} {pen.dressed(pre, post)}{maybe_clause(pen, facts, 0.3, crowded=len(post) > 1)}"


def there_we_find(pen: Pen, facts: list[Fact]) -> str:
    """Fronted place: 'Near Green Hall, there is a cheap museum called X'."""
    place = pen.pull_front(facts, "l")
    if place is None:
        return there_is(pen, facts)
    second = pen.pull_front(facts, "l") if pen.chance(0.4) else None
    place = f"{place}, {second}" if second else place
    pre = pen.adjectives(facts, pick(pen.rng, (0, 1, 2)))
    np = pen.dressed(pre, [])
    be, name = pen.be, pen.name()
    tail = maybe_clause(pen, facts, 0.4)
    return pick(
        pen.rng,
        (
            f"{place}, there {be} {np} called {name}{tail}",
            f"{place} there {be} {np} named {name}{tail}",
            f"{place} {be} {name}, {np}{tail}",
            f"{place}, you will find {name}, {np}{tail}",
            f"{place} you can find {np} called {name}{tail}",
            f"{place} lies {name}, {np}{tail}" if be == "is" else f"{place}, there was {np} called {name}{tail}",
        ),
    )


def x_comma_np(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts[1:] and facts, pick(pen.rng, (0, 1, 1)), pick(pen.rng, (0, 1)))
    taken = pen.take(facts, "vlwa", how_many(pen))
    if not taken:
        return f"{pen.name()} {pen.be} {np}"
    return f"{pen.name()}, {np}, {pen.verbs(taken)}"


def np_comma_x(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts[1:] and facts, pick(pen.rng, (0, 1, 2)), pick(pen.rng, (0, 1)))
    taken = pen.take(facts, "vlwa", how_many(pen))
    if not taken:
        return f"{pen.name()} {pen.be} {np}"
    return f"{np}, {pen.name()} {pen.verbs(taken)}"


def the_kind_x(pen: Pen, facts: list[Fact]) -> str:
    pre = pen.adjectives(facts, pick(pen.rng, (0, 0, 1)))
    taken = pen.take(facts, "vlwa", how_many(pen))
    called = pick(pen.rng, ("", " called", " named")) if not pen.name().startswith(("The ", "the ")) else " called"
    head = f"{pen.dressed(pre, [], 'the')}{called} {pen.name()}"
    if not taken:
        return f"{pen.name()} {pen.be} {pen.dressed(pre, [])}"
    return f"{head} {pen.verbs(taken)}"


def x_verbs(pen: Pen, facts: list[Fact]) -> str:
    taken = pen.take(facts, "vlwa", how_many(pen))
    if not taken:
        return x_is_np(pen, facts)
    return f"{pen.name()} {pen.verbs(taken)}"


def front_x_verbs(pen: Pen, facts: list[Fact]) -> str:
    front = pen.pull_front(facts) if len(facts) > 1 else None
    if front is None:
        return x_verbs(pen, facts)
    return f"{front}, {pen.name()} {pen.verbs(pen.take(facts, 'vlwa', how_many(pen)))}"


def x_which(pen: Pen, facts: list[Fact]) -> str:
    """'X, which was built in 1874, is near Green Hall'."""
    first, rest = pen.take(facts, "v", 1), pen.take(facts, "vlwa", how_many(pen))
    if not first or not rest:
        return f"{pen.name()} {pen.verbs(first or rest)}" if first or rest else x_is_np(pen, facts)
    who = "who" if pen.thing.person else "which"
    return f"{pen.name()}, {who} {pen.verbs(first)}, {pen.verbs(rest)}"


def called_x(pen: Pen, facts: list[Fact]) -> str:
    bare = pen.noun_phrase(facts, pick(pen.rng, (0, 1)), pick(pen.rng, (0, 1, 1)), article="").strip()
    return pick(pen.rng, (f"the name of this {bare} {pen.be} {pen.name()}", f"this {bare} {pen.be} called {pen.name()}", f"this {bare} goes by the name of {pen.name()}"))


def terse(pen: Pen, facts: list[Fact]) -> str:
    """A catalogue line: 'X: a granite lighthouse, built in 1874, with a height of 31 metres'."""
    mark = pick(pen.rng, (":", " -"))
    pre = pen.adjectives(facts, pick(pen.rng, (0, 1, 2)))
    post = [pen.after(f) for f in pen.take(facts, "plw", 1 + how_many(pen))]
    return f"{pen.name()}{mark} {pen.dressed(pre, [])}" + "".join(f", {p}" if i else f" {p}" for i, p in enumerate(post))


def sentence_first(pen: Pen, facts: list[Fact]) -> str:
    """A sentence in which the thing is the object: 'Ada Marsh designed X'."""
    for fact in facts:
        if pen.names_itself(fact, "s"):
            facts.remove(fact)
            return _named(pen, fact, "s")
    return x_verbs(pen, facts)


def _named(pen: Pen, fact: Fact, role: str) -> str:
    for _ in range(4):
        said = pen.sentence(fact, role, first=True)
        if pen.name() in said:
            return said
    fact.silent = False
    return f"{pen.name()} {pen.verbs([fact])}"


def noun_is(pen: Pen, facts: list[Fact]) -> str:
    """'The height of X is 31 metres'."""
    taken = pen.take(facts, "n", 1)
    if not taken:
        return x_verbs(pen, facts)
    noun, name = pick(pen.rng, taken[0].forms["n"]), pen.name()
    own = name + ("'" if name.endswith("s") else "'s")
    return pick(pen.rng, (f"the {noun} of {name} {pen.be} {taken[0].said}", f"{own} {noun} {pen.be} {taken[0].said}", f"{taken[0].said} {pen.be} the {noun} of {name}"))


def looking_for(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1, 2)), pick(pen.rng, (0, 1, 2)))
    name = pen.name()
    lead = pick(
        pen.rng,
        (f"if you are looking for {np}, ", f"if you want {np}, ", f"if you need {np}, ", f"should you be looking for {np}, ", f"if you would like to visit {np}, ", f"for {np}, ", f"when you look for {np}, "),
    )
    return lead + pick(
        pen.rng, (f"try {name}", f"{name} is the place for you", f"go to {name}", f"why not try {name}?", f"{name} is worth a visit", f"look no further than {name}", f"{name} might be what you want", f"have a look at {name}", f"I would recommend {name}")
    )


def question(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1, 2)), pick(pen.rng, (0, 1)))
    name = pen.name()
    taken = pen.take(facts, "vlwa", how_many(pen)) if pen.chance(0.6) else []
    reply = f"{name} {pen.verbs(taken)}" if taken else pick(pen.rng, (f"try {name}", f"{name} is what you need", f"then come to {name}", f"how about {name}?", f"{name} is the answer", f"give {name} a try"))
    return pick(pen.rng, (f"looking for {np}?", f"do you need {np}?", f"are you looking for {np}?", f"would you like to visit {np}?", f"in need of {np}?")) + " " + cap(reply)


def visitor_says(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1)), pick(pen.rng, (0, 1, 2)))
    name = pen.name()
    return pick(
        pen.rng,
        (
            f"we visited {name}, {np}", f"last week I went to {name}, {np}", f"I can tell you about {name}, {np}", f"come and visit {name}, {np}", f"one place to know is {name}, {np}",
            f"have you heard of {name}? It is {np}", f"do you know {name}? It is {np}", f"our tip is {name}, {np}", f"you could go to {name}, {np}", f"let me introduce {name}, {np}",
        ),
    )


NP_OPENINGS: tuple[tuple[Opening, int], ...] = (
    (x_is_np, 20), (front_x_is, 10), (x_comma_np, 9), (np_comma_x, 9), (the_kind_x, 9), (called_x, 3), (terse, 3), (sentence_first, 4), (noun_is, 2), (x_which, 3), (front_x_verbs, 3),
)
THERE = ((there_is, 9), (there_we_find, 14))
VISIT = ((looking_for, 7), (question, 4), (visitor_says, 4))
VP_OPENINGS: tuple[tuple[Opening, int], ...] = ((x_verbs, 10), (front_x_verbs, 9), (x_which, 4), (sentence_first, 5), (noun_is, 4))


def _spread(*weighted: tuple[tuple[Opening, int], ...]) -> tuple[Opening, ...]:
    return tuple(opening for group in weighted for opening, weight in group for _ in range(weight))


PLAIN, SCENIC, GUIDED, NAMELESS = _spread(NP_OPENINGS), _spread(NP_OPENINGS, THERE), _spread(NP_OPENINGS, THERE, VISIT), (there_is, x_verbs, front_x_verbs)
NOUNLESS = _spread(VP_OPENINGS)


def opening(pen: Pen, facts: list[Fact]) -> str:
    """The first sentence of a text."""
    thing = pen.thing
    if thing.name is None:
        return pick(pen.rng, NAMELESS)(pen, facts)
    if thing.kind is None and (thing.person or pen.chance(0.8)):
        return pick(pen.rng, NOUNLESS)(pen, facts) if facts else f"{thing.name} {pen.be} @ {thing.generic}"
    choices = PLAIN if thing.person else GUIDED if thing.visit else SCENIC
    return pick(pen.rng, choices)(pen, facts)
