"""Texts from sources: written, or read off.

Comes in:  a backbone, sources, how to decode, a prefix for all or one per row.      Goes out: texts in the order of the sources.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from foreword.backbone import Backbone
from foreword.backbone.wording import end_id
from foreword.generation.classes import classified
from foreword.generation.decoding import Decoding, answer_ids
from foreword.generation.rows import Asked, Progress
from foreword.methods import Method, reader_of
from foreword.prefix import Prefix


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
    per_word: bool = False,
) -> Generated:
    """Answer each source, and say how many of them had to be cut.

    Args:
        prefixes: one for all rows, or one per source; None runs the untouched backbone.
        method: where what was trained is no prefix: what it injects, and where its vectors stand in a source.
        words: what an answer can be, where classes are read off instead of written: by a model that only encodes, which fills the
            place in the source with the likeliest; by a method with a layer for them; by any model if decoding says one_of_words.
        per_word: such a layer reads one for each word of the source; the answer is all of them, parted by spaces.
        max_source_len: longest source in tokens; longer ones are cut and counted. 0 = what the backbone takes.

    Raises:
        BadData: no sources, a blank one, not one prefix per source, or more new tokens than the backbone has positions for.
        PrefixMismatch: a prefix is not for this backbone.
        UnsupportedBackbone: an encoder-only backbone, which cannot write.
    """
    asked = Asked(sources, prefixes, max_source_len, progress, method)
    reader = reader_of(backbone, method, words, per_word, decoding.one_of_words)
    if reader is not None:
        numbers, num_cut = classified(backbone, asked, decoding.batch_size, reader, per_word)
        return Generated([" ".join(words[number] for number in some) for some in numbers], num_cut)
    ids, num_cut = answer_ids(backbone, asked, decoding)
    texts = [text.strip() for text in backbone.tokenizer.batch_decode(ids, skip_special_tokens=True)]
    if method is not None and method.ends_at:
        texts = [text.partition(method.ends_at)[0].strip() for text in texts]
    return Generated(texts, num_cut)


def generate_ids(
    backbone: Backbone, sources: Sequence[str], decoding: Decoding, prefixes: Prefix | Sequence[Prefix] | None = None
) -> list[list[int]]:
    """The token ids of the answers, up to and without the end marker."""
    end = end_id(backbone)
    rows, _ = answer_ids(backbone, Asked(sources, prefixes), decoding)
    return [row[: row.index(end)] if end in row else row for row in rows]
