"""Other tasks on the same tables: answer about one field, text back to table, compare rows, headline.

Comes in:  a random.Random.    Goes out: (source, text).
They keep the backbone from knowing one thing only; the short answers teach looking up one field among many.
"""

from random import Random

from scripts.corpus.continuations import describe
from scripts.corpus.lexicon import pick
from scripts.corpus.linear import line
from scripts.corpus.pen import Pen, Thing, cap, finish
from scripts.corpus.things import draw_domain, draw_thing


def _fields(thing: Thing) -> list[tuple[str, str]]:
    kind = [("kind", thing.kind)] if thing.kind else []
    return [("name", thing.called), *kind, *((f.key, f.written) for f in thing.facts)]


def answer(rng: Random) -> tuple[str, str]:
    """One field asked for, a short answer."""
    thing = draw_thing(rng, draw_domain(rng), 2 + int(rng.random() * 5))
    fields = _fields(thing)
    key, value = pick(rng, fields)
    asked = pick(rng, ("what is the {} ?", "{} ?", "question : what is the {} ?", "give the {} .", "which {} ?")).format(key)
    return line(rng, fields) + " | " + asked, value


def back_to_table(rng: Random) -> tuple[str, str]:
    """A text, to be turned into its table."""
    thing = draw_thing(rng, draw_domain(rng), 1 + int(rng.random() * 4))
    text = describe(rng, thing)
    ask = pick(rng, ("table : ", "to table : ", "extract : ", "fields : "))
    return ask + text, " | ".join(f"{k} : {v}" for k, v in _fields(thing))


def compare(rng: Random) -> tuple[str, str]:
    """Two or three rows, one sentence that says what they share or where they differ."""
    domain = draw_domain(rng)
    first = draw_thing(rng, domain, 1, kind_given=0)
    rest = [draw_thing(rng, domain, 0, kind_given=0) for _ in range(1 + int(rng.random() * 2))]
    fact = first.facts[0]
    rows, said = [], []
    for thing in (first, *rest):
        written, spoken, variant = fact.attribute.make(rng)
        mine = type(fact)(fact.attribute, fact.key, written, spoken, variant)
        pen = Pen(rng, thing)
        rows.append(f"name : {thing.name} | {fact.key} : {written}")
        said.append(f"{thing.name} {pen.verb(mine)}")
    joint = pick(rng, (", while ", ", whereas ", ", and ")) if len(said) == 2 else ", and "
    text = ", ".join(said[:-1]) + joint + said[-1] + "."
    return pick(rng, (" ; ", " || ", " & ")).join(rows), finish(cap(text))


def headline(rng: Random) -> tuple[str, str]:
    """A title for the table: 'Harlow Mill, a granite lighthouse'."""
    thing = draw_thing(rng, draw_domain(rng), 1 + int(rng.random() * 4), kind_given=1)
    pen = Pen(rng, thing)
    facts = list(thing.facts)
    text = f"{thing.name}{pick(rng, (', ', ': ', ' - '))}{pen.noun_phrase(facts, 1, pick(rng, (0, 1, 1)))}"
    return pick(rng, ("headline : ", "title for : ", "headline : ")) + line(rng, _fields(thing)), finish(text)


def skill(rng: Random) -> tuple[str, str]:
    """One example of one of the other tasks."""
    roll = rng.random()
    return answer(rng) if roll < 0.4 else back_to_table(rng) if roll < 0.6 else compare(rng) if roll < 0.8 else headline(rng)
