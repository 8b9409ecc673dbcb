"""Draws a thing of a domain with some of its attributes filled in.

Comes in:  a random.Random, a Domain.    Goes out: a Thing with Facts.
"""

from random import Random

from scripts.corpus import lexicon
from scripts.corpus.attribute import Attribute
from scripts.corpus.domains import DOMAINS, SERVICE_DOMAINS, Domain
from scripts.corpus.lexicon import pick
from scripts.corpus.linear import spell
from scripts.corpus.pen import Fact, Thing

PLACES_TO_VISIT = 0.4  # share of tables about places with prices, ratings, areas: the fields that carry over furthest


def draw_domain(rng: Random) -> Domain:
    return pick(rng, SERVICE_DOMAINS if rng.random() < PLACES_TO_VISIT else DOMAINS)


def draw_fact(rng: Random, attribute: Attribute) -> Fact:
    written, said, variant = attribute.make(rng)
    return Fact(attribute, spell(rng, pick(rng, attribute.keys)), written, said, variant)


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


def draw_thing(rng: Random, domain: Domain, facts: int, kind_given: float = 0.85) -> Thing:
    """A thing of the domain with about `facts` facts."""
    if domain.person:
        name, pronoun = lexicon.person(rng)
    else:
        name, pronoun = domain.make_name(rng), "it"
    kind = pick(rng, domain.kinds) if rng.random() < kind_given else None
    made, keys = [], set()
    for attribute in draw_attributes(rng, domain, facts):
        fact = draw_fact(rng, attribute)
        if fact.key.lower() not in keys:
            keys.add(fact.key.lower())
            made.append(fact)
    return Thing(name, kind, domain.generic, pronoun, made, domain.visit, domain.person, domain.past)
