"""How classes are read off where no answer is written.

Comes in:  a backbone, a method, the word of each class.      Goes out: scores of the classes, from the output layer's ends.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from foreword.backbone import Backbone
from foreword.backbone.wording import word_ids
from foreword.errors import UnsupportedBackbone
from foreword.methods.base.method import Method

Reader = Callable[
    [Tensor, Tensor], Tensor
]  # what goes into the output layer [N, E], what comes out [N, V] -> scores [N, C]


def reader_of(backbone: Backbone, method: Method | None, words: Sequence[str]) -> Reader | None:
    """What reads classes off the output layer's input and output; None where answers are written."""
    if method is not None and method.reads_classes:
        return lambda hidden, logits: method.read(hidden)
    if backbone.kind != "encoder-only" or not words:
        return None
    if not backbone.has_words:
        raise UnsupportedBackbone(
            f"{backbone.name} has no layer over its vocabulary, so it cannot fill in a class' word. Set method.head=true, or train "
            "such a layer (scripts/masked_head.py)."
        )
    tokens = torch.tensor(word_ids(backbone, words), device=backbone.device)
    return lambda hidden, logits: logits[:, tokens]
