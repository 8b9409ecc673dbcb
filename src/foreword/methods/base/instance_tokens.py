"""The tokens of a batch's sources, for methods that read them.

Comes in:  texts, padded anywhere, with vectors' names, markers and answers among their ids.      Goes out: each row's first tokens.
"""

import torch
from torch import Tensor

from foreword.backbone import Backbone, Texts


def mean_vectors(backbone: Backbone, texts: Texts) -> Tensor:
    """[B, E]: the mean of the vectors of each source's tokens, its markers among them; of the answer nothing is read."""
    place = torch.arange(texts.ids.shape[1], device=texts.ids.device)
    read = texts.mask & (texts.ids >= 0)
    if texts.starts is not None:
        read &= place <= texts.starts[:, None]
    vectors = backbone.word_vectors_of(texts.ids.clamp(min=0)) * read[..., None]
    return vectors.sum(dim=1) / read.sum(dim=1, keepdim=True)


def first_tokens(texts: Texts, num_tokens: int, markers: tuple[int, int]) -> Tensor:
    """[B, num_tokens]: ids of each source's first tokens; a shorter source begins again.

    Args:
        markers: how many ids at a source's beginning and at its end are no tokens of it.
    """
    rows = []
    for row, (ids, mask) in enumerate(zip(texts.ids.tolist(), texts.mask.tolist(), strict=True)):
        end = len(ids) if texts.starts is None else int(texts.starts[row]) + 1  # behind it stands what is to be learnt
        real = [token for token, there in zip(ids[:end], mask[:end], strict=True) if there and token >= 0]
        own = real[markers[0] : len(real) - markers[1]] or real
        rows.append([own[i % len(own)] for i in range(num_tokens)])
    return torch.tensor(rows, device=texts.ids.device)
