"""What an attribute is: its field names, how its values are made, and the phrases that can say it.

Comes in:  phrase blocks as text, one grammatical role a line, alternatives split by ` ; `.
Goes out:  Attribute, whose forms(variant) gives the phrases by role.

Roles, with {v} for the value and @ for a/an:
  v  finite verb phrase           was built in {v}
  w  noun phrase one has          @ height of {v}        (gives "has ..." and "with ...")
  l  where the thing is           near {v}               (gives "is ...", "is located ...", fronted places)
  a  adjective                    moderately priced      (gives "is ..." and a pre-modifier)
  e  adjective that stands only before a noun        riverside
  p  phrase after a noun          built in {v}           (also fronted: "Built in {v}, ...")
  q  as p, but never fronted      that you can visit for {v}
  n  noun of "its ... is {v}"     year of construction
  s  whole sentence               {v} saw {o} completed  ({s} subject, {o} object, {p} possessive, {n} never a pronoun)
  y  as s, spoken to a visitor    You will find {o} near {v}
A line may be for some variants only: `a@low|modest  {v}-priced ; inexpensive`.
"""

from dataclasses import dataclass

from scripts.corpus.amounts import Maker

ROLES = "vwlaepqnsy"
PRAISE = frozenset("yes good excellent low modest reasonable".split())
BLAME = frozenset("no poor expensive steep".split())

Forms = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Attribute:
    """One kind of field. `link` names the domain whose entities its values are, where they can have triples of their own."""

    name: str
    keys: tuple[str, ...]
    make: Maker
    shared: Forms
    by_variant: dict[str, Forms]
    link: str = ""
    judges: bool = False

    def forms(self, variant: str) -> Forms:
        return self.by_variant.get(variant, self.shared)

    def polarity(self, variant: str) -> int:
        """+1 or -1 where the value speaks for or against the thing; chooses between `and` and `but`."""
        if not self.judges:
            return 0
        return 1 if variant in PRAISE else -1 if variant in BLAME else 0


def attribute(name: str, make: Maker, keys: str, block: str, link: str = "", judges: bool = False) -> Attribute:
    """An Attribute from its phrase block."""
    general: dict[str, list[str]] = {}
    special: dict[str, dict[str, list[str]]] = {}
    for line in filter(None, map(str.strip, block.splitlines())):
        head, phrases = line.split(None, 1)
        role, _, variants = head.partition("@")
        assert role in ROLES, f"attribute {name}: unknown role in {line!r}"
        said = [phrase.strip() for phrase in phrases.split(" ; ")]
        if variants:
            for variant in variants.split("|"):
                special.setdefault(variant, {}).setdefault(role, []).extend(said)
        else:
            general.setdefault(role, []).extend(said)
    shared = {role: tuple(said) for role, said in general.items()}
    by_variant = {v: _merged(shared, extra) for v, extra in special.items()}
    for forms in by_variant.values() or (shared,):
        assert set(forms) & set("vwla"), f"attribute {name}: nothing to make a verb phrase from"
    return Attribute(name, tuple(k.strip() for k in keys.split(",")), make, shared, by_variant, link, judges)


def _merged(shared: Forms, extra: dict[str, list[str]]) -> Forms:
    return {role: shared.get(role, ()) + tuple(extra.get(role, ())) for role in {**shared, **extra}}
