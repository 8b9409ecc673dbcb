"""The loss of the papers: cross-entropy of target tokens, summed over a text or averaged over tokens.

Comes in:  logits at target positions, the targets.      Goes out: one number, to be divided over a batch.
"""

from torch import Tensor
from torch.nn.functional import cross_entropy


def target_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Summed cross-entropy, in float32. logits [N, V], targets [N]."""
    return cross_entropy(logits.float(), targets, reduction="sum")


def divisor(objective: str, num_rows: int, num_targets: int) -> int:
    """What a batch's summed loss is divided by: its rows ("sum", as the prefix-tuning paper's code) or its target tokens."""
    return num_rows if objective == "sum" else num_targets
