"""What the three ways to pretrain have in common.

Comes in:  a plan, the corpus' tokenizer, token shards.      Goes out: a new model; batches by step; losses.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scripts.pretraining.plan import Plan
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

HELD_OUT = ("novels", "tables", "dart")
IGNORED = -100


@dataclass(frozen=True)
class Batch:
    """What the loss is computed from, and the share of the step's loss that its mean is."""

    tensors: tuple[Tensor, ...]
    share: float


class Objective(ABC):
    """One way to learn from shards."""

    def __init__(self, plan: Plan, corpus: Path):
        self.plan = plan
        self.tokenizer = self.tokenizer_of(Tokenizer.from_file(str(corpus / "tokenizer.json")))
        self.vocab_size = -(-len(self.tokenizer) // 64) * 64

    @abstractmethod
    def tokenizer_of(self, tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
        """The corpus' tokenizer with the markers that a model of this kind wants; every id of the shards keeps its meaning."""

    @abstractmethod
    def new_model(self) -> PreTrainedModel:
        """Random weights from the plan's seed."""

    @abstractmethod
    def steps(self, shards: Sequence[Path], first_step: int) -> Iterator[list[Batch]]:
        """The batches of each step from `first_step` on, round and round over the shards."""

    @abstractmethod
    def loss(self, model: Any, *tensors: Tensor) -> Tensor:
        """Mean loss of a batch."""

    @abstractmethod
    def held_out(self, shard: Path) -> Iterator[tuple[tuple[Tensor, ...], int]]:
        """A held-out shard's batches, each with the number of its targets; the same at every call."""

    @torch.no_grad()
    def held_out_losses(self, model: nn.Module, corpus: Path) -> dict[str, float]:
        """Nats per token on texts never trained on; of a table only its text counts."""
        losses = {}
        for name in HELD_OUT:
            parts = [
                (self.loss(model, *tensors).item(), count) for tensors, count in self.held_out(corpus / f"{name}.npz")
            ]
            losses[name] = round(sum(x * n for x, n in parts) / sum(n for _, n in parts), 4)
        return losses


def tensors_of(shard: Path) -> tuple[np.ndarray, np.ndarray]:
    """A shard's tokens, and each one's weight in percent."""
    data = np.load(shard)
    return data["tokens"], data["weight"]


def generator_of(plan: Plan, step: int) -> torch.Generator:
    """A step's own random numbers, so that a run that goes on draws as one that never stopped."""
    return torch.Generator().manual_seed(plan.seed * 1_000_003 + step)


def padded_to(positions: Tensor, targets: Tensor, multiple: int = 512) -> tuple[Tensor, Tensor]:
    """Both padded with ignored targets, so that few shapes are compiled."""
    size = -(-len(positions) // multiple) * multiple
    places, wanted = torch.zeros(size, dtype=torch.long), torch.full((size,), IGNORED)
    places[: len(positions)], wanted[: len(targets)] = positions, targets
    return places, wanted


def mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross entropy over the targets that are not ignored."""
    each = nn.functional.cross_entropy(logits, targets, reduction="none", ignore_index=IGNORED)
    return each.float().sum() / (targets >= 0).sum()
