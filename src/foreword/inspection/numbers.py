"""Findings as plain numbers.

Comes in:  Findings, tensors of them.      Goes out: what JSON can hold.
"""

from typing import Any

from torch import Tensor

from foreword.inspection.looking import Findings


def figures(one: Findings) -> dict[str, Any]:
    """What was found as plain numbers, rounded to what can be believed of them."""
    return {
        "name": one.name,
        "texts": one.num_texts,
        "attention_share": {site: round(share, 4) for site, share in shares_of(one).items()},
        "attention": {site: rounded(shares) for site, shares in one.attention.items()},  # [L, N, P]
        "loss": round(one.loss, 4),
        "loss_without_position": [round(loss, 4) for loss in one.without_position],
        "loss_without_layer": {site: [round(loss, 4) for loss in losses] for site, losses in one.without_layer.items()},
        "alike": rounded(one.alike),  # [P, P]
        "nearest_words": [[word for word, _ in near] for near in one.words],
    }


def rounded(tensor: Tensor) -> Any:
    """As lists; five digits, for of many positions each has a small share."""
    return [rounded(row) for row in tensor] if tensor.ndim > 1 else [round(float(value), 5) for value in tensor]


def shares_of(one: Findings) -> dict[str, float]:
    """site -> the share of attention that the whole prefix has, over all layers and heads."""
    return {site: float(part.sum(dim=2).mean()) for site, part in one.attention.items()}
