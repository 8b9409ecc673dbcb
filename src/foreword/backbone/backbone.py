"""The frozen model behind one interface, whatever its family.

Comes in:  a transformers model and its tokenizer; then batches of ids and an Injection.
Goes out:  logits, real words' keys and values, generated ids.
It is in eval mode and its parameters take no gradient unless a method asks for it. Decoder-only models see their text from
position P on (the prefix occupies 0..P-1), per row, whatever the padding; encoder-decoder models keep their positions.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, LogitsProcessorList, PreTrainedModel, PreTrainedTokenizerBase

from foreword.backbone.checkpointing import set_checkpointing
from foreword.backbone.fingerprint import altered_fingerprint, model_fingerprint, tokenizer_hash
from foreword.backbone.layers import Layer, stacks_of
from foreword.backbone.output import Wanted
from foreword.backbone.padding import flat_places, padded_on, positions
from foreword.backbone.places import behind_prefix, unused_positions
from foreword.backbone.proof import words_act_as_prefix
from foreword.backbone.sites import kind_of, mark_sites, refusal, restored_if_refused
from foreword.backbone.soft import let_vectors_stand_for_words, word_tables
from foreword.backbone.texts import Texts, padded_on_the_right
from foreword.errors import PrefixMismatch, UnsupportedBackbone
from foreword.prefix import Injection, Prefix, Seam


class Backbone:
    """A frozen language model that can be given an injection."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str, revision: str = ""):
        self.model, self.tokenizer, self.name, self.revision = model, tokenizer, name, revision
        self.seam = Seam()
        self._wanted = Wanted()
        self._no_words = nn.Identity()  # in the output layer's place, where an encoder has none
        self.num_parameters = sum(p.numel() for p in model.parameters())  # whatever a method may add
        self._alterations: list[nn.Module] = []
        model.eval().requires_grad_(False)
        # What a caller leaves open would be taken from the model's own; of that, only where a decoder starts and ends is kept.
        own, start = getattr(model, "generation_config", None), getattr(model.config, "decoder_start_token_id", None)
        start = getattr(own, "decoder_start_token_id", None) if start is None else start
        self.own_ends: int | list[int] | None = getattr(own, "eos_token_id", None)
        model.generation_config = GenerationConfig(decoder_start_token_id=start)
        with restored_if_refused(model):
            self.sites = mark_sites(model, self.seam, name)
            self.kind = kind_of(model.config.is_encoder_decoder, self.sites)
            self._hook()
        if self.kind == "decoder-only":
            # transformers would warn of padding wherever the end marker, often the pad as well, stands at the end of a source.
            model.config.pad_token_id = None

    @classmethod
    def load(
        cls, name: str = "scribe", revision: str | None = None, dtype: str = "float32", device: str = "cpu"
    ) -> "Backbone":
        """An embedded backbone, one from a folder, or one by hub name; see `loading.load_backbone`."""
        from foreword.backbone.loading import load_backbone

        return load_backbone(name, revision, dtype, device)

    def _hook(self) -> None:
        if not self.has_words and self.kind != "encoder-only":
            raise refusal(self.name, self.model, "it has no output layer over its vocabulary")
        hooks = [
            self.output_layer.register_forward_pre_hook(self._wanted.keep),
            self.output_layer.register_forward_hook(self._wanted.note),
            *let_vectors_stand_for_words(self.model, self.seam),
        ]
        if self.kind == "decoder-only":
            hooks.append(self.model.register_forward_pre_hook(self._shift_positions, with_kwargs=True))
            if not words_act_as_prefix(self):
                for hook in hooks:
                    hook.remove()
                reason = (
                    "the same words in front of a text and as its prefix give different logits, so it keeps more than keys "
                    "and values (a state-space part), or places its text in a way of its own"
                )
                raise refusal(self.name, self.model, reason)

    @cached_property
    def fingerprint(self) -> str:
        """Of the model as it was loaded: what runs, results and stored prefixes name."""
        return model_fingerprint(self.model)

    @property
    def fingerprint_now(self) -> str:
        """Of the model as it is: another one where a method has altered it."""
        return altered_fingerprint(self.model, self._alterations) if self._alterations else self.fingerprint

    def alter(self, by: nn.Module) -> None:
        """From now on the model is another one than that which was loaded.

        Args:
            by: the model itself, whose weights move; or what was put into it.
        """
        assert self.fingerprint, "read before anything moves"
        self._alterations.append(by)

    @cached_property
    def tokenizer_hash(self) -> str:
        return tokenizer_hash(self.tokenizer)

    @cached_property
    def line_break_ids(self) -> list[int]:
        """Every token that holds a line break, alone or with other characters."""
        texts = self.tokenizer.batch_decode([[i] for i in range(len(self.tokenizer))])
        return [i for i, text in enumerate(texts) if "\n" in text]

    @cached_property
    def stacks(self) -> dict[str, list[Layer]]:
        """ "encoder" and "decoder" -> their layers, from the bottom to the top."""
        return stacks_of(self.model, self.seam, self._model_inputs(self.texts_of([0, 0, 0])), self.name)

    @property
    def has_words(self) -> bool:
        """Whether it has an output layer over its vocabulary; without one only a trained layer can read it."""
        return self.model.get_output_embeddings() is not None

    @property
    def hidden_size(self) -> int:
        return self.model.config.get_text_config(decoder=True).hidden_size

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        return self.model.dtype

    @property
    def max_len(self) -> int | None:
        """Positions a text can have (in decoder-only models prefix and text together); None where there is no limit (T5)."""
        limit = getattr(self.model.config.get_text_config(decoder=True), "max_position_embeddings", None)
        return None if limit is None else int(limit) - unused_positions(self.model, int(limit))

    def checkpointing(self, on: bool) -> None:
        """Keep no activations inside the layers but compute them again in the backward pass: less memory, a third more time."""
        if not set_checkpointing(self.model, self.seam, on) and on:
            raise UnsupportedBackbone(f"{self.name} has no layers that can recompute; train it without checkpointing.")

    @contextmanager
    def injected(self, injection: Injection | None) -> Iterator[None]:
        """Every forward pass of the model inside the block (by this thread) attends to the injection first."""
        if injection is None:
            yield
            return
        with self.seam.open(injection.to(self.device, self.dtype)):
            yield

    def logits(self, texts: Texts, injection: Injection | None = None, at: Tensor | None = None) -> Tensor:
        """Next-token logits.

        Args:
            at: flat positions (row * T + t, of the decoder's text where there are two) to give logits for; None: all.

        Returns:
            [B, T, V], or [N, V] for N positions in `at`: nothing is computed for the others in the output layer.
        """
        place = None
        if self.kind != "decoder-only":
            texts, place = padded_on_the_right(texts)
        if at is not None and place is not None:
            at = flat_places(at, place)
        with self.injected(injection), self.seam.starting(texts.starts), self.only_at(at):
            made = self.model(**self._model_inputs(texts), use_cache=False)
            logits = made.logits if self.has_words else self.output_layer(made.last_hidden_state)
        if at is not None:
            assert logits.shape[:2] == (1, len(at)), f"{self.name} computes its output layer in a way of its own"
            return logits.squeeze(0)  # not [0]: its backward pass would fill a second tensor of this size
        return logits if place is None else logits.gather(1, place[..., None].expand_as(logits))

    @contextmanager
    def only_at(self, at: Tensor | None) -> Iterator[None]:
        """During the block the output layer is asked for these flat positions alone (row * T + t), as one row; None: for all."""
        self._wanted.at = at
        try:
            yield
        finally:
            self._wanted.at = None

    def outputs(self, texts: Texts, injection: Injection | None, at: Tensor) -> tuple[Tensor, Tensor]:
        """What goes into the output layer [N, E] and what comes out of it [N, V], at N flat positions; see `logits`."""
        self._wanted.inputs = []
        try:
            logits = self.logits(texts, injection, at)
            (hidden,) = self._wanted.inputs
        finally:
            self._wanted.inputs = None
        return hidden.squeeze(0), logits

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

    def texts_of(self, ids: Sequence[int]) -> Texts:
        """One row, which encoder and decoder both read where there are two."""
        row = torch.tensor([list(ids)], device=self.device)
        return Texts(row, torch.ones_like(row, dtype=torch.bool), row if self.kind == "encoder-decoder" else None)

    def activations(self, words: Sequence[int] | Tensor) -> Prefix:
        """The prefix that words are: their keys and values at every site, as if they stood first.

        Args:
            words: token ids; or, in decoder-only models, vectors [P, E] in the words' place. Soft prompts in front of a text
                are thus a prefix, exactly: no position before the text sees any of it.

        Raises:
            PrefixMismatch: no words, or vectors of another width.
            UnsupportedBackbone: vectors, and an encoder that would read them together with the text.
        """
        if len(words) == 0:
            raise PrefixMismatch("words to start a prefix from must be at least one token, got none.")
        if self.max_len is not None and len(words) > self.max_len:
            raise PrefixMismatch(
                f"a prefix of {len(words)} words does not fit into the {self.max_len} positions of {self.name}. Use fewer."
            )
        with torch.no_grad(), self.seam.recording() as asked:
            self.model(**self._word_inputs(words), use_cache=False)
        keys = {s: torch.stack([a.key[0] for a in asked if a.site.site == s]) for s in self.sites}
        values = {s: torch.stack([a.value[0] for a in asked if a.site.site == s]) for s in self.sites}
        return Prefix(keys, values, self.fingerprint_now)

    @property
    def word_tables(self) -> list[nn.Embedding]:
        """Where words are looked up, of encoder and decoder."""
        return word_tables(self.model)

    @property
    def output_layer(self) -> nn.Module:
        """What makes logits of the last layer's output."""
        head = self.model.get_output_embeddings()
        return head if isinstance(head, nn.Module) else self._no_words

    @property
    def output_vectors(self) -> Tensor:
        """[V, E] float32: the vector of each token in the output layer.

        Raises:
            UnsupportedBackbone: an encoder without one.
        """
        if not self.has_words:
            raise UnsupportedBackbone(
                f"{self.name} has no layer over its vocabulary, so its words have no vectors there."
            )
        weight = self.output_layer.weight
        assert isinstance(weight, Tensor), self.name
        return weight.detach().float().cpu()

    @property
    def output_dim(self) -> int:
        """Width of what goes into the output layer."""
        if not self.has_words:
            return self.hidden_size
        weight = self.output_layer.weight
        assert isinstance(weight, Tensor), self.name
        return weight.shape[1]

    @property
    def num_words(self) -> int:
        """Rows of the table in which words are looked up (V)."""
        return self._words.num_embeddings

    @property
    def word_dim(self) -> int:
        """Width of the vectors that words become, before the first layer (E)."""
        return self._words.embedding_dim

    def word_vectors(self, ids: Sequence[int]) -> Tensor:
        """[len(ids), E] float32: what these tokens become before the first layer."""
        return self.word_vectors_of(torch.tensor(list(ids), device=self.device)).cpu()

    def word_vectors_of(self, ids: Tensor) -> Tensor:
        """The same of ids of any shape, where they are; an injection at work has no say in it."""
        with torch.no_grad(), self.seam.resumed(None):
            return self._words(ids).float()

    @property
    def _words(self) -> nn.Embedding:
        table = self.model.get_input_embeddings()
        assert isinstance(table, nn.Embedding), self.name
        return table

    def _word_inputs(self, words: Sequence[int] | Tensor) -> dict[str, Tensor]:
        if not isinstance(words, Tensor):
            return self._model_inputs(self.texts_of(words))
        if self.kind != "decoder-only":
            raise UnsupportedBackbone(
                f"soft prompts are not a prefix of {self.name}: its encoder reads them together with the text. "
                "Give a decoder-only model."
            )
        if words.ndim != 2 or words.shape[1] != self.word_dim:
            raise PrefixMismatch(
                f"vectors in words' place must be [P, {self.word_dim}] for {self.name}, got {list(words.shape)}."
            )
        places = torch.arange(len(words), device=self.device)[None]
        return {"inputs_embeds": words.to(self.device, self.dtype)[None], "position_ids": places}

    @torch.no_grad()
    def generate(
        self,
        texts: Texts,
        config: GenerationConfig,
        injection: Injection | None = None,
        processors: LogitsProcessorList | None = None,
    ) -> Tensor:
        """Continue each row (decoder-only), or answer it (encoder-decoder): new token ids [B * returned, T'].

        A decoder beside an encoder goes on from `texts.decoder_ids`, the same number in every row.

        Raises:
            UnsupportedBackbone: the model only encodes.
        """
        if self.kind == "encoder-only":
            raise UnsupportedBackbone(f"{self.name} only encodes text and cannot write any. Choose a decoder.")
        side = "left" if self.kind == "decoder-only" else "right"
        ids, mask, _ = padded_on(side, texts.ids, texts.mask)
        begun = texts.decoder_ids
        opening = {} if begun is None else {"decoder_input_ids": begun}
        num_given = ids.shape[1] if self.kind == "decoder-only" else 1 if begun is None else begun.shape[1]
        # Sources end at the last column, with the marker behind which the answer begins: an infix stands before it.
        starts = torch.full((len(ids),), ids.shape[1] - 1, device=ids.device) if texts.starts is not None else None
        with self.injected(injection), self.seam.starting(starts):
            out: Any = self.model.generate(  # type: ignore[operator]
                input_ids=ids,
                attention_mask=mask.long(),
                generation_config=config,
                logits_processor=processors,
                **opening,
            )
        return out[:, num_given:]

    def _shift_positions(
        self, module: nn.Module, args: tuple, kwargs: dict[str, Any]
    ) -> tuple[tuple, dict[str, Any]] | None:
        """The text starts where the prefix ends."""
        now = self.seam.now
        return None if now is None else (args, behind_prefix(now, args[0] if args else None, kwargs))
