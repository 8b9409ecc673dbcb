"""Optimizers and learning-rate schedules of the papers.

Comes in:  names and numbers.      Goes out: a torch optimizer; the factor of the learning rate at a step.
"""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import Optimizer


def build_optimizer(name: str, moved: Iterable[nn.Parameter], lr: float, weight_decay: float) -> Optimizer:
    """AdamW as the prefix-tuning paper's code sets it (eps 1e-8), or Adafactor with the learning rate it is given.

    Fused: one pass over the numbers instead of a dozen. A prefix's MLP on GPT-2 small is 9.5 M of them every step.
    """
    parameters = [{"params": list(moved)}]  # in a group a list may be empty: prompting trains nothing
    if name == "adafactor":
        from transformers import Adafactor

        return Adafactor(
            parameters, lr=lr, weight_decay=weight_decay, decay_rate=-0.8, scale_parameter=False, relative_step=False
        )
    return torch.optim.AdamW(parameters, lr=lr, weight_decay=weight_decay, eps=1e-8, fused=True)


def lr_factor(schedule: str, step: int, warmup_steps: int, total_steps: int) -> float:
    """Share of the highest learning rate at a step (from 0): up over the warm-up, then straight down to zero, or level."""
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if schedule == "constant":
        return 1.0
    return (total_steps - step) / max(total_steps - warmup_steps, 1)
