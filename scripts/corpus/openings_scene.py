"""First sentences that lead to the thing: 'Near Green Hall, there is ...', 'If you are looking for ..., try X'.

Comes in:  a Pen and the list of facts not said yet.
Goes out:  one sentence without its full stop (or with its own ?); the facts it said are gone from the list.
"""

from scripts.corpus.lexicon import pick
from scripts.corpus.openings_plain import how_many, maybe_clause
from scripts.corpus.pen import Fact, Pen, cap


def there_is(pen: Pen, facts: list[Fact]) -> str:
    pre = pen.adjectives(facts, pick(pen.rng, (0, 1, 2)))
    called = pick(
        pen.rng,
        (
            f"called {pen.name()}",
            f"named {pen.name()}",
            f"by the name of {pen.name()}",
            f", {pen.name()},",
            f"known as {pen.name()}",
        ),
    )
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


def late_name(pen: Pen, facts: list[Fact]) -> str:
    """'There is a cheap museum near Green Hall. It is called X'."""
    pre = pen.adjectives(facts, pick(pen.rng, (0, 1, 2)))
    post = [pen.after(f) for f in pen.take(facts, "lpw", pick(pen.rng, (0, 1, 1, 2)))]
    np, be, name = pen.dressed(pre, post), pen.be, pen.name()
    reveal = (f"It {be} called {name}", f"Its name {be} {name}", f"The name {be} {name}", f"It goes by the name of {name}")
    return f"there {be} {np}. {pick(pen.rng, reveal)}" if pen.chance(0.7) else f"this {be} {np}. {pick(pen.rng, reveal)}"


def looking_for(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1, 2)), pick(pen.rng, (0, 1, 2)))
    name = pen.name()
    lead = pick(
        pen.rng,
        (
            f"if you are looking for {np}, ",
            f"if you want {np}, ",
            f"if you need {np}, ",
            f"should you be looking for {np}, ",
            f"if you would like to visit {np}, ",
            f"for {np}, ",
            f"when you look for {np}, ",
        ),
    )
    return lead + pick(
        pen.rng,
        (
            f"try {name}",
            f"{name} is the place for you",
            f"go to {name}",
            f"why not try {name}?",
            f"{name} is worth a visit",
            f"look no further than {name}",
            f"{name} might be what you want",
            f"have a look at {name}",
            f"I would recommend {name}",
        ),
    )


def question(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1, 2)), pick(pen.rng, (0, 1)))
    name = pen.name()
    taken = pen.take(facts, "vlwa", how_many(pen)) if pen.chance(0.6) else []
    reply = (
        f"{name} {pen.verbs(taken)}"
        if taken
        else pick(
            pen.rng,
            (
                f"try {name}",
                f"{name} is what you need",
                f"then come to {name}",
                f"how about {name}?",
                f"{name} is the answer",
                f"give {name} a try",
            ),
        )
    )
    return (
        pick(
            pen.rng,
            (
                f"looking for {np}?",
                f"do you need {np}?",
                f"are you looking for {np}?",
                f"would you like to visit {np}?",
                f"in need of {np}?",
            ),
        )
        + " "
        + cap(reply)
    )


def visitor_says(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1)), pick(pen.rng, (0, 1, 2)))
    name = pen.name()
    return pick(
        pen.rng,
        (
            f"we visited {name}, {np}",
            f"last week I went to {name}, {np}",
            f"I can tell you about {name}, {np}",
            f"come and visit {name}, {np}",
            f"one place to know is {name}, {np}",
            f"have you heard of {name}? It is {np}",
            f"do you know {name}? It is {np}",
            f"our tip is {name}, {np}",
            f"you could go to {name}, {np}",
            f"let me introduce {name}, {np}",
        ),
    )
