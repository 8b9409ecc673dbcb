"""How classes are read off where no answer is written.

Comes in:  a backbone, a method, the word of each class.      Goes out: scores of the classes, from the output layer's ends.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from foreword.backbone import Backbone
from foreword.backbone.wording import word_ids
from foreword.errors import BadRecipe, UnsupportedBackbone
from foreword.methods.base.method import Method

Reader = Callable[
    [Tensor, Tensor], Tensor
]  # what goes into the output layer [N, E], what comes out [N, V] -> scores [N, C]


def reader_of(
    backbone: Backbone, method: Method | None, words: Sequence[str], per_word: bool = False, one_of_words: bool = False
) -> Reader | None:
    """What reads classes off the output layer's input and output; None where answers are written.

    Args:
        per_word: a class for each word of a source, not one for all of it.
        one_of_words: compare the words in any model, not in those alone that cannot write.

    Raises:
        UnsupportedBackbone: the backbone has no place, or nothing, to read them off.
        BadRecipe: a masked model would fill in a word for each word.
    """
    if method is not None and method.reads_classes:
        if per_word and method.behind_source:
            raise BadRecipe(
                "an infix stands behind the source, where none of its words sees it, so it cannot change their tags. Set "
                "method.prefix_len, or choose prefix-tuning."
            )
        if per_word and backbone.kind == "encoder-decoder":
            raise UnsupportedBackbone(
                f"{backbone.name} answers in its decoder, which has no place for each word of a source. Choose an encoder or a "
                "decoder-only model, or leave method.head out: it then writes the tags."
            )
        return lambda hidden, logits: method.read(hidden)
    if one_of_words and not words:
        raise BadRecipe("generate.one_of_words: this task's answers are not one of a few words. Leave it out.")
    if not words or (backbone.kind != "encoder-only" and not one_of_words):
        return None
    if per_word:
        raise BadRecipe(f"only a trained layer can read a tag off each word of {backbone.name}. Set method.head=true.")
    if not backbone.has_words:
        raise UnsupportedBackbone(
            f"{backbone.name} has no layer over its vocabulary, so it cannot fill in a class' word. Set method.head=true, or train "
            "such a layer (scripts/masked_head.py)."
        )
    tokens = torch.tensor(word_ids(backbone, words), device=backbone.device)
    return lambda hidden, logits: logits[:, tokens]
