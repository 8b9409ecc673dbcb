"""Structure to one line of text, in the form the prefix-tuning paper gave its models.

Comes in:  fields with values, or triples.
Goes out:  "field : value | field : value", "subject : relation : object | subject : relation : object".
Nothing is escaped, as in the papers: two tables can read the same only if a name or value holds ":" or "|" itself.

Source: Li and Liang (2021), arXiv:2101.00190, appendix A.1.
"""

from collections.abc import Iterable

BAR = " | "
COLON = " : "


def linearize_fields(fields: Iterable[tuple[str, str]]) -> str:
    """Fields in their order; a field with several values comes once per value."""
    return BAR.join(COLON.join(field) for field in fields)


def linearize_triples(triples: Iterable[tuple[str, str, str]]) -> str:
    """(subject, relation, object) triples in their order."""
    return BAR.join(COLON.join(triple) for triple in triples)
