"""The whole text from a spoilt one, by an encoder and a decoder: BART's architecture and objective; of a table, its text.

Prose: sentences in any order, and three tokens in ten gone, in spans of Poisson(3) tokens, each of which leaves one mask (Lewis
et al., 2020, arXiv:1910.13461). A decoder is opened with </s><s>, as BART's.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scripts.pretraining.documents import Document, documents, steps_of
from scripts.pretraining.markers import Marks, with_markers
from scripts.pretraining.objective import IGNORED, Batch, Objective, mean_loss
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

SPAN, GONE = 3, 0.3
ROUND = 32  # lengths are padded to multiples of it, so that few shapes are compiled
HELD_OUT_DOCUMENTS = 256


class Infilling(Objective):
    """Documents, those of like lengths together."""

    def tokenizer_of(self, tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
        made = with_markers(tokenizer, self.plan.context_len)
        self.marks = Marks.of(made)
        self.sentence_ends = np.array([made.get_vocab()[token] for token in (".", "!", "?", "Ċ")])
        return made

    @property
    def max_len(self) -> int:
        """Of a document, without its markers."""
        return self.plan.context_len - 2

    def new_model(self) -> BartForConditionalGeneration:
        torch.manual_seed(self.plan.seed)
        plan, marks = self.plan, self.marks
        config = BartConfig(
            vocab_size=self.vocab_size,
            d_model=plan.hidden_size,
            encoder_layers=plan.num_layers,
            decoder_layers=plan.num_decoder_layers,
            encoder_attention_heads=plan.num_heads,
            decoder_attention_heads=plan.num_heads,
            encoder_ffn_dim=4 * plan.hidden_size,
            decoder_ffn_dim=4 * plan.hidden_size,
            activation_function="gelu_pytorch_tanh",
            max_position_embeddings=plan.context_len,
            dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            bos_token_id=marks.start,
            eos_token_id=marks.end,
            pad_token_id=marks.pad,
            decoder_start_token_id=marks.end,
            forced_eos_token_id=None,
        )
        model = BartForConditionalGeneration(config)
        model.set_attn_implementation("eager")
        return model

    def steps(self, shards: Sequence[Path], first_step: int) -> Iterator[list[Batch]]:
        plan = self.plan
        stream = islice(steps_of(shards, self.marks.end, self.max_len, plan.step_tokens), first_step, None)
        for step, given in enumerate(stream, first_step):
            pairs = self.pairs(given, np.random.default_rng((plan.seed, step)))
            made = [self.tensors(some) for some in by_length(pairs, plan.micro_tokens)]
            num_targets = sum(int((tensors[-1] >= 0).sum()) for tensors in made)
            yield [Batch(tensors, int((tensors[-1] >= 0).sum()) / num_targets) for tensors in made]

    def pairs(self, given: Sequence[Document], rng: np.random.Generator) -> list[Document]:
        """(what is read, what is written)."""
        return [(source, text) if len(source) else (self.spoilt(text, rng), text) for source, text in given]

    def spoilt(self, text: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A text's sentences in any order, with masks where words were."""
        mask = self.marks.mask
        cuts = np.flatnonzero(np.isin(text[:-1], self.sentence_ends)) + 1
        sentences = np.split(text, cuts)
        mixed = np.concatenate([sentences[i] for i in rng.permutation(len(sentences))])
        lengths = []
        while sum(lengths) < GONE * len(mixed):
            lengths.append(int(rng.poisson(SPAN)))
        left = len(mixed) - sum(lengths)
        if left < 0:  # a text of a few words
            return np.array([mask])
        places = np.sort(rng.integers(0, left + 1, len(lengths)))  # in what is left, where each mask goes
        parts, at, read = [], 0, 0
        for place, length in zip(places, rng.permutation(lengths), strict=True):
            parts += [mixed[read : read + place - at], [mask]]
            read += place - at + length
            at = place
        return np.concatenate([*parts, mixed[read:]]).astype(np.int64)

    def tensors(self, pairs: Sequence[Document]) -> tuple[Tensor, ...]:
        """Ids [B, S], which of them are there [B, S], the decoder's ids [B, T], targets [B, T]."""
        start, end, pad = self.marks.start, self.marks.end, self.marks.pad
        read = padded([[start, *source, end] for source, _ in pairs], pad)
        given = padded([[end, start, *text] for _, text in pairs], pad)
        wanted = padded([[start, *text, end] for _, text in pairs], IGNORED)
        return read, (read != pad).long(), given, wanted

    def loss(self, model: Any, *tensors: Tensor) -> Tensor:
        ids, mask, given, wanted = tensors
        hidden = model.model(ids, attention_mask=mask, decoder_input_ids=given, use_cache=False).last_hidden_state
        return mean_loss(model.lm_head(hidden.flatten(0, 1)), wanted.flatten())

    def held_out(self, shard: Path) -> Iterator[tuple[tuple[Tensor, ...], int]]:
        given = list(islice(documents(shard, self.marks.end, self.max_len), HELD_OUT_DOCUMENTS))
        for some in by_length(self.pairs(given, np.random.default_rng(0)), self.plan.micro_tokens):
            tensors = self.tensors(some)
            yield tensors, int((tensors[-1] >= 0).sum())


def by_length(pairs: Sequence[Document], most: int) -> list[list[Document]]:
    """Pairs of like lengths together, in batches of at most so many tokens with their padding (or of one pair)."""
    batches: list[list[Document]] = []
    for pair in sorted(pairs, key=lambda p: (len(p[0]) + len(p[1]), len(p[0]))):
        grown = [*(batches[-1] if batches else []), pair]
        longest = max(len(source) for source, _ in grown) + max(len(text) for _, text in grown) + 4
        if batches and longest * len(grown) <= most:
            batches[-1].append(pair)
        else:
            batches.append([pair])
    return batches


def padded(rows: Sequence[Sequence[int]], filling: Any) -> Tensor:
    """[B, T], T a multiple of ROUND."""
    size = -(-max(map(len, rows)) // ROUND) * ROUND
    return torch.tensor([[*row, *[filling] * (size - len(row))] for row in rows])
