"""First sentences that name the thing: 'X is a ...', 'A ..., X was built in 1874', 'X, which ..., is ...'.

Comes in:  a Pen and the list of facts not said yet.
Goes out:  one sentence without its full stop; the facts it said are gone from the list.
"""

from scripts.corpus.lexicon import pick
from scripts.corpus.pen import Fact, Pen


def how_many(pen: Pen) -> int:
    """How many facts to hang on one noun or verb: more for a dense writer."""
    return 1 + int(pen.rng.random() * (1.2 + 2 * pen.dense))


def maybe_clause(pen: Pen, facts: list[Fact], p: float = 0.5, crowded: bool = False) -> str:
    """A relative clause with what is left, sometimes."""
    if not facts or pen.thing.aside or not pen.chance(p):
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


def x_comma_np(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts if len(facts) > 1 else [], pick(pen.rng, (0, 1, 1)), pick(pen.rng, (0, 1)))
    taken = pen.take(facts, "vlwa", how_many(pen))
    if not taken:
        return f"{pen.name()} {pen.be} {np}"
    return f"{pen.name()}, {np}, {pen.verbs(taken)}"


def np_comma_x(pen: Pen, facts: list[Fact]) -> str:
    np = pen.noun_phrase(facts if len(facts) > 1 else [], pick(pen.rng, (0, 1, 2)), pick(pen.rng, (0, 1)))
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
    return pick(
        pen.rng,
        (
            f"the name of this {bare} {pen.be} {pen.name()}",
            f"this {bare} {pen.be} called {pen.name()}",
            f"this {bare} goes by the name of {pen.name()}",
        ),
    )


def np_called_x(pen: Pen, facts: list[Fact]) -> str:
    """'A museum called X is located near Green Hall'."""
    pre = pen.adjectives(facts, pick(pen.rng, (0, 0, 1, 2)))
    taken = pen.take(facts, "lvw", how_many(pen))
    np = pen.dressed(pre, [])
    if not taken:
        return f"{pen.name()} {pen.be} {np}"
    return f"{np} {pick(pen.rng, ('called', 'called', 'named', 'by the name of'))} {pen.name()} {pen.verbs(taken)}"


def x_after_is_np(pen: Pen, facts: list[Fact]) -> str:
    """'X, located near Green Hall, is a cheap museum'."""
    aside = pen.pull_front(facts)
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1, 2)), pick(pen.rng, (0, 0, 1)))
    if aside is None:
        return f"{pen.name()} {pen.be} {np}"
    return f"{pen.name()}, {aside}, {pen.be} {np}{maybe_clause(pen, facts, 0.3)}"


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
    return pick(
        pen.rng,
        (
            f"the {noun} of {name} {pen.be} {taken[0].said}",
            f"{own} {noun} {pen.be} {taken[0].said}",
            f"{taken[0].said} {pen.be} the {noun} of {name}",
        ),
    )
