"""What the files of a run hold, as far as a report reads them.

Comes in:  their JSON.      Goes out: the same, checked.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from foreword.errors import RunError

AGAIN = "Remove it, and start the sweep again."
Record = TypeVar("Record", bound=BaseModel)


class Score(BaseModel):
    value: float


class DataRecord(BaseModel):
    hash: str
    split: str
    references_hash: str


class MethodRecord(BaseModel):
    name: str
    trained_parameters: int
    stored_parameters: int


class BackboneRecord(BaseModel):
    num_parameters: int


class ResultFile(BaseModel):
    """Of a `result-SPLIT.json` what a report reads."""

    scores: Mapping[str, Mapping[str, Score]]
    signature: str
    recipe: Mapping[str, Any]
    data: DataRecord
    method: MethodRecord
    backbone: BackboneRecord
    code_commit: str = ""


class StateRecord(BaseModel):
    train_s: float


class RunFile(BaseModel):
    """Of a `run.json`."""

    state: StateRecord
    losses: Mapping[str, float] = {}
    data_hash: str = ""


def as_record(shape: type[Record], content: Mapping[str, Any], path: Path) -> Record:
    """Raises RunError: something is missing, or is not what it should be."""
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        where = ".".join(map(str, finding["loc"]))
        raise RunError(f"{path} is no whole record: {where}: {finding['msg']}. {AGAIN}") from None
