"""Sources as rows of ids, in batches of similar length, each with its own prefix.

Comes in:  a backbone, sources, what adapts the backbone to them.      Goes out: what is made of each source, in their order.
What a row gets does not depend on who stands beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from foreword.backbone import Backbone, Texts
from foreword.backbone.wording import decoder_opening, limits, pad_id, source_ids
from foreword.errors import BadData
from foreword.marks import SOFT, refused
from foreword.methods import Method
from foreword.prefix import Injection, Prefix, PrefixBank

Made = TypeVar("Made")
Progress = Callable[[int, int], None]  # called after each batch with the texts done, and all there are


@dataclass(frozen=True)
class Asked:
    """Sources and what adapts the backbone to them; see `answers`."""

    sources: Sequence[str]
    prefixes: Prefix | Sequence[Prefix] | None = None
    max_source_len: int = 0
    progress: Progress | None = None
    method: Method | None = None


@torch.no_grad()
def in_batches(
    backbone: Backbone,
    asked: Asked,
    batch_size: int,
    max_new_tokens: int,
    answer: Callable[[Texts, Injection | None, Sequence[str]], list[Made]],
) -> tuple[list[Made], int]:
    """What `answer` makes of each source, in their order, and how many sources were cut; rows of similar length go together."""
    sources, prefixes, method = asked.sources, asked.prefixes, asked.method
    check_sources(sources, method is not None and method.takes_places)
    per_row = [prefixes] * len(sources) if isinstance(prefixes, Prefix) or prefixes is None else list(prefixes)
    if len(per_row) != len(sources):
        raise BadData(
            "generate", f"{len(sources)} sources but {len(per_row)} prefixes; give one per source, or one for all."
        )
    bank, numbers = stand_side_by_side(backbone, per_row)
    ids: list[list[int]] = [[] for _ in sources]
    num_cut = 0
    num_positions, num_added = (0, 0) if method is None else (method.num_positions, method.num_added)
    lengths = [num_positions if prefix is None else prefix.prefix_len for prefix in per_row]
    for prefix_len in set(lengths):  # each row has the room its own prefix leaves, whoever stands beside it
        rows = [row for row, length in enumerate(lengths) if length == prefix_len]
        most = limits(backbone, prefix_len, asked.max_source_len, max_new_tokens, num_added)
        words_in_front = method is not None and method.words_in_front
        encoded, cut = source_ids(backbone, [sources[row] for row in rows], most.source_len, words_in_front)
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
        made_of.update(zip(rows, answer(texts, injection, [sources[row] for row in rows]), strict=True))
        if asked.progress is not None:
            asked.progress(start + len(rows), len(order))
    return [made_of[row] for row in range(len(order))], num_cut


def check_sources(sources: Sequence[str], takes_places: bool = False) -> None:
    """Raises BadData: no list, nothing in it, a blank text, or a place for a vector that nobody puts there."""
    if isinstance(sources, str):
        raise BadData("generate", f"sources must be a list of texts, got one text, {sources[:40]!r}. Put it in a list.")
    if not sources:
        raise BadData("generate", "there are no sources. Give at least one text.")
    for number, source in enumerate(sources, start=1):
        if not source.strip():
            raise BadData("generate", f"source {number} of {len(sources)} is blank. Give it a text or leave it out.")
        if SOFT in source and not takes_places:
            raise BadData("generate", f"source {number} of {len(sources)} {refused(SOFT)}")


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
