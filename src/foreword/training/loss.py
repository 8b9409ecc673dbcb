"""The loss of the papers: cross-entropy of target tokens, summed over a text or averaged over tokens.

Comes in:  logits at target positions, the targets.      Goes out: one number, to be divided over a batch.
"""

from typing import Any

import torch
from torch import Tensor

ROWS = 64  # targets whose float32 shares are held at once


def target_loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Summed cross-entropy, computed in float32. logits [N, V] are used up: their gradient takes their place. targets [N].

    Of what is wanted, `smoothing` is spread evenly over the vocabulary (Szegedy et al., 2016, arXiv:1512.00567).
    """
    return SummedCrossEntropy.apply(logits, targets, smoothing)


class SummedCrossEntropy(torch.autograd.Function):
    """`cross_entropy(logits.float(), targets, reduction="sum", label_smoothing=...)`, its gradient made along the way, some
    rows at a time.

    Over a large vocabulary the tensors around the loss, not the products, take time and memory: four of the logits' size in
    float32 when written out. Here there is none: the gradient is written over the logits, which nobody needs any more. (A
    model whose last operation still needs its own output in the backward pass is stopped by autograd, not wrong.)
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        gradient = logits.detach() if ctx.needs_input_grad[0] else None  # the same numbers in the same place
        loss = logits.new_zeros((), dtype=torch.float32)
        for start in range(0, len(targets), ROWS):
            some, wanted = logits[start : start + ROWS], targets[start : start + ROWS, None]
            shares = torch.softmax(some, dim=-1, dtype=torch.float32)
            highest, where = some.max(dim=-1, keepdim=True)
            # log softmax at the target by way of the largest logit, whose share cannot underflow as the target's can.
            right = some.gather(1, wanted).float()
            loss -= (right - highest.float() + shares.gather(1, where).log()).sum()
            if smoothing:
                loss += smoothing * (right - some.mean(dim=-1, keepdim=True, dtype=torch.float32)).sum()
                shares -= smoothing / some.shape[1]
            if gradient is not None:
                gradient[start : start + ROWS] = shares.scatter_add_(1, wanted, torch.full_like(right, smoothing - 1))
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(grad), None, None  # in place: a second backward pass is refused by autograd


def divisor(objective: str, num_rows: int, num_targets: int) -> int:
    """What a batch's summed loss is divided by: its rows ("sum", as the prefix-tuning paper's code) or its target tokens."""
    return num_rows if objective == "sum" else max(1, num_targets)  # of words that all were cut off there are none
