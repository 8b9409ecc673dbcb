"""Texts from sources, over rows that may carry different prefixes.

Comes in:  a backbone, sources, how to decode, a prefix for all or one per row.      Goes out: texts in the order of the sources.
Rows are decoded in batches of similar length; what a row gets does not depend on who stands beside it (float32; a
sampled text does: one seed draws for the whole batch).
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, NoRepeatNGramLogitsProcessor

from foreword.backbone import Backbone, Texts
from foreword.backbone.wording import decoder_opening, end_id, limits, pad_id, place_of_answer, source_ids
from foreword.errors import BadData, BadRecipe, UnsupportedBackbone
from foreword.methods import Method, MixedTokens, Reader, for_each_prompt, majority, mixed, reader_of
from foreword.prefix import Injection, Prefix, PrefixBank

Made = TypeVar("Made")
Progress = Callable[[int, int], None]  # called after each batch with the texts done, and all there are


@dataclass(frozen=True)
class Decoding:
    """How to decode; the fields mean what they do in `recipe.GenerateRecipe`."""

    beams: int = 1
    sample: bool = False
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_new_tokens: int = 0
    max_new_tokens: int = 100
    length_penalty: float = 1.0
    no_repeat_ngram: int = 0
    no_newlines: bool = False
    batch_size: int = 32
    seed: int = 0

    def config(self, backbone: Backbone) -> GenerationConfig:
        """The same for transformers, from nothing: a model's own generation settings never slip in."""
        sampling = {"temperature": self.temperature, "top_p": self.top_p, "top_k": self.top_k} if self.sample else {}
        return GenerationConfig(
            num_beams=self.beams,
            do_sample=self.sample,
            max_new_tokens=self.max_new_tokens,
            min_new_tokens=self.min_new_tokens or None,
            length_penalty=self.length_penalty if self.beams > 1 else None,
            suppress_tokens=backbone.line_break_ids or None if self.no_newlines else None,
            pad_token_id=pad_id(backbone),
            eos_token_id=end_id(backbone),
            decoder_start_token_id=decoder_opening(backbone)[0] if backbone.kind == "encoder-decoder" else None,
            **sampling,
        )


class NoRepeatInAnswer(LogitsProcessor):
    """No run of so many tokens twice within an answer; what stands in the source may be copied, names of many tokens too.

    (transformers' own setting looks at the source as well; the LoRA paper's code, whose setting this is, does not.)
    """

    def __init__(self, size: int, source_len: int):
        self.within, self.source_len = NoRepeatNGramLogitsProcessor(size), source_len

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return self.within(input_ids[:, self.source_len :], scores)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Generated:
    """Texts, and what a reader of their scores should know."""

    texts: list[str]
    num_cut_sources: int


def generate(
    backbone: Backbone,
    sources: Sequence[str],
    decoding: Decoding = Decoding(),
    prefixes: Prefix | Sequence[Prefix] | None = None,
) -> list[str]:
    """Answer each source, in their order; see `answers`. Warns if one had to be cut."""
    return warned(answers(backbone, sources, decoding, prefixes)).texts


def warned(made: Generated) -> Generated:
    """The same, with a warning where sources were cut: texts alone do not show it."""
    if made.num_cut_sources:
        warnings.warn(
            f"{made.num_cut_sources} of {len(made.texts)} sources were too long and were cut; "
            "`answers` gives their number instead of this warning.",
            stacklevel=3,
        )
    return made


def answers(
    backbone: Backbone,
    sources: Sequence[str],
    decoding: Decoding = Decoding(),
    prefixes: Prefix | Sequence[Prefix] | None = None,
    max_source_len: int = 0,
    progress: Progress | None = None,
    method: Method | None = None,
    words: Sequence[str] = (),
) -> Generated:
    """Answer each source, and say how many of them had to be cut.

    Args:
        prefixes: one for all rows, or one per source; None runs the untouched backbone.
        method: where what was trained is no prefix: what it injects, and where its vectors stand in a source.
        words: what an answer can be, where classes are read off instead of written: by a model that only encodes, which fills the
            place in the source with the likeliest, or by a method with a layer for them.
        max_source_len: longest source in tokens; longer ones are cut and counted. 0 = what the backbone takes.

    Raises:
        BadData: no sources, a blank one, not one prefix per source, or more new tokens than the backbone has positions for.
        PrefixMismatch: a prefix is not for this backbone.
        UnsupportedBackbone: an encoder-only backbone, which cannot write.
    """
    asked = Asked(sources, prefixes, max_source_len, progress, method)
    reader = reader_of(backbone, method, words)
    if reader is not None:
        numbers, num_cut = classified(backbone, asked, decoding.batch_size, reader)
        return Generated([words[number] for number in numbers], num_cut)
    ids, num_cut = answer_ids(backbone, asked, decoding)
    texts = backbone.tokenizer.batch_decode(ids, skip_special_tokens=True)
    return Generated([text.strip() for text in texts], num_cut)


def generate_ids(
    backbone: Backbone, sources: Sequence[str], decoding: Decoding, prefixes: Prefix | Sequence[Prefix] | None = None
) -> list[list[int]]:
    """The token ids of the answers, up to and without the end marker."""
    end = end_id(backbone)
    rows, _ = answer_ids(backbone, Asked(sources, prefixes), decoding)
    return [row[: row.index(end)] if end in row else row for row in rows]


@dataclass(frozen=True)
class Asked:
    """Sources and what adapts the backbone to them; see `answers`."""

    sources: Sequence[str]
    prefixes: Prefix | Sequence[Prefix] | None = None
    max_source_len: int = 0
    progress: Progress | None = None
    method: Method | None = None


def answer_ids(backbone: Backbone, asked: Asked, decoding: Decoding) -> tuple[list[list[int]], int]:
    """New ids per source in their order, and how many sources were cut."""
    if backbone.kind == "encoder-only":
        raise UnsupportedBackbone(f"{backbone.name} is encoder-only and cannot generate text. Choose a decoder.")

    def decode(texts: Texts, injection: Injection | None) -> list[list[int]]:
        return decode_batch(backbone, texts, decoding, injection, asked.method)

    with seeded(decoding.seed, decoding.sample):
        return in_batches(backbone, asked, decoding.batch_size, decoding.max_new_tokens, decode)


def classified(backbone: Backbone, asked: Asked, batch_size: int, reader: Reader) -> tuple[list[int], int]:
    """The number of the likeliest class of each source, and how many sources were cut."""

    def choose(texts: Texts, injection: Injection | None) -> list[int]:
        read, width = texts.ids, texts.ids.shape[1]
        if texts.decoder_ids is not None:
            width = texts.decoder_ids.shape[1]
            columns = [width - 1] * len(read)
        else:
            columns = [place_of_answer(backbone, row) for row in read.tolist()]
        at = torch.tensor([row * width + place for row, place in enumerate(columns)], device=backbone.device)
        if asked.method is None:
            return reader(*backbone.outputs(texts, injection, at)).argmax(dim=1).tolist()
        many, places = for_each_prompt(asked.method, texts, at)
        scores = reader(*backbone.outputs(many, injection, places))
        if asked.method.votes:
            votes = scores.argmax(dim=1).view(asked.method.num_prompts, -1).T.tolist()
            return [majority(row) for row in votes]
        return mixed(asked.method, texts, at, scores).argmax(dim=1).tolist()

    return in_batches(backbone, asked, batch_size, 0, choose)


@torch.no_grad()
def in_batches(
    backbone: Backbone,
    asked: Asked,
    batch_size: int,
    max_new_tokens: int,
    answer: Callable[[Texts, Injection | None], list[Made]],
) -> tuple[list[Made], int]:
    """What `answer` makes of each source, in their order, and how many sources were cut; rows of similar length go together."""
    sources, prefixes, method = asked.sources, asked.prefixes, asked.method
    check_sources(sources)
    per_row = [prefixes] * len(sources) if isinstance(prefixes, Prefix) or prefixes is None else list(prefixes)
    if len(per_row) != len(sources):
        raise BadData(
            "generate", f"{len(sources)} sources but {len(per_row)} prefixes; give one per source, or one for all."
        )
    bank, numbers = stand_side_by_side(backbone, per_row)
    ids: list[list[int]] = [[] for _ in sources]
    num_cut, num_added = 0, 0 if method is None else method.num_added
    lengths = [0 if prefix is None else prefix.prefix_len for prefix in per_row]
    for prefix_len in set(lengths):  # each row has the room its own prefix leaves, whoever stands beside it
        rows = [row for row, length in enumerate(lengths) if length == prefix_len]
        most = limits(backbone, prefix_len, asked.max_source_len, max_new_tokens, num_added)
        encoded, cut = source_ids(backbone, [sources[row] for row in rows], most.source_len)
        num_cut += cut
        for row, made in zip(rows, encoded, strict=True):
            ids[row] = made if method is None else method.arrange(made)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]), reverse=True)
    made_of: dict[int, Made] = {}
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        texts = padded_sources(backbone, [ids[row] for row in rows])
        if bank is not None:
            injection = bank.rows([numbers[row] for row in rows])
        else:
            injection = None if method is None else method.injection(texts)
        made_of.update(zip(rows, answer(texts, injection), strict=True))
        if asked.progress is not None:
            asked.progress(start + len(rows), len(order))
    return [made_of[row] for row in range(len(order))], num_cut


def check_sources(sources: Sequence[str]) -> None:
    """Raises BadData: no list, nothing in it, or a blank text."""
    if isinstance(sources, str):
        raise BadData("generate", f"sources must be a list of texts, got one text, {sources[:40]!r}. Put it in a list.")
    if not sources:
        raise BadData("generate", "there are no sources. Give at least one text.")
    for number, source in enumerate(sources, start=1):
        if not source.strip():
            raise BadData("generate", f"source {number} of {len(sources)} is blank. Give it a text or leave it out.")


def stand_side_by_side(backbone: Backbone, per_row: Sequence[Prefix | None]) -> tuple[PrefixBank | None, list[int]]:
    """A bank of the distinct prefixes and each row's number in it."""
    distinct: list[Prefix] = []
    numbers = []
    for prefix in per_row:
        if prefix is None:
            continue
        at = next((i for i, seen in enumerate(distinct) if seen is prefix), None)
        if at is None:
            prefix.check_fits(backbone.sites, backbone.name, backbone.fingerprint_now)
            at = len(distinct)
            distinct.append(prefix)
        numbers.append(at)
    if numbers and len(numbers) != len(per_row):
        raise BadData("generate", "some rows carry a prefix and some none; generate them apart.")
    return (PrefixBank([p.to(backbone.device, backbone.dtype) for p in distinct]) if distinct else None), numbers


def padded_sources(backbone: Backbone, ids: Sequence[list[int]]) -> Texts:
    """Sources padded on the left of a decoder, on the right of an encoder, whose decoder is given its opening."""
    longest, pad = max(map(len, ids)), pad_id(backbone)
    left = backbone.kind == "decoder-only"
    rows = [[*[pad] * (longest - len(row)), *row] if left else [*row, *[pad] * (longest - len(row))] for row in ids]
    lengths = torch.tensor([len(row) for row in ids])[:, None]
    columns = torch.arange(longest)
    mask = columns >= longest - lengths if left else columns < lengths
    opening = torch.tensor([decoder_opening(backbone)] * len(ids)) if backbone.kind == "encoder-decoder" else None
    starts = torch.full((len(ids),), longest - 1) if left else None
    return Texts(torch.tensor(rows), mask, opening, starts=starts).to(backbone.device)


def decode_batch(
    backbone: Backbone, texts: Texts, decoding: Decoding, injection: Injection | None, method: Method | None = None
) -> list[list[int]]:
    """New ids of one batch."""
    given = texts.ids if texts.decoder_ids is None else texts.decoder_ids
    size = decoding.no_repeat_ngram
    processors = LogitsProcessorList([NoRepeatInAnswer(size, given.shape[1])] if size else [])
    num_prompts, votes = (1, False) if method is None else (method.num_prompts, method.votes)
    if method is not None and num_prompts > 1 and not votes:
        if decoding.sample:
            raise BadRecipe(
                "generate.sample: the prompts of a mixture write one text, and each would draw its own. Leave it out."
            )
        processors.insert(0, MixedTokens(method.log_shares(texts)))
    read = texts.repeated(num_prompts) if num_prompts > 1 else texts
    made = backbone.generate(read, decoding.config(backbone), injection, processors).tolist()
    if not votes:
        return made[: len(texts.ids)]
    said = [text.strip() for text in backbone.tokenizer.batch_decode(made, skip_special_tokens=True)]
    won = []
    for number in range(len(texts.ids)):
        candidates = range(number, len(made), len(texts.ids))
        text = majority([said[row] for row in candidates])
        won.append(next(made[row] for row in candidates if said[row] == text))
    return won


@contextmanager
def seeded(seed: int, sampling: bool) -> Iterator[None]:
    """transformers samples from the global generator; borrow it and give it back as it was."""
    if not sampling:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
