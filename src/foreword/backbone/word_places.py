"""Where the words of a source stand among its ids.

Comes in:  a source, and how many ids were made of it.      Goes out: a column for each word.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence

from foreword.backbone.backbone import Backbone
from foreword.backbone.wording import as_read, markers
from foreword.errors import UnsupportedBackbone

WORD = re.compile(r"\S+")


def word_places(backbone: Backbone, source: str, num_ids: int, behind_words: bool = False) -> list[int]:
    """The column of each word's last token: a decoder has read the whole word there. Words that a limit cut off have none.

    Args:
        source: words between spaces.
        num_ids: what `source_ids` left of it; behind_words: as there.

    Raises:
        UnsupportedBackbone: a tokenizer that does not say which characters its tokens are.
    """
    if not backbone.tokenizer.is_fast:
        raise UnsupportedBackbone(
            f"{backbone.name}'s tokenizer does not say where its tokens stand, so no word can be given a tag. Save it with a "
            "tokenizer.json."
        )
    text = as_read(backbone, source, behind_words)
    decoder_only = backbone.kind == "decoder-only"
    made = backbone.tokenizer(text, add_special_tokens=not decoder_only, return_offsets_mapping=True)
    offsets = made["offset_mapping"]
    tokens = [(end, column) for column, (start, end) in enumerate(offsets) if end > start]
    whole = num_ids == len(offsets) + decoder_only  # the separator stands behind
    num_kept = num_ids if whole else num_ids - markers(backbone)[1]
    places = last_tokens([match.span() for match in WORD.finditer(text)], tokens)
    return [place for place in places if place < num_kept]


def last_tokens(spans: Sequence[tuple[int, int]], tokens: Sequence[tuple[int, int]]) -> list[int]:
    """For each word the last token that ends within it; a word that the tokenizer drops has the place of what stands before.

    Args:
        spans: of each word, from where to where its characters go.
        tokens: (where its characters end, column) of each token, from left to right.
    """
    return [tokens[max(bisect_right(tokens, end, key=lambda token: token[0]) - 1, 0)][1] for _, end in spans]
