"""The texts of one forward pass.

Comes in:  ids and masks.      Goes out: the same on another device, or padded as a model wants it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from foreword.backbone.padding import padded_on


@dataclass(frozen=True)
class Texts:
    """Token ids for one forward pass, padded anywhere.

    ids, mask:      [B, T], the text (the encoder's text where there is an encoder); mask is True on real tokens. An id of -n is
        the n-th of the injection's vectors.
    decoder_ids, decoder_mask: [B, T'], the decoder's own text in encoder-decoder models.
    starts:         [B] columns before which an infix stands, in decoder-only models; None: it stands before the text.
    """

    ids: Tensor
    mask: Tensor
    decoder_ids: Tensor | None = None
    decoder_mask: Tensor | None = None
    starts: Tensor | None = None

    def to(self, device: torch.device) -> "Texts":
        parts = (self.ids, self.mask, self.decoder_ids, self.decoder_mask, self.starts)
        return Texts(*(None if part is None else part.to(device) for part in parts))  # type: ignore[arg-type]

    def repeated(self, times: int) -> "Texts":
        """All rows so often, one copy of them behind the other."""
        parts = (self.ids, self.mask, self.decoder_ids, self.decoder_mask, self.starts)
        return Texts(*(None if part is None else torch.cat([part] * times) for part in parts))  # type: ignore[arg-type]


def padded_on_the_right(texts: Texts) -> tuple[Texts, Tensor | None]:
    """The texts as models without given positions want them, and where the tokens now stand whose logits are asked for."""
    ids, mask, place = padded_on("right", texts.ids, texts.mask)
    decoder_ids, decoder_mask = texts.decoder_ids, texts.decoder_mask
    if decoder_ids is not None:
        place = None
        if decoder_mask is not None:
            decoder_ids, decoder_mask, place = padded_on("right", decoder_ids, decoder_mask)
    return Texts(ids, mask, decoder_ids, decoder_mask), place
