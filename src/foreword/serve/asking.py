"""From what somebody writes to what the engine is asked: ids, a prefix by its hash, and how to write.

Comes in:  a text (or ids), an Entry or none, and the settings that were given.      Goes out: a Request.
A text behind a prefix is asked as in training: put into its task's question, and closed as its sources were. Without a prefix it
is simply gone on from. What is not given is as the prefix was measured, but for beams: the engine writes one row each.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from foreword.backbone import Backbone
from foreword.backbone.wording import end_id, end_ids, source_ids, word_ids
from foreword.errors import BadRequest
from foreword.marks import MASK, SOFT, SOURCE, refused
from foreword.serve.request import Request, Sampling
from foreword.store import Entry

PLAIN_LEN = 16  # new tokens where neither prefix nor request says how many, as in OpenAI's API


@dataclass(frozen=True)
class Settings:
    """What a request says of how to write; None: as the prefix was measured."""

    max_new_tokens: int | None = None
    fills_row: bool = False  # where neither request nor prefix says how long: as long as there is room
    min_new_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    bias: Mapping[int, float] = field(default_factory=dict)
    seed: int | None = None
    num_logprobs: int | None = None
    stop: tuple[str, ...] = ()
    ignores_end: bool = False


class Asker:
    """Of one backbone. Tokenizers are not to be shared between threads: one thread asks at a time."""

    def __init__(self, backbone: Backbone, most_ids: int):
        """
        Args:
            most_ids: that a row could read. A text of more characters than these could ever be is not cut into ids at all, which
                would take seconds.
        """
        self.backbone = backbone
        self.most_ids, self.most_chars = most_ids, most_ids * max(map(len, backbone.tokenizer.get_vocab()))
        self._words: dict[tuple[str, ...], tuple[int, ...]] = {}

    def check_length(self, num_chars: int) -> None:
        """
        Raises:
            BadRequest: a text of so many characters is longer than any that a row could read.
        """
        if num_chars > self.most_chars:
            raise BadRequest(
                f"the prompt has {num_chars} characters, more than the {self.most_ids} tokens that a row has room for could hold. "
                "Ask for less, or start the engine with longer slots."
            )

    def ids(self, prompt: str | Sequence[int], entry: Entry | None) -> list[int]:
        """Ids of a prompt; those that are given stay as they are.

        Raises:
            BadRequest: a blank text, or one longer than any row could read.
        """
        if not isinstance(prompt, str):
            return list(prompt)
        self.check_length(len(prompt))
        if not prompt.strip():
            raise BadRequest("the prompt is blank. Give it a text.")
        if SOFT in prompt:
            raise BadRequest(f"the prompt {refused(SOFT)}")
        if entry is None:
            return list(self.backbone.tokenizer(prompt, add_special_tokens=True)["input_ids"])
        asked = prompt
        if entry.question and MASK not in prompt:  # whoever uploaded it may have asked for the source many times
            self.check_length(len(entry.question) + entry.question.count(SOURCE) * len(prompt))
            asked = entry.question.replace(SOURCE, prompt)
        return source_ids(self.backbone, [asked], 10**9)[0][0]

    def request(
        self, prompt: str | Sequence[int], entry: Entry | None, told: Settings = Settings(), tenant: str = "",
        deadline: float | None = None,
    ) -> Request:  # fmt: skip
        """
        Raises:
            BadRequest: a blank text.
            BadRecipe: the prefix answers in words that this model cannot be held to.
        """
        asked = entry.decoding if entry is not None else {}
        draws = bool(asked.get("sample", False))
        temperature = told.temperature
        if temperature is None:
            temperature = float(asked.get("temperature", 1.0)) if draws else 0.0
        one_of = entry.words if entry is not None and asked.get("one_of_words") else ()
        sampling = Sampling(
            temperature=temperature,
            top_p=told.top_p if told.top_p is not None else float(asked.get("top_p", 1.0)),
            top_k=told.top_k if told.top_k is not None else int(asked.get("top_k", 0)),
            repetition_penalty=told.repetition_penalty,
            presence_penalty=told.presence_penalty,
            frequency_penalty=told.frequency_penalty,
            bias=told.bias,
            seed=self._seed(told.seed, int(asked.get("seed", 0)) if draws else None, temperature),
            one_of=self.word_ids(one_of) if one_of else (),
            no_repeat_ngram=int(asked.get("no_repeat_ngram", 0)),
            never=tuple(self.backbone.line_break_ids) if asked.get("no_newlines") else (),
            num_logprobs=told.num_logprobs,
        )
        most = int(asked.get("max_new_tokens", PLAIN_LEN)) if told.max_new_tokens is None else told.max_new_tokens
        least = min(int(asked.get("min_new_tokens", 0)), most) if told.min_new_tokens is None else told.min_new_tokens
        return Request(
            ids=tuple(self.ids(prompt, entry)),
            prefix="" if entry is None else entry.sha256,
            prefix_len=0 if entry is None else entry.prefix_len,
            max_new_tokens=most,
            min_new_tokens=least,
            stop=told.stop,
            end_ids=() if told.ignores_end else end_ids(self.backbone) if entry is None else (end_id(self.backbone),),
            sampling=sampling,
            tenant=tenant,
            deadline=deadline,
        )

    @staticmethod
    def _seed(told: int | None, measured: int | None, temperature: float) -> int:
        """As it was told, or as the prefix was measured; else another each time."""
        if told is not None:
            return told
        if measured is not None:
            return measured
        return secrets.randbits(63) if temperature > 0 else 0

    def word_ids(self, words: tuple[str, ...]) -> tuple[int, ...]:
        """The token of each word an answer can be."""
        if words not in self._words:
            self._words[words] = tuple(word_ids(self.backbone, words))
        return self._words[words]
