"""The words of a batch's sources, for methods that read them.

Comes in:  texts, padded anywhere, with vectors' names, markers and answers among their ids.      Goes out: each row's first words.
"""

import torch
from torch import Tensor

from foreword.backbone import Texts


def first_words(texts: Texts, num_tokens: int, markers: tuple[int, int]) -> Tensor:
    """[B, num_tokens]: ids of each source's first words; a shorter source begins again.

    Args:
        markers: how many ids at a source's beginning and at its end are no words.
    """
    rows = []
    for row, (ids, mask) in enumerate(zip(texts.ids.tolist(), texts.mask.tolist(), strict=True)):
        end = len(ids) if texts.starts is None else int(texts.starts[row]) + 1  # behind it stands what is to be learnt
        real = [token for token, there in zip(ids[:end], mask[:end], strict=True) if there and token >= 0]
        words = real[markers[0] : len(real) - markers[1]] or real
        rows.append([words[i % len(words)] for i in range(num_tokens)])
    return torch.tensor(rows, device=texts.ids.device)
