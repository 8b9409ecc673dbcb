"""Looking inside prefixes: who attends to them, what they are near to, what would be lost without a part of them.

Comes in:  runs, or prefixes out of a store.      Goes out: figures, pictures, one page.
"""

from foreword.inspection.looking import Findings, look
from foreword.inspection.rows import inside_of
from foreword.inspection.showing import PAGE, write_inspection

__all__ = ["PAGE", "Findings", "inside_of", "look", "write_inspection"]
