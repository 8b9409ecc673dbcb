"""Later sentences, and the text as a whole.

Comes in:  a Thing with its facts.
Goes out:  a finished text that says the facts; `describe` is the front door.
"""

from random import Random

from scripts.corpus.lexicon import pick
from scripts.corpus.openings import opening
from scripts.corpus.pen import Fact, Pen, Thing, cap, finish

CONTRACT = (
    (" is not ", " isn't "),
    (" does not ", " doesn't "),
    (" are not ", " aren't "),
    ("It is ", "It's "),
    ("You will ", "You'll "),
    (" it is ", " it's "),
    (" cannot ", " can't "),
    ("There is ", "There's "),
    (" do not ", " don't "),
    (" was not ", " wasn't "),
)


def plain(pen: Pen, group: list[Fact]) -> str:
    who = pen.again()
    return f"{who} {pen.verbs(group, plural=who == 'they')}"


def also(pen: Pen, group: list[Fact]) -> str:
    """'It also has ...'; 'also' goes behind a form of be, before other verbs."""
    who = pen.again()
    said = pen.verbs(group, plural=who == "they")
    head, _, rest = said.partition(" ")
    if "also" in said:
        return f"{who} {said}"
    if head in ("is", "was", "are", "were", "can"):
        return f"{who} {head} also {rest}"
    return f"{who} also {said}" if head in ("has", "have", "offers", "offer") else f"{who} {said}"


def fronted(pen: Pen, group: list[Fact]) -> str:
    facts = list(group)
    front = pen.pull_front(facts)
    if front is None or not facts:
        return plain(pen, group)
    who = pen.again()
    return f"{front}, {who} {pen.verbs(facts, plural=who == 'they')}"


def which(pen: Pen, group: list[Fact]) -> str:
    who = pen.again()
    if len(group) < 2 or who in ("it", "he", "she", "they"):
        return plain(pen, group)
    return f"{who}, {'who' if pen.thing.person else 'which'} {pen.verbs(group[:1])}, {pen.verbs(group[1:])}"


def nouns(pen: Pen, group: list[Fact]) -> str:
    """'Its height is 31 metres and its width is 4 metres'."""
    if any("n" not in f.forms for f in group):
        return plain(pen, group)
    own = pen.possessive()
    parts = []
    for i, fact in enumerate(group):
        noun = pick(pen.rng, fact.forms["n"])
        whose = own if i == 0 else pick(pen.rng, ("the", "its" if not pen.thing.person else "the"))
        parts.append(f"{whose} {noun} {pen.be} {fact.said}")
    return pen.list_of(parts) if len(parts) < 3 else ", ".join(parts[:-1]) + " and " + parts[-1]


def whole(pen: Pen, group: list[Fact]) -> str:
    """Ready sentences: 'Ada Marsh designed it, and Customers rate it highly' with the second in lower case."""
    role = "y" if pen.thing.visit and pen.chance(0.4) else "s"
    parts = []
    for i, fact in enumerate(group):
        use = role if role in fact.forms else "s" if "s" in fact.forms else None
        if use is None:
            who = pen.again()
            parts.append(f"{who} {pen.verbs([fact], plural=who == 'they')}")
            continue
        said = pen.sentence(fact, use, first=False)
        parts.append(said if not i or said.startswith(fact.said) else said[:1].lower() + said[1:])
    opposed = len(group) > 1 and group[0].polarity * group[1].polarity < 0
    word = pick(pen.rng, ("but", "although", "but")) if opposed else "and"
    return parts[0] + "".join(f", {word} {p}" if i == len(parts) - 2 else f", {p}" for i, p in enumerate(parts[1:]))


def trailing(pen: Pen, group: list[Fact]) -> str:
    """'It was built in 1874, with a height of 31 metres'."""
    last = group[-1]
    if len(group) < 2 or "w" not in last.forms:
        return plain(pen, group)
    who = pen.again()
    return f"{who} {pen.verbs(group[:-1], plural=who == 'they')}, with {pen.say(last, 'w')}"


def although(pen: Pen, group: list[Fact]) -> str:
    """'Although it has a low rating, it welcomes children'; plain where nothing is opposed."""
    if len(group) < 2 or group[0].polarity * group[1].polarity >= 0:
        return plain(pen, group)
    who = pen.again()
    plural = who == "they"
    against, point = pen.verbs(group[:1], plural), pen.verbs(group[1:], plural)
    return f"{pick(pen.rng, ('although', 'while', 'even though', 'though'))} {who} {against}, {pen.thing.pronoun} {point}"


SHAPES = (although, although, plain, plain, plain, plain, also, fronted, fronted, fronted, which, nouns, whole, whole, trailing)


def continuation(pen: Pen, group: list[Fact], before: int) -> str:
    """One later sentence; `before` is the polarity of what was said last."""
    shape = pick(pen.rng, SHAPES)
    said = shape(pen, group)
    if before * group[0].polarity < 0 and shape is plain and pen.chance(0.6):
        return pick(pen.rng, ("however, ", "but ", "still, ", "on the other hand, ", "that said, ")) + said
    if before > 0 and group[0].polarity > 0 and shape is plain and pen.chance(0.2):
        return pick(pen.rng, ("moreover, ", "what is more, ", "in addition, ", "besides, ")) + said
    return said


def kind_too(pen: Pen, facts: list[Fact]) -> str:
    """The kind, where the first sentence left it out: 'It is a granite lighthouse'."""
    who = pen.thing.name if pen.thing.pronoun == "they" else pen.thing.pronoun
    if facts and not pen.thing.person and pen.chance(0.5):
        taken = facts[: 1 + int(pen.rng.random() * 2)]
        del facts[: len(taken)]
        return f"{pick(pen.rng, ('the', 'the', 'this'))} {pen.thing.kind} {pen.verbs(taken)}"
    np = pen.noun_phrase(facts, pick(pen.rng, (0, 1, 1, 2)), pick(pen.rng, (0, 1, 1)))
    return f"{who} {pen.be} {np}"


def joined(pen: Pen, first: str, facts: list[Fact]) -> str:
    """The first sentence with a second clause: 'X is a museum near Green Hall, and it is cheap'."""
    taken = facts[: 1 + int(pen.rng.random() * 2)]
    del facts[: len(taken)]
    who = pen.thing.pronoun if pen.thing.pronoun != "they" else pen.name()
    joint = pick(pen.rng, (", and ", ", and ", "; ", " and ")) if " and " not in first else "; "
    return f"{first}{joint}{who} {pen.verbs(taken)}"


def notice(pen: Pen, facts: list[Fact]) -> list[str]:
    """A text in the short phrases of a notice board: 'Harlow Mill, a museum. Near Green Hall. No dogs are allowed'."""
    said = [
        f"{pen.name()}{pick(pen.rng, (', ', ': ', ' - '))}{pen.noun_phrase(facts, pick(pen.rng, (0, 1)), pick(pen.rng, (0, 1)))}"
    ]
    for fact in facts:
        phrase = pen.front(fact) if pen.chance(0.6) else None
        if phrase is None and "s" in fact.forms:
            phrase = pen.sentence(fact, "s", first=False)
        said.append(phrase or f"{pen.again()} {pen.verbs([fact], plural=False)}")
    return said


def describe(rng: Random, thing: Thing, known: bool = False) -> str:
    """A text of one to five sentences that says every fact of the thing."""
    pen = Pen(rng, thing)
    facts = list(thing.facts)
    if rng.random() < 0.7:
        rng.shuffle(facts)
    if thing.kind and thing.name and not thing.person and not known and rng.random() < 0.03:
        return finish(" ".join(cap(s) + "." for s in notice(pen, facts)))
    said = [opening(pen, facts, known)]
    if thing.kind and thing.kind not in said[0]:
        said.append(kind_too(pen, facts))
    last = 0
    if facts and rng.random() < 0.15 and said[-1][-1] not in "?!.":
        said[-1] = joined(pen, said[-1], facts)
    while facts:
        size = 1 + int(rng.random() * (1.3 + 2.2 * pen.dense))
        group, facts = facts[:size], facts[size:]
        said.append(continuation(pen, group, last))
        last = group[-1].polarity
    text = " ".join(cap(s) if s[-1] in "?!." else cap(s) + "." for s in (part.strip() for part in said))
    if rng.random() < 0.12:
        for full, short in CONTRACT:
            text = text.replace(full, short)
    return finish(text)
