"""Characters of our own that stand in texts between the rooms; no text that people write has them (Unicode's private use).

Comes in, goes out: nothing.
"""

MASK = "\ue000"  # in a source: where the answer goes
SOFT = "\ue001"  # in a source: where a method puts a vector that it trains, in the order in which they stand
