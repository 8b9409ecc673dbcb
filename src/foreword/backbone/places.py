"""Where the words of a decoder's text stand: behind the prefix, and behind an infix from its place on.

Comes in:  what a model is called with.      Goes out: the same with positions, each row's own.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from foreword.backbone.padding import positions
from foreword.prefix.injection import Opened


def behind_prefix(now: Opened, ids: Tensor | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The model's keyword arguments with position_ids moved on.

    Args:
        ids: the text, where it was not given by name.
    """
    text = ids if ids is not None else given.get("input_ids")
    text = given["inputs_embeds"] if text is None else text
    (num_rows, text_len), past = text.shape[:2], given.get("past_key_values")
    mask, places = given.get("attention_mask"), given.get("position_ids")
    seen = 0 if past is None else past.get_seq_length()
    column = torch.arange(seen, seen + text_len, device=text.device)[None]
    if places is None:
        places = column if mask is None else positions(mask)[:, -text_len:]
    offset: Tensor | int = now.prefix_len
    if now.lengths is not None:
        offset = now.lengths.repeat_interleave(num_rows // len(now.lengths))[:, None]
    more: dict[str, Any] = {}
    if now.infix_len and now.starts is not None:
        starts = now.starts.repeat_interleave(num_rows // len(now.starts))[:, None]
        offset = offset - now.infix_len * (column < starts).long()
        if (
            mask is None
        ):  # without one, transformers takes positions that leap for several texts in one row, and parts them
            more["attention_mask"] = torch.ones(num_rows, seen + text_len, dtype=torch.long, device=text.device)
    return {**given, **more, "position_ids": places + offset}


def unused_positions(model: PreTrainedModel, limit: int) -> int:
    """Of a position table's `limit` rows those that stand for padding, and those before: RoBERTa's text begins at row 2."""
    words = model.get_input_embeddings()
    tables = [m for m in model.modules() if isinstance(m, nn.Embedding) and m is not words]
    return max(
        (m.padding_idx + 1 for m in tables if m.num_embeddings == limit and m.padding_idx is not None), default=0
    )
