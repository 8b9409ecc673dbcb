"""The frozen model behind one interface, whatever its family.

Comes in:  a transformers model and its tokenizer; then batches of ids and an Injection.
Goes out:  logits, real words' keys and values, generated ids.
It is in eval mode and its parameters take no gradient unless a method asks for it. Decoder-only models see their text from
position P on (the prefix occupies 0..P-1), per row, whatever the padding; encoder-decoder models keep their positions.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from foreword.backbone.fingerprint import model_fingerprint, tokenizer_hash
from foreword.backbone.sites import mark_sites, refusal
from foreword.errors import PrefixMismatch
from foreword.prefix import Injection, Prefix, Seam


@dataclass(frozen=True)
class Texts:
    """Token ids for one forward pass, padded anywhere.

    ids, mask:      [B, T], the text (the encoder's text where there is an encoder); mask is True on real tokens.
    decoder_ids, decoder_mask: [B, T'], the decoder's own text in encoder-decoder models.
    """

    ids: Tensor
    mask: Tensor
    decoder_ids: Tensor | None = None
    decoder_mask: Tensor | None = None

    def to(self, device: torch.device) -> "Texts":
        parts = (self.ids, self.mask, self.decoder_ids, self.decoder_mask)
        return Texts(*(None if part is None else part.to(device) for part in parts))  # type: ignore[arg-type]


class Backbone:
    """A frozen language model that can be given an injection."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str, revision: str = ""):
        self.model, self.tokenizer, self.name, self.revision = model, tokenizer, name, revision
        self.seam = Seam()
        model.eval().requires_grad_(False)
        self.sites = mark_sites(model, self.seam, name)
        self.kind = kind_of(model.config.is_encoder_decoder, self.sites)
        self._kept_positions: Tensor | None = None
        head = model.get_output_embeddings()
        if head is not None:
            head.register_forward_pre_hook(self._keep_positions)
        if self.kind == "decoder-only":
            if "position_ids" not in inspect.signature(model.forward).parameters:
                raise refusal(name, model, "it takes no position_ids, so its text cannot start after the prefix")
            model.register_forward_pre_hook(self._shift_positions, with_kwargs=True)

    @cached_property
    def fingerprint(self) -> str:
        return model_fingerprint(self.model)

    @cached_property
    def tokenizer_hash(self) -> str:
        return tokenizer_hash(self.tokenizer)

    @property
    def hidden_size(self) -> int:
        return self.model.config.get_text_config(decoder=True).hidden_size

    @property
    def num_parameters(self) -> int:
        return sum(p.numel() for p in self.model.parameters())

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        return self.model.dtype

    @property
    def max_len(self) -> int | None:
        """Positions the model has, prefix and text together; None where there is no limit (T5)."""
        limit = getattr(self.model.config.get_text_config(decoder=True), "max_position_embeddings", None)
        return None if limit is None else int(limit)

    @contextmanager
    def injected(self, injection: Injection | None) -> Iterator[None]:
        """Every forward pass of the model inside the block attends to the injection first."""
        with self.seam.open(None if injection is None else injection.to(self.dtype)):
            yield

    def logits(self, texts: Texts, injection: Injection | None = None, at: Tensor | None = None) -> Tensor:
        """Next-token logits.

        Args:
            at: flat positions (row * T + t, of the decoder's text where there are two) to give logits for; None: all.

        Returns:
            [B, T, V], or [N, V] for N positions in `at`: nothing is computed for the others in the output layer.
        """
        if injection is None:
            return self._logits(texts, at)
        with self.injected(injection):
            return self._logits(texts, at)

    def _logits(self, texts: Texts, at: Tensor | None) -> Tensor:
        self._kept_positions = at
        try:
            logits = self.model(**self._model_inputs(texts), use_cache=False).logits
        finally:
            self._kept_positions = None
        return logits if at is None else logits[0]

    def _model_inputs(self, texts: Texts) -> dict[str, Tensor]:
        mask = None if bool(texts.mask.all()) else texts.mask.long()
        inputs: dict[str, Tensor | None] = {"input_ids": texts.ids, "attention_mask": mask}
        if self.kind == "decoder-only":
            inputs["position_ids"] = positions(texts.mask)
        if texts.decoder_ids is not None:
            inputs["decoder_input_ids"] = texts.decoder_ids
            if texts.decoder_mask is not None and not bool(texts.decoder_mask.all()):
                inputs["decoder_attention_mask"] = texts.decoder_mask.long()
        return {name: tensor for name, tensor in inputs.items() if tensor is not None}

    def activations(self, ids: Sequence[int]) -> Prefix:
        """The prefix that real words are: their keys and values at every site, as if they stood first."""
        if not ids:
            raise PrefixMismatch("words to start a prefix from must be at least one token, got none.")
        row = torch.tensor([list(ids)], device=self.device)
        texts = Texts(row, torch.ones_like(row, dtype=torch.bool), row if self.kind == "encoder-decoder" else None)
        with torch.no_grad(), self.seam.recording() as asked:
            self.model(**self._model_inputs(texts), use_cache=False)
        keys = {s: torch.stack([a.key[0] for a in asked if a.site.site == s]) for s in self.sites}
        values = {s: torch.stack([a.value[0] for a in asked if a.site.site == s]) for s in self.sites}
        return Prefix(keys, values)

    @torch.no_grad()
    def generate(self, texts: Texts, config: GenerationConfig, injection: Injection | None = None) -> Tensor:
        """Continue each row (decoder-only), or answer it (encoder-decoder): new token ids [B * returned, T']."""
        mask = texts.mask.long()
        with self.injected(injection):
            out: Any = self.model.generate(input_ids=texts.ids, attention_mask=mask, generation_config=config)  # type: ignore[operator]
        return out[:, texts.ids.shape[1] :] if self.kind == "decoder-only" else out[:, 1:]

    def _shift_positions(
        self, module: nn.Module, args: tuple, kwargs: dict[str, Any]
    ) -> tuple[tuple, dict[str, Any]] | None:
        """The text starts where the prefix ends: add each row's prefix length to its positions."""
        if not self.seam.prefix_len:
            return None
        given = kwargs.get("position_ids")
        if given is None:
            ids = args[0] if args else kwargs["input_ids"]
            mask, past = kwargs.get("attention_mask"), kwargs.get("past_key_values")
            if mask is not None:
                given = positions(mask.bool())[:, -ids.shape[1] :]
            else:
                seen = 0 if past is None else past.get_seq_length()
                given = torch.arange(seen, seen + ids.shape[1], device=ids.device)[None]
        offset: Tensor | int = self.seam.prefix_len
        if self.seam.lengths is not None:
            rows = self.seam.lengths
            offset = (
                rows.repeat_interleave(given.shape[0] // len(rows))[:, None] if given.shape[0] > 1 else rows[:, None]
            )
        return args, {**kwargs, "position_ids": given + offset}

    def _keep_positions(self, module: nn.Module, args: tuple) -> tuple | None:
        """Before the output layer: only the positions asked for, as one row."""
        if self._kept_positions is None:
            return None
        return (args[0].flatten(0, 1)[self._kept_positions][None],)


def positions(mask: Tensor) -> Tensor:
    """Position of every token among the real ones of its row, [B, T]; padding before them counts as the first."""
    return (mask.long().cumsum(-1) - 1).clamp(min=0)


def kind_of(is_encoder_decoder: bool, sites: object) -> str:
    if is_encoder_decoder:
        return "encoder-decoder"
    return "decoder-only" if "decoder" in sites else "encoder-only"  # type: ignore[operator]
