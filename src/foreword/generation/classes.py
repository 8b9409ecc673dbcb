"""Classes read off instead of written: one for each source, or one for each of its words.

Comes in:  rows of ids, a reader.      Goes out: numbers of classes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from foreword.backbone import Backbone, Texts
from foreword.backbone.padding import flattened
from foreword.backbone.word_places import word_places
from foreword.backbone.wording import place_of_answer
from foreword.generation.rows import Asked, in_batches
from foreword.methods import Method, Reader, for_each_prompt, majority, mixed
from foreword.prefix import Injection, Prefix


def classified(
    backbone: Backbone, asked: Asked, batch_size: int, reader: Reader, per_word: bool = False
) -> tuple[list[list[int]], int]:
    """The number of the likeliest class of each source, or of each of its words, and how many sources were cut."""

    def choose(texts: Texts, injection: Injection | None, sources: Sequence[str]) -> list[list[int]]:
        read, width = texts.ids, texts.ids.shape[1]
        if texts.decoder_ids is not None:
            width = texts.decoder_ids.shape[1]
            columns = [[width - 1] for _ in read]
        elif per_word:
            columns = word_columns(backbone, asked.method, texts, sources)
        else:
            columns = [[place_of_answer(backbone, row)] for row in read.tolist()]
        chosen = iter(likeliest(backbone, asked.method, reader, texts, injection, flattened(columns, width)))
        return [[next(chosen) for _ in some] for some in columns]

    return in_batches(backbone, asked, batch_size, 0, choose)


def likeliest_tokens(backbone: Backbone, source: str, prefix: Prefix, num_tokens: int) -> list[int]:
    """The tokens, of the whole vocabulary, that a masked model puts first in the answer's place."""

    def choose(texts: Texts, injection: Injection | None, _: Sequence[str]) -> list[list[int]]:
        at = torch.tensor([place_of_answer(backbone, row) for row in texts.ids.tolist()], device=backbone.device)
        return backbone.logits(texts, injection, at).topk(num_tokens).indices.tolist()

    ((tokens,), _) = in_batches(backbone, Asked([source], prefix), 1, 0, choose)
    return tokens


def word_columns(backbone: Backbone, method: Method | None, texts: Texts, sources: Sequence[str]) -> list[list[int]]:
    """Where each source's words end in its row."""
    columns = []
    for source, mask in zip(sources, texts.mask, strict=True):
        num_ids, before = int(mask.sum()) - (0 if method is None else method.num_added), int(mask.long().argmax())
        places = word_places(backbone, source, num_ids, method is not None and method.words_in_front)
        columns.append([before + p for p in (places if method is None else method.places(places, num_ids))])
    return columns


def likeliest(
    backbone: Backbone, method: Method | None, reader: Reader, texts: Texts, injection: Injection | None, at: Tensor
) -> list[int]:
    """The number of the class that is read off at each flat position."""
    at = at.to(backbone.device)
    if method is None:
        return reader(*backbone.outputs(texts, injection, at)).argmax(dim=1).tolist()
    many, places = for_each_prompt(method, texts, at)
    scores = reader(*backbone.outputs(many, injection, places))
    if method.votes:
        votes = scores.argmax(dim=1).view(method.num_prompts, -1).T.tolist()
        return [majority(row) for row in votes]
    return mixed(method, texts, at, scores).argmax(dim=1).tolist()
