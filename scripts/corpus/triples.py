"""Sets of RDF-like triples and the text that says them.

Comes in:  a random.Random.
Goes out:  (source line, text, the values the text repeats).
Shapes: one subject with several relations; a chain, where an object is the subject of further triples; two subjects
that share a relation. Names carry underscores in a part of the sources, as in DBpedia.
"""

from random import Random

from scripts.corpus.continuations import describe
from scripts.corpus.domains import BY_NAME, DOMAINS
from scripts.corpus.lexicon import pick
from scripts.corpus.linear import triples_line, words_of
from scripts.corpus.pen import Pen, Thing, cap, finish, pluralise
from scripts.corpus.things import draw_fact, draw_thing

Triple = tuple[str, str, str]

LINKED = {
    "town": "town",
    "country": "country",
    "company": "company",
    "architect": "painter",
    "leader": "politician",
    "author": "scientist",
    "coach": "athlete",
    "university": "university",
    "club": "team",
}
KIND_RELATIONS = ("type", "type", "category", "instance of", "is a", "kind")


def _spelled_relation(rng: Random, key: str) -> str:
    """camelCase most of the time, else snake_case, words or capitals."""
    words = words_of(key)
    roll = rng.random()
    if roll < 0.5:
        return words[0].lower() + "".join(w[:1].upper() + w[1:] for w in words[1:])
    if roll < 0.7:
        return "_".join(words).lower()
    if roll < 0.85:
        return " ".join(words)
    return ("_" if rng.random() < 0.6 else " ").join(words).upper()


def _of(rng: Random, thing: Thing) -> list[Triple]:
    relation = pick(rng, ("occupation", "profession", "type") if thing.person else KIND_RELATIONS)
    kind = [(thing.called, relation, thing.kind)] if thing.kind else []
    made = []
    for fact in thing.facts:
        relation = _spelled_relation(rng, fact.key)
        values = fact.written.split(", ") if fact.variant == "many" and rng.random() < 0.8 else [fact.written]
        made += [(thing.called, relation, value) for value in values]
    return kind + made


def _written(rng: Random, triples: list[Triple]) -> str:
    """The source line; underscores for spaces in names, or quotes around values, in a part of them."""
    style = rng.random()
    if style < 0.25:
        triples = [(s.replace(" ", "_"), p, o.replace(" ", "_")) for s, p, o in triples]
    elif style < 0.35:
        triples = [(s, p, f'"{o}"' if i % 2 and not o.startswith('"') else o) for i, (s, p, o) in enumerate(triples)]
    return triples_line(rng, triples)


def _values(*things: Thing) -> tuple[str, ...]:
    return tuple(v for t in things for v in (t.name, t.kind, *(f.said for f in t.facts if not f.silent)) if v)


def one_subject(rng: Random) -> tuple[str, str, tuple[str, ...]]:
    thing = draw_thing(rng, pick(rng, DOMAINS), pick(rng, (1, 1, 2, 2, 3, 3, 4, 5, 6)), kind_given=0.35)
    text = describe(rng, thing)
    made = _of(rng, thing)
    if rng.random() < 0.5:
        rng.shuffle(made)
    return _written(rng, made), text, _values(thing)


def chain(rng: Random) -> tuple[str, str, tuple[str, ...]]:
    """A thing, one of whose values has triples of its own."""
    domain = pick(rng, DOMAINS)
    links = [a for a in domain.attributes if a.link]
    if not links:
        return one_subject(rng)
    thing = draw_thing(rng, domain, pick(rng, (0, 1, 1, 2, 3)), kind_given=0.35)
    attribute = pick(rng, links)
    link = draw_fact(rng, attribute)
    thing.facts = [f for f in thing.facts if f.attribute is not attribute and f.key != link.key]
    thing.facts.insert(int(rng.random() * (len(thing.facts) + 1)), link)
    other = draw_thing(rng, BY_NAME[LINKED[attribute.link]], pick(rng, (1, 1, 2, 2)), kind_given=0.1)
    if link.variant == "many":
        return one_subject(rng)
    other.name, other.pronoun = link.said, "they" if other.person else "it"
    source = _written(rng, _of(rng, thing) + _of(rng, other))
    plain = link.said
    if rng.random() < 0.45 and other.kind is None:
        link.said, thing.aside = f"{plain}, {_aside(rng, other)},", True
        text = describe(rng, thing)
        link.said = plain
        return source, text, _values(thing, other)
    text = describe(rng, thing) + " " + describe(rng, other, known=True)
    return source, text, _values(thing, other)


def _aside(rng: Random, other: Thing) -> str:
    """'which has 900 inhabitants and is led by Ada Marsh'."""
    pen = Pen(rng, other)
    if rng.random() < 0.25:
        phrase = pen.front(other.facts[0]) if len(other.facts) == 1 else None
        if phrase:
            return phrase
    return ("who " if other.person else "which ") + pen.verbs(other.facts)


def shared(rng: Random) -> tuple[str, str, tuple[str, ...]]:
    """Two subjects with the same value of a relation: 'Both X and Y were built in 1874'."""
    domain = pick(rng, DOMAINS)
    first, second = draw_thing(rng, domain, 1, kind_given=0), draw_thing(rng, domain, 0, kind_given=0)
    fact = first.facts[0]
    if not set(fact.forms) & set("vlw"):
        return one_subject(rng)
    pen = Pen(rng, first)
    relation = _spelled_relation(rng, fact.key)
    said = pluralise(pen.verb(fact))
    a, b = first.called, second.called
    text = pick(
        rng, (f"both {a} and {b} {said}", f"{a} and {b} {_both(said)}", f"{a} and {b} {said}", f"{a}, like {b}, {pen.verb(fact)}")
    )
    source = _written(rng, [(a, relation, fact.written), (b, relation, fact.written)])
    values = (a, b) if fact.silent else (a, b, fact.said)
    return source, finish(cap(text) + "."), values


def _both(said: str) -> str:
    """'are both Korean', but 'both have ...'."""
    head, _, rest = said.partition(" ")
    return f"{head} both {rest}" if head in ("are", "were") else f"both {said}"


def triples(rng: Random) -> tuple[str, str, tuple[str, ...]]:
    """One set of triples with its text."""
    roll = rng.random()
    return one_subject(rng) if roll < 0.62 else chain(rng) if roll < 0.94 else shared(rng)
