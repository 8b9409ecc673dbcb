"""Marks that stand in texts between the rooms. MASK and SOFT are of Unicode's private use; people's texts may not have them.

Comes in:  one of them.      Goes out: what a message says of it where it may not stand.
"""

MASK = "\ue000"  # in a source: where the answer goes
SOFT = "\ue001"  # in a source: where a method puts a vector that it trains, in the order in which they stand
SOURCE = "{source}"  # in a task's question or a method's template: where the text goes


def refused(mark: str) -> str:
    """Ends a message on a text that holds MASK or SOFT where nobody put it."""
    place = {MASK: "an answer", SOFT: "a trained vector"}[mark]
    return f"holds the character U+{ord(mark):04X}, which marks the place of {place} here. Take it out."
