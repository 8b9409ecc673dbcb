"""What a stored prefix is called: `e2e` for its newest version, `e2e@3` for that one alone.

Comes in:  text that somebody typed.
Goes out:  a name that is safe as the name of a folder, and a version or None.
It knows no disk.
"""

import re
from typing import NamedTuple

from foreword.errors import StoreError

# A letter or digit at both ends: no hidden folder, no "..", nothing that reads as an option of a command.
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
VERSION = re.compile(r"[1-9][0-9]{0,8}")


class Reference(NamedTuple):
    """A name, and a version unless the newest is meant."""

    name: str
    version: int | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Raises StoreError: the text can be no reference, whatever the store holds."""
        name, at, version = text.partition("@")
        check_name(name)
        if at and not VERSION.fullmatch(version):
            raise StoreError(
                f"{text!r} names no version: after '@' comes a number from 1 on, as in '{name}@3'. "
                "Leave '@' out for the newest."
            )
        return cls(name, int(version) if at else None)


def has_name(text: str) -> bool:
    """Whether what stands before a reference's '@' could be the name of something."""
    return NAME.fullmatch(text.partition("@")[0]) is not None


def check_name(name: str) -> None:
    """Refuse a name that the store would not give a folder."""
    if not NAME.fullmatch(name):
        raise StoreError(
            f"a prefix cannot be called {name!r}. A name has 1 to 64 lower-case letters, digits, '-', '_' and '.', "
            "a letter or digit first and last; the store counts the versions itself."
        )
