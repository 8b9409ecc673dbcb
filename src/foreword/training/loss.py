"""The loss of the papers: cross-entropy of target tokens, summed over a text or averaged over tokens.

Comes in:  logits at target positions, the targets.      Goes out: one number, to be divided over a batch.
"""

from typing import Any

import torch
from torch import Tensor


def target_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Summed cross-entropy, computed in float32. logits [N, V], targets [N]."""
    return SummedCrossEntropy.apply(logits, targets)


class SummedCrossEntropy(torch.autograd.Function):
    """`cross_entropy(logits.float(), targets, reduction="sum")` with one float32 tensor of the logits' size instead of four.

    Over a large vocabulary these tensors, not the products, are what takes time and memory: the gradient, softmax minus one at
    the target, is made in the place of the softmax while that is at hand.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        shares = torch.softmax(logits, dim=-1, dtype=torch.float32)
        highest, where = logits.max(dim=-1, keepdim=True)
        # log softmax at the target by way of the largest logit, whose share cannot underflow as the target's can.
        rows = targets[:, None]
        log_share = logits.gather(1, rows).float() - highest.float() + shares.gather(1, where).log()
        ctx.save_for_backward(shares.scatter_add_(1, rows, torch.full_like(log_share, -1.0)))
        ctx.dtype = logits.dtype
        return -log_share.sum()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(grad).to(ctx.dtype), None  # in place: a second backward pass is refused by autograd


def divisor(objective: str, num_rows: int, num_targets: int) -> int:
    """What a batch's summed loss is divided by: its rows ("sum", as the prefix-tuning paper's code) or its target tokens."""
    return num_rows if objective == "sum" else num_targets
