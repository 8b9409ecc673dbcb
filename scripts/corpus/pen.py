"""Facts about one thing, and the grammar that turns a fact into a phrase of a wanted kind.

Comes in:  a Thing with its Facts, a random.Random.
Goes out:  Pen, which makes noun phrases, verb phrases, fronted phrases and clauses; `finish`, which tidies a text.
Knows nothing of whole texts (`openings.py`, `continuations.py`) or of how tables are written down (`linear.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from scripts.corpus.attribute import Attribute, Forms
from scripts.corpus.lexicon import pick

PRONOUNS = {"it": ("it", "it", "its"), "he": ("he", "him", "his"), "she": ("she", "her", "her"), "they": ("they", "them", "their")}
PLURAL = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "goes": "go",
    "passes": "pass",
    "reaches": "reach",
    "carries": "carry",
    "belongs": "belong",
}
BE_AT = ("is", "is", "is located", "is situated", "can be found")
SHARED_HEADS = frozenset(("is", "was", "has"))
NOT_FRONTED = ("whose ", "that ", "where ", "which ", "who ", "for ", "by ", "from ", "of ", "between ", "on ", "about ")


@dataclass
class Fact:
    """One field of a table: its name, its value as written and as said, and the phrases that fit."""

    attribute: Attribute
    key: str
    written: str
    said: str
    variant: str
    silent: bool = False  # said by a phrase that does not repeat the value ("is for adults only")

    def __post_init__(self) -> None:
        self.forms: Forms = self.attribute.forms(self.variant)
        self.polarity: int = self.attribute.polarity(self.variant)


@dataclass
class Thing:
    """What a text is about. `kind` is None where the table does not give it; `name` where it does not name the thing."""

    name: str | None
    kind: str | None
    generic: str
    pronoun: str
    facts: list[Fact]
    visit: bool = False
    person: bool = False
    past: bool = False
    aside: bool = False  # one of its values carries a relative clause of its own; a second one would attach to the wrong noun

    @property
    def called(self) -> str:
        """Its name, where it is known to have one."""
        assert self.name is not None, self
        return self.name


class Pen:
    """Phrases about one thing, in one voice."""

    def __init__(self, rng: Random, thing: Thing):
        self.rng, self.thing = rng, thing
        self.noun = thing.kind or thing.generic
        self.be = "was" if thing.past else "is"
        self.who = "who" if thing.person else ("that" if rng.random() < 0.6 else "which")
        self.oxford = rng.random() < 0.25
        self.named_last = rng.random() < 0.7  # whether the last subject was the name: seldom so twice in a row
        self.dense = rng.random()  # how much goes into one sentence

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    # -- choosing facts ------------------------------------------------------------------------------------------

    def take(self, facts: list[Fact], roles: str, most: int) -> list[Fact]:
        """Up to `most` facts that have a phrase in one of the roles, removed from the list."""
        taken: list[Fact] = []
        for fact in list(facts):
            if len(taken) == most:
                break
            if any(role in fact.forms for role in roles):
                taken.append(fact)
                facts.remove(fact)
        return taken

    # -- one fact as a phrase ------------------------------------------------------------------------------------

    def fill(self, phrase: str, fact: Fact) -> str:
        if "{v}" in phrase:
            return phrase.replace("{v}", fact.said)
        fact.silent = True
        return phrase

    def role(self, fact: Fact, roles: str) -> str | None:
        """One of the roles the fact has a phrase for, the first ones more often."""
        have = [r for r in roles if r in fact.forms]
        return have[int(self.rng.random() ** 1.3 * len(have))] if have else None

    def say(self, fact: Fact, role: str | None) -> str:
        assert role is not None, fact
        return self.fill(pick(self.rng, fact.forms[role]), fact)

    def verb(self, fact: Fact) -> str:
        """A finite verb phrase: 'was built in 1874'."""
        role = self.role(fact, "vlwa")
        said = self.say(fact, role)
        if role == "w":
            said = "has " + said
        elif role == "l":
            said = pick(self.rng, BE_AT) + " " + said
        elif role == "a":
            said = "is " + said
        if self.thing.past:
            if said.startswith("is "):
                said = "was" + said[2:]
            elif said.startswith("has "):
                said = "had" + said[3:]
        return said

    def after(self, fact: Fact) -> str:
        """A phrase to stand after a noun: 'built in 1874', 'with a height of 31 metres', 'that holds 90 people'."""
        role = self.role(fact, "plwq")
        if role is None:
            return f"{self.who} {self.verb(fact)}"
        return ("with " if role == "w" else "") + self.say(fact, role)

    def front(self, fact: Fact) -> str | None:
        """A phrase to open a sentence before its subject, or None where the fact has none."""
        role = self.role(fact, "lpw")
        if role is None:
            return None
        options = [p for p in fact.forms[role] if not p.startswith(NOT_FRONTED)] if role == "p" else fact.forms[role]
        if not options:
            return None
        return ("with " if role == "w" else "") + self.fill(pick(self.rng, options), fact)

    def pull_front(self, facts: list[Fact], roles: str = "lpw") -> str | None:
        """A fronted phrase from the first fact that has one; the fact is removed."""
        for fact in list(facts):
            if any(role in fact.forms for role in roles):
                said = self.front(fact)
                if said:
                    facts.remove(fact)
                    return said
        return None

    # -- several facts as a phrase -------------------------------------------------------------------------------

    def list_of(self, parts: Sequence[str], word: str = "and") -> str:
        if len(parts) < 2:
            return parts[0]
        comma = "," if self.oxford and len(parts) > 2 else ""
        return ", ".join(parts[:-1]) + f"{comma} {word} " + parts[-1]

    def verbs(self, facts: list[Fact], plural: bool = False) -> str:
        """Verb phrases joined by and/but, the shared auxiliary said once now and then."""
        if len(facts) > 1 and facts[0].polarity * facts[-1].polarity >= 0:
            facts = sorted(facts, key=lambda f: -abs(f.polarity)) if self.chance(0.2) else facts
        said = [self.verb(f) for f in facts]
        if plural:
            said = [pluralise(s) for s in said]
        opposed = len(facts) > 1 and facts[-2].polarity * facts[-1].polarity < 0
        head = said[0].split(" ", 1)[0]
        if (
            head in SHARED_HEADS
            and len(said) > 1
            and all(s.startswith(head + " ") and not s.startswith(head + " its") for s in said)
            and self.chance(0.5)
        ):
            said = [said[0]] + [s[len(head) + 1 :] for s in said[1:]]
        if opposed:
            word = pick(self.rng, ("but", "but", "but", "yet"))
            lead = ", ".join(said[:-1]) if len(said) < 3 else ", ".join(said[:-2]) + " and " + said[-2]
            return f"{lead}{pick(self.rng, ('', ','))} {word} {said[-1]}"
        return self.list_of(said)

    def noun_phrase(self, facts: list[Fact], before: int, behind: int, article: str = "@") -> str:
        """'a cheap, child friendly museum near Green Hall, built in 1874'; takes its facts out of the list."""
        pre = self.adjectives(facts, before)
        post = self.take(facts, "plw", behind)
        return self.dressed(pre, [self.after(f) for f in post], article)

    def adjectives(self, facts: list[Fact], most: int) -> list[str]:
        """Pre-modifiers from facts that have one; those facts leave the list."""
        return [self.say(f, self.role(f, "ae")) for f in self.take(facts, "ae", most)]

    def dressed(self, pre: list[str], post: list[str], article: str = "@") -> str:
        if len(pre) == 2 and self.chance(0.2):
            adjectives = " and ".join(pre) + " "
        else:
            adjectives = (", " if self.chance(0.7) else " ").join(pre) + " " if pre else ""
        joined = f"{article} {adjectives}{self.noun}".strip()
        for i, phrase in enumerate(post):
            comma = "," if i and (self.chance(0.6) or phrase.split(" ")[0] == post[i - 1].split(" ")[0]) else ""
            if i and i == len(post) - 1 and phrase.split(" ")[0] == post[i - 1].split(" ")[0]:
                comma = " and"
            joined += f"{comma} {phrase}"
        return joined

    # -- subjects ------------------------------------------------------------------------------------------------

    def name(self) -> str:
        return self.thing.name or f"this {self.noun}"

    def again(self) -> str:
        """How a later sentence calls the thing: it, the lighthouse, Harlow (a person's surname), the name."""
        thing, roll = self.thing, self.rng.random()
        if thing.person and thing.pronoun == "they":
            return thing.called.split(" ")[-1] if roll < 0.5 else thing.called
        if self.named_last and roll > 0.5:
            roll -= 0.5
        self.named_last = roll >= 0.8
        if roll < 0.55:
            return thing.pronoun
        if roll < 0.8 and thing.kind and not thing.person:
            return f"the {thing.kind}" if roll < 0.74 else f"this {thing.kind}"
        if thing.person and thing.name and " " in thing.name and roll < 0.85:
            return thing.name.split(" ")[-1]
        return self.name() if roll < 0.92 else thing.pronoun

    def possessive(self) -> str:
        who = self.again()
        if who in PRONOUNS:
            return PRONOUNS[who][2]
        return who + ("'" if who.endswith("s") else "'s")

    def sentence(self, fact: Fact, role: str, first: bool) -> str:
        """A whole-sentence phrase with its subject words filled in. On first mention the name is used."""
        phrase = self.say(fact, role)
        if "{" not in phrase:
            return phrase
        who = self.name() if first else self.again()
        subject, thing, own = PRONOUNS.get(who, (who, who, who + ("'" if who.endswith("s") else "'s")))
        fixed = f"the {self.thing.kind}" if who in PRONOUNS and self.thing.kind else self.name()
        fixed = who if who not in PRONOUNS else fixed
        return (
            phrase.replace("{S}", cap(subject))
            .replace("{s}", subject)
            .replace("{o}", thing)
            .replace("{p}", own)
            .replace("{n}", fixed)
        )

    def names_itself(self, fact: Fact, role: str) -> bool:
        """Whether every phrase of this role mentions the thing, so that it can open a text."""
        return any("{o}" in p or "{s}" in p or "{S}" in p or "{n}" in p for p in fact.forms.get(role, ()))


def pluralise(verb: str) -> str:
    """'has a span' -> 'have a span'; past tenses and modals stay as they are."""
    head, _, rest = verb.partition(" ")
    if head in PLURAL:
        head = PLURAL[head]
    elif head.endswith("s") and not head.endswith("ss"):
        head = head[:-1]
    return f"{head} {rest}" if rest else head


def cap(text: str) -> str:
    return text[:1].upper() + text[1:]


ARTICLE = re.compile(r"@ (?=(\S+))")
AN = re.compile(
    r"^[\"'(]?(?:[aeioAEIOÁÉÍÓáéíóÅÄÖØøåö]|u(?!n[ií]|s[ae]|k)|U(?!n[ií]|s[ae]|K)|8|1[18]\b|1[18][^\d]|hour|honest|heir)"
)
NOT_AN = re.compile(r"^(?:one\b|once|[Ee]u|ewe)")
TIDY = (
    (re.compile(r" +"), " "),
    (re.compile(r" ([,.?!;])"), r"\1"),
    (re.compile(r",+([,.?!])"), r"\1"),
    (re.compile(r"\.\.+(?= |$)"), "."),
)


def _article(match: re.Match[str]) -> str:
    word = match.group(1)
    article = "an " if AN.match(word) and not NOT_AN.match(word) else "a "
    opens = match.start() == 0 or match.string[match.start() - 2] in ".?!"
    return cap(article) if opens else article


def finish(text: str) -> str:
    """The text with its articles chosen and its punctuation tidied."""
    text = ARTICLE.sub(_article, text)
    for pattern, put in TIDY:
        text = pattern.sub(put, text)
    return text
