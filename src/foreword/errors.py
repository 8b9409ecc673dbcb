"""What a user can do wrong: what, the value, what was expected, what to do.

Comes in:  the facts of one mistake.      Goes out: an exception whose text stands on its own.
The command line prints these texts without a traceback and exits 2; anything else is a bug and shows its traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class ForewordError(Exception):
    """A user's mistake, told so that the user can mend it."""


class UnknownName(ForewordError):
    """A method, task, metric, setting or stored prefix was asked for by a name nobody registered."""

    def __init__(self, kind: str, name: str, known: Iterable[str] | None):
        """
        Args:
            known: the names that would do; None where they are too many, or nobody else's business.
        """
        if known is None:
            super().__init__(f"unknown {kind} {name!r}.")
            return
        known = sorted(known)
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"unknown {kind} {name!r}.{hint} Known: {', '.join(known) or 'none'}.")


class BadRecipe(ForewordError):
    """A recipe or a --set override that cannot be read, or asks for what cannot be."""


class BadData(ForewordError):
    """A data file that is missing, empty or malformed; names file, line and reason."""

    def __init__(self, path: object, reason: str, line: int | None = None):
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{where}: {reason}")


class UnsupportedBackbone(ForewordError):
    """A model that cannot carry a prefix, or cannot be loaded; names the model and the reason."""


class PrefixMismatch(ForewordError):
    """A prefix and a backbone (or two prefixes in one batch) that do not belong together."""


class StoreError(ForewordError):
    """A stored prefix that is missing, changed, truncated or not allowed to be written."""


class StoreAway(StoreError):
    """A store elsewhere that does not answer just now."""


class RunError(ForewordError):
    """A run folder that cannot be used: in the way, unfinished, or made by another recipe."""


class BadRequest(ForewordError):
    """A request to the server that cannot be served as it is, now or later."""


class Busy(ForewordError):
    """More is asked at once than there is room for; the same may be asked again."""


class TooMuch(Busy):
    """More than a tenant may ask in a minute."""

    def __init__(self, message: str, wait_s: int):
        super().__init__(message)
        self.wait_s = wait_s


class MissingTool(ForewordError):
    """An optional program or package that is needed here and not installed."""


class Interrupted(Exception):
    """No mistake: the user asked a training to stop (Ctrl-C), and its state is saved."""

    def __init__(self, step: int):
        super().__init__(f"stopped after step {step}")
        self.step = step
