"""Many runs of one recipe: planned, kept in a journal, run side by side, gone on with after anything that stopped them.

Comes in:  a recipe with a [sweep], a folder.
Goes out:  `sweep.json`, what was asked for; `journal.sqlite`; `runs/NAME/`, a run each.
"""

from foreword.sweep.asked import RUNS
from foreword.sweep.journal import Journal
from foreword.sweep.plan import JOURNAL, PLAN, PLAN_VERSION, Plan, Point, read_sweep

__all__ = ["JOURNAL", "PLAN", "PLAN_VERSION", "RUNS", "Journal", "Plan", "Point", "read_sweep"]
