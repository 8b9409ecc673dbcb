"""What every section of a recipe is.

Comes in:  plain values.      Goes out: an immutable part of a recipe, or Pydantic's findings.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Names = Annotated[tuple[str, ...], Field(strict=False)]  # a list in TOML and JSON


class Section(BaseModel):
    """A part of a recipe: immutable; a key nobody knows is an error, and so is a value of another type (true is not 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
