"""The next id of each row, by its own settings and its own chance, whoever stands beside it.

Comes in:  logits [B, V], and of each row its settings and what it holds already.      Goes out: an id for each.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from foreword.serve.request import Sampling, Token

COLDEST = 1e-5  # the lowest temperature at which ids are drawn
NUCLEUS = 1024  # of the likeliest ids looked at first, where a share of them is to be drawn from


@dataclass
class Chooser:
    """Of one row."""

    sampling: Sampling
    prompt: tuple[int, ...]
    end_ids: tuple[int, ...] = ()
    min_len: int = 0  # ids of an answer before it may end
    answer: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(str(self.sampling.seed))  # as a text, for -1 and 1 are one seed to Random
        bias = self.sampling.bias
        self._bias = torch.tensor(list(bias), dtype=torch.long), torch.tensor(list(bias.values()), dtype=torch.float)

    @property
    def banned(self) -> tuple[int, ...]:
        """What cannot be the next id: some never can, the end cannot while the answer is too short, nor what would repeat a run."""
        return self.sampling.never + (self.end_ids if len(self.answer) < self.min_len else ()) + self._repeating()

    def _repeating(self) -> tuple[int, ...]:
        """Ids that followed, earlier in the answer, what it ends with now."""
        before = self.sampling.no_repeat_ngram - 1
        if before < 0:
            return ()
        end = self.answer[len(self.answer) - before :]
        starts = range(len(self.answer) - before)
        return tuple(self.answer[at + before] for at in starts if self.answer[at : at + before] == end)

    @property
    def is_plain(self) -> bool:
        """Whether the likeliest id is taken, and nothing else is asked."""
        s = self.sampling
        return s.num_logprobs is None and self.is_greedy and not self._changes_logits()

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest id is taken: so near to 0, what logits are divided by would leave no numbers."""
        return self.sampling.temperature < COLDEST

    def _changes_logits(self) -> bool:
        s = self.sampling
        penalised = s.repetition_penalty != 1 or s.presence_penalty != 0 or s.frequency_penalty != 0
        return penalised or bool(s.bias or s.one_of or self.banned)

    def choose(self, logits: Tensor) -> Token:
        """From [V] logits. The log-probabilities are the model's own, before any setting."""
        wanted = self.changed(logits) if self._changes_logits() else logits
        chosen = int(wanted.argmax()) if self.is_greedy else self.drawn(wanted)
        if self.sampling.num_logprobs is None:
            return Token(chosen)
        logprobs = torch.log_softmax(logits, dim=-1)
        likeliest = torch.topk(logprobs, self.sampling.num_logprobs)
        pairs = zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
        return Token(chosen, float(logprobs[chosen]), tuple(pairs))

    def changed(self, logits: Tensor) -> Tensor:
        """Logits with penalties, bias and bans."""
        s, logits = self.sampling, logits.clone()
        if s.repetition_penalty != 1:
            seen = torch.tensor(sorted({*self.prompt, *self.answer}), dtype=torch.long, device=logits.device)
            there = logits[seen]
            logits[seen] = torch.where(there > 0, there / s.repetition_penalty, there * s.repetition_penalty)
        if (s.presence_penalty or s.frequency_penalty) and self.answer:
            seen, times = torch.tensor(self.answer, device=logits.device).unique(return_counts=True)
            logits[seen] -= s.presence_penalty + s.frequency_penalty * times
        if s.bias:
            tokens, added = self._bias
            logits[tokens] += added.to(logits.device)
        if s.one_of:
            allowed = torch.tensor(s.one_of, device=logits.device)
            only = torch.full_like(logits, -torch.inf)
            only[allowed] = logits[allowed]
            logits = only
        if self.banned:
            logits[list(self.banned)] = -torch.inf
        return logits

    def drawn(self, logits: Tensor) -> int:
        """An id by chance: where a number from 0 to 1 falls among the shares of those that may be drawn."""
        s = self.sampling
        shares = torch.softmax(logits / s.temperature, dim=-1)
        if not s.top_k and s.top_p >= 1:
            return among(shares, self.chance.random())
        num = min(s.top_k or NUCLEUS, len(shares))
        best, ids = torch.topk(shares, num)
        if not s.top_k and float(best.sum()) < s.top_p:
            best, ids = torch.sort(shares, descending=True)
        if s.top_k:
            best = best / best.sum()  # the share of top_p is of what top_k has left, as in transformers
        before = best.cumsum(0) - best
        kept = int((before < s.top_p).sum())
        return int(ids[among(best[: max(kept, 1)], self.chance.random())])


def among(shares: Tensor, at: float) -> int:
    """The place where `at`, from 0 to 1, falls when the shares are laid end to end."""
    ends = shares.double().cumsum(0)
    place = int(torch.searchsorted(ends, at * float(ends[-1]), right=True))
    return min(place, int(shares.nonzero()[-1]))


def choose(logits: Tensor, choosers: Sequence[Chooser | None]) -> list[Token | Exception | None]:
    """The next id of each row of [B, V]; None where its logits are no numbers, and what was raised where it could not be chosen.

    A row without a chooser is only looked at: its chance is for ids that are written.
    """
    logits = logits.float()  # of bfloat16 the largest is found five times more slowly
    sound = logits.sum(dim=-1).isfinite().tolist()
    plain = logits.argmax(dim=-1).tolist()
    return [
        None if not ok else Token(best) if chooser is None or chooser.is_plain else tried(chooser, logits[row])
        for row, (chooser, ok, best) in enumerate(zip(choosers, sound, plain, strict=True))
    ]


def tried(chooser: Chooser, logits: Tensor) -> Token | Exception:
    try:
        return chooser.choose(logits)
    except Exception as error:  # one row's, and no other's: what the others read must not be read again
        return error
