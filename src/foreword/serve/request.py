"""What is asked of the engine for one row, and what it tells of it.

Comes in:  ids of a prompt, the hash of a prefix, how to write.      Goes out: Pieces of text, then one Finished or Failed.
It imports no torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["stop", "length", "cancelled"]
Cause = Literal["deadline", "prefix", "numbers", "error", "busy", "shutdown"]


@dataclass(frozen=True)
class Sampling:
    """How the next id is chosen; the fields mean what they do in OpenAI's API and in vLLM."""

    temperature: float = 0.0  # 0: the likeliest
    top_p: float = 1.0
    top_k: int = 0  # 0: all
    repetition_penalty: float = 1.0  # of what prompt and answer hold already
    presence_penalty: float = 0.0  # of what the answer holds already
    frequency_penalty: float = 0.0
    bias: Mapping[int, float] = field(default_factory=dict)
    seed: int = 0
    no_repeat_ngram: int = 0  # no run of so many ids twice within the answer; 0: any
    never: tuple[int, ...] = ()  # ids that are not chosen
    one_of: tuple[int, ...] = ()  # ids, one of which is the whole answer; (): any text
    num_logprobs: int | None = None  # of the likeliest ids, beside the chosen one's; None: no log-probabilities at all


@dataclass(frozen=True)
class Request:
    """One row."""

    ids: tuple[int, ...]
    prefix: str = ""  # content hash of a prefix, to which the row is bound until its last id; "" = none
    prefix_len: int = 0
    max_new_tokens: int = 100
    min_new_tokens: int = 0
    stop: tuple[str, ...] = ()
    end_ids: tuple[int, ...] = ()  # an answer ends there; they are no part of it
    sampling: Sampling = Sampling()
    tenant: str = ""
    deadline: float | None = None  # on the engine's clock, in seconds


@dataclass(frozen=True)
class Token:
    """One id of an answer, with log-probabilities if they were asked for: its own and those of the likeliest."""

    id: int
    logprob: float | None = None
    likeliest: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Piece:
    """More of an answer. Text is held back while it may yet turn out to be the beginning of a stop string."""

    text: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True)
class Finished:
    """The answer is whole."""

    reason: Reason
    num_tokens: int


@dataclass(frozen=True)
class Failed:
    """There will be no more of it."""

    cause: Cause
    message: str


Event = Piece | Finished | Failed
Listener = Callable[[Event], None]  # called by the engine's thread, in order; the last event is a Finished or a Failed
