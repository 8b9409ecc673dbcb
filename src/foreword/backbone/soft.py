"""Trained vectors in the place of words: a text's id -1, -2, ... is the first, second, ... vector of the current injection.

Comes in:  a model and its seam.      Goes out: the same model, whose word tables know such ids.
So a text with soft prompts anywhere in it is a text like any other to batching, padding, positions and generation.
"""

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from foreword.prefix import Seam


def let_vectors_stand_for_words(model: PreTrainedModel, seam: Seam) -> list[RemovableHandle]:
    """Hook every table of the model's words."""

    def hide_names(table: nn.Module, args: tuple[Tensor]) -> tuple[Tensor] | None:
        if seam.now is None or seam.now.vectors is None:
            return None
        seam.named = args[0]
        return (args[0].clamp(min=0),)

    def put_vectors(table: nn.Module, args: tuple[Tensor], words: Tensor) -> Tensor | None:
        if seam.named is None or seam.now is None or seam.now.vectors is None:
            return None
        ids, seam.named = seam.named, None
        return with_vectors(words, ids, seam.now.vectors)

    tables = word_tables(model)
    before = [table.register_forward_pre_hook(hide_names) for table in tables]
    return before + [table.register_forward_hook(put_vectors) for table in tables]


def word_tables(model: PreTrainedModel) -> list[nn.Embedding]:
    """The tables in which words are looked up: one, or an encoder's and a decoder's over the same weights."""
    weight = model.get_input_embeddings().weight
    return [module for module in model.modules() if isinstance(module, nn.Embedding) and module.weight is weight]


def with_vectors(words: Tensor, ids: Tensor, vectors: Tensor) -> Tensor:
    """words [B, T, E], but where ids [B, T] are negative the vectors they name; of vectors [R, N, E] each serves B / R rows."""
    num_rows = len(ids)
    rows = torch.arange(num_rows, device=ids.device)[:, None] // (num_rows // len(vectors))
    return torch.where((ids < 0)[..., None], vectors[rows, (-ids - 1).clamp(min=0)], words)
