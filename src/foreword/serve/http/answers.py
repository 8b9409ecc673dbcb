"""Answers in OpenAI's forms.

Comes in:  events of the engine.      Goes out: dictionaries, whole or chunk by chunk. It imports no torch.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from foreword.serve.request import Failed, Finished, Piece, Request, Token
from foreword.serve.text import BROKEN

WordsOf = Callable[
    [Sequence[Sequence[int]], bool], list[list[str]]
]  # the text of each token at each place: `Service.words_of`


@dataclass
class Row:
    """One answer, as far as it has come."""

    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    last: Finished | Failed | None = None

    def hear(self, event: Piece | Finished | Failed) -> None:
        if isinstance(event, Piece):
            self.text += event.text
            self.tokens += event.tokens
        else:
            self.last = event


@dataclass
class Form:
    """Completions or chats of one request."""

    chat: bool
    model: str
    words_of: WordsOf
    strips: bool  # the space with which an answer behind a prefix begins
    counts: bool = False  # whether a last chunk has the usage; OpenAI's others then have none, as null
    id: str = ""
    created: int = field(default_factory=lambda: int(time.time()))
    offsets: dict[int, int] = field(default_factory=dict)  # answer -> characters of the tokens told so far
    begun: set[int] = field(
        default_factory=set
    )  # answers in a stream of which something was told: in a chat, whose they are
    worded: set[int] = field(default_factory=set)  # those of which it was text

    def __post_init__(self) -> None:
        self.id = ("chatcmpl-" if self.chat else "cmpl-") + uuid.uuid4().hex

    def whole(self, rows: Sequence[Row], requests: Sequence[Request], num_prompts: int) -> dict[str, Any]:
        """The answers to one request."""
        kind = "chat.completion" if self.chat else "text_completion"
        choices = [self._choice(number, row) for number, row in enumerate(rows)]
        return self._head(kind) | {"choices": choices, "usage": usage(rows, requests, num_prompts)}

    def chunk(self, number: int, piece: Piece) -> dict[str, Any]:
        """More of one answer."""
        text = piece.text.removeprefix(" ") if number not in self.worded and self.strips else piece.text
        if piece.text:
            self.worded.add(number)
        if not self.chat:
            logprobs = self._logprobs(number, piece.tokens)
            choice = {"index": number, "text": text, "logprobs": logprobs, "finish_reason": None}
            return self._chunk(choice)
        choice = {
            "index": number,
            "delta": self._role(number) | {"content": text},
            "logprobs": self._logprobs(number, piece.tokens),
            "finish_reason": None,
        }
        return self._chunk(choice)

    def end(self, number: int, last: Finished) -> dict[str, Any]:
        """One answer is whole; maybe nothing was told of it before, for it is empty."""
        role = self._role(number)
        said: dict[str, Any] = {"delta": role and role | {"content": ""}} if self.chat else {"text": ""}
        return self._chunk({"index": number, **said, "logprobs": None, "finish_reason": last.reason})

    def counted(self, rows: Sequence[Row], requests: Sequence[Request], num_prompts: int) -> dict[str, Any]:
        """The last chunk, if it is asked for."""
        return self._head(self._chunk_kind) | {"choices": [], "usage": usage(rows, requests, num_prompts)}

    def _role(self, number: int) -> dict[str, str]:
        """Who speaks, at an answer's beginning; clients put together what they are told twice."""
        told = number in self.begun
        self.begun.add(number)
        return {} if told else {"role": "assistant"}

    def _chunk(self, choice: dict[str, Any]) -> dict[str, Any]:
        return self._head(self._chunk_kind) | {"choices": [choice]} | ({"usage": None} if self.counts else {})

    @property
    def _chunk_kind(self) -> str:
        return "chat.completion.chunk" if self.chat else "text_completion"

    def _choice(self, number: int, row: Row) -> dict[str, Any]:
        assert isinstance(row.last, Finished), row
        text = row.text.removeprefix(" ") if self.strips else row.text
        said = {"message": {"role": "assistant", "content": text, "refusal": None}} if self.chat else {"text": text}
        return {
            "index": number,
            **said,
            "logprobs": self._logprobs(number, row.tokens),
            "finish_reason": row.last.reason,
        }

    def _logprobs(self, number: int, tokens: Sequence[Token]) -> dict[str, Any] | None:
        if not tokens or tokens[0].logprob is None:
            return None
        places = [[token.id, *(i for i, _ in token.likeliest)] for token in tokens]
        told = self.words_of(places, number not in self.offsets)
        words = [own for own, *_ in told]
        began = -1 if self.strips and words[0].startswith(" ") else 0  # its text is told without that space
        offsets = list(accumulate(map(len, words), initial=self.offsets.get(number, began)))
        self.offsets[number] = offsets.pop()
        likeliest = [
            list(zip(rest, token.likeliest, strict=True)) for (_, *rest), token in zip(told, tokens, strict=True)
        ]
        if not self.chat:
            return {
                "tokens": words,
                "token_logprobs": [token.logprob for token in tokens],
                "top_logprobs": [{word: logprob for word, (_, logprob) in best} for best in likeliest],
                "text_offset": [max(0, offset) for offset in offsets],
            }
        return {
            "content": [
                {**spelled(word, token.logprob), "top_logprobs": [spelled(w, logprob) for w, (_, logprob) in best]}
                for word, token, best in zip(words, tokens, likeliest, strict=True)
            ],
            "refusal": None,
        }

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def spelled(word: str, logprob: float | None) -> dict[str, Any]:
    """A token that is part of a character only has no text, and so no bytes that could be told."""
    return {"token": word, "logprob": logprob, "bytes": None if BROKEN in word else list(word.encode())}


def usage(rows: Sequence[Row], requests: Sequence[Request], num_prompts: int) -> dict[str, int]:
    """Tokens read, each prompt once, and written; the positions of a prefix are no tokens, and are told apart."""
    each = len(requests) // num_prompts
    read = sum(len(request.ids) for request in requests[::each])
    written = sum(len(row.tokens) for row in rows)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prefix_positions": requests[0].prefix_len if requests else 0,
    }
