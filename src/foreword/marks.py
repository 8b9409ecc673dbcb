"""Marks that stand in texts between the rooms. MASK and SOFT are of Unicode's private use; people's texts may not have them.

Comes in, goes out: nothing.
"""

MASK = "\ue000"  # in a source: where the answer goes
SOFT = "\ue001"  # in a source: where a method puts a vector that it trains, in the order in which they stand
SOURCE = "{source}"  # in a task's question or a method's template: where the text goes
