"""Draws a thing of a domain with some of its attributes filled in.

Comes in:  a random.Random, a Domain.    Goes out: a Thing with Facts.
"""

from random import Random

from scripts.corpus import lexicon
from scripts.corpus.attribute import Attribute
from scripts.corpus.attributes_open import open_attribute
from scripts.corpus.domains import DOMAINS, SERVICE_DOMAINS, Domain
from scripts.corpus.lexicon import pick
from scripts.corpus.linear import spell
from scripts.corpus.pen import Fact, Thing

PLACES_TO_VISIT = 0.4  # share of tables about places with prices, ratings, areas: the fields that carry over furthest
UNITS = frozenset(
    "metres m feet km hectares acres kg grams tonnes hours minutes days knots mph km/h kW GB inches cm mm miles".split()
)
UNIT_IN_KEY = (" ({})", " (in {})", "_{}", " in {}")  # `height (metres) : 31`, the unit told by the field's name
OPEN = 0.11  # share of fields that any thing can have
SORTS = (
    "small, former, modern, old, large, famous, little-known, experimental, award-winning, historic, unusual, independent, rare"
).split(", ")
SORTS_OF_PLACE = (
    *SORTS,
    *"floating, disused, private, public, underground, open-air, family-run, temporary, two-storey, abandoned, restored".split(
        ", "
    ),
)
SORTS_OF_PERSON = "retired, young, amateur, professional, former, veteran, self-taught, celebrated, travelling, freelance".split(
    ", "
)


def draw_domain(rng: Random) -> Domain:
    return pick(rng, SERVICE_DOMAINS if rng.random() < PLACES_TO_VISIT else DOMAINS)


def draw_fact(rng: Random, attribute: Attribute) -> Fact:
    written, said, variant = attribute.make(rng)
    key = spell(rng, pick(rng, attribute.keys))
    number, _, unit = written.rpartition(" ")
    if unit in UNITS and number and number[-1].isdigit() and rng.random() < 0.14:
        key = key.split(" (")[0] + pick(rng, UNIT_IN_KEY).format(unit)
        written = number
    return Fact(attribute, key, written, said, variant)


def draw_attributes(rng: Random, domain: Domain, count: int) -> list[Attribute]:
    """Up to `count` different attributes; those listed twice in the domain come up more often."""
    pool, chosen = domain.attributes, []
    for _ in range(3 * count):
        attribute = pick(rng, pool)
        if attribute not in chosen:
            chosen.append(attribute)
            if len(chosen) == count:
                break
    return chosen


def draw_kind(rng: Random, domain: Domain) -> str:
    """A kind of the domain, now and then narrowed ('former lighthouse') or a word nobody knows."""
    roll = rng.random()
    if roll < 0.02 and not domain.person:
        return lexicon.word(rng, 2, 2).lower()
    kind = pick(rng, domain.kinds)
    sorts = (
        SORTS_OF_PERSON
        if domain.person
        else SORTS_OF_PLACE
        if domain.generic in ("place", "building", "venue", "structure")
        else SORTS
    )
    return f"{pick(rng, sorts)} {kind}" if roll < 0.12 else kind


def draw_thing(rng: Random, domain: Domain, facts: int, kind_given: float = 0.85) -> Thing:
    """A thing of the domain with about `facts` facts."""
    if domain.person:
        name, pronoun = lexicon.person(rng)
    else:
        name, pronoun = domain.make_name(rng), "it"
    kind = draw_kind(rng, domain) if rng.random() < kind_given else None
    made, keys = [], set()
    attributes = draw_attributes(rng, domain, facts)
    for i in range(len(attributes)):
        if rng.random() < OPEN:
            attributes[i] = open_attribute(rng, domain.person, domain.visit)
    for attribute in attributes:
        fact = draw_fact(rng, attribute)
        if fact.key.lower() not in keys and not (kind and fact.said in kind):
            keys.add(fact.key.lower())
            made.append(fact)
    return Thing(name, kind, domain.generic, pronoun, made, domain.visit, domain.person, domain.past)
