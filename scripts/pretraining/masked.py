"""The masked tokens, by an encoder: RoBERTa's objective, its masks drawn anew each time, on BERT's architecture.

(The two differ in where positions begin to count: RoBERTa's from its padding's id, which here is the vocabulary's end.)

What differs from RoBERTa: one token in five is masked, not 15 in a hundred (Wettig et al., 2023, arXiv:2202.08005: small models
learn more from it); a row begins in the middle of a document.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from scripts.pretraining.markers import Marks, with_markers
from scripts.pretraining.objective import Batch, Objective, mean_loss, padded_to
from scripts.pretraining.rows import held_out_rows, row_steps
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast


class Masked(Objective):
    """Rows of the endless row."""

    def tokenizer_of(self, tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
        made = with_markers(tokenizer, self.plan.context_len)
        self.marks = Marks.of(made)
        return made

    def new_model(self) -> BertForMaskedLM:
        torch.manual_seed(self.plan.seed)
        marks = self.marks
        config = BertConfig(
            vocab_size=self.vocab_size,
            hidden_size=self.plan.hidden_size,
            num_hidden_layers=self.plan.num_layers,
            num_attention_heads=self.plan.num_heads,
            intermediate_size=4 * self.plan.hidden_size,
            hidden_act="gelu_pytorch_tanh",
            max_position_embeddings=self.plan.context_len,
            type_vocab_size=1,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            bos_token_id=marks.start,
            eos_token_id=marks.end,
            pad_token_id=marks.pad,
        )
        model = BertForMaskedLM(config)
        start_with_waves(model.bert.embeddings.position_embeddings.weight)
        model.set_attn_implementation("eager")
        return model

    def steps(self, shards: Sequence[Path], first_step: int) -> Iterator[list[Batch]]:
        for micro_batches, generator in row_steps(shards, self.plan, first_step):
            yield [Batch(self.masked(ids, None, generator), 1 / len(micro_batches)) for ids, _ in micro_batches]

    def masked(self, ids: Tensor, counts: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Rows [B, T] that begin with <s> and hide some tokens; where these are, and what they are.

        Of those hidden four in five are a mask, one in ten is a token from chance, one in ten itself.

        Args:
            counts: [B, T], 1 where a token may be hidden; None: anywhere.
        """
        marks = self.marks
        ids = ids[:, :-1].clone()
        ids[:, 0] = marks.start
        chosen = torch.rand(ids.shape, generator=generator) < self.plan.masked_share
        chosen[:, 0] = False
        if counts is not None:
            chosen[:, 1:] &= counts[:, :-1] > 0
        shown, positions, targets = hide(ids, chosen, marks.mask, marks.start, generator)  # the words come before <s>
        return shown, *padded_to(positions, targets)

    def loss(self, model: Any, *tensors: Tensor) -> Tensor:
        ids, positions, targets = tensors
        hidden = model.bert(ids).last_hidden_state.flatten(0, 1)
        return mean_loss(model.cls(hidden[positions]), targets)

    def held_out(self, shard: Path) -> Iterator[tuple[tuple[Tensor, ...], int]]:
        generator = torch.Generator().manual_seed(0)
        for ids, full in held_out_rows(shard, self.plan.row_len):
            tensors = self.masked(ids, full, generator)
            yield tensors, int((tensors[2] >= 0).sum())


def hide(
    ids: Tensor, chosen: Tensor, mask: int, num_words: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """The rows with the chosen tokens hidden, where these are (flat), and what they are.

    Four in five become the mask, one in ten a token from chance (of the first `num_words`), one in ten stays.
    """
    positions = chosen.flatten().nonzero()[:, 0]
    targets = ids.flatten()[positions]
    fate = torch.rand(len(positions), generator=generator)
    chance = torch.randint(num_words, (len(positions),), generator=generator)
    shown = torch.where(fate < 0.8, torch.tensor(mask), torch.where(fate < 0.9, chance, targets))
    return ids.flatten().index_put((positions,), shown).view_as(ids), positions, targets


@torch.no_grad()
def start_with_waves(positions: Tensor) -> None:
    """Sines and cosines (Vaswani et al., 2017), as strong as what they take the place of: by random vectors no layer sees at first
    which words are neighbours, and the loss stays that of single words for a long time.
    """
    count, width = positions.shape
    rates = 10_000 ** (-torch.arange(0, width, 2) / width)
    angles = torch.arange(count)[:, None] * rates
    waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    positions.copy_(waves * positions.std() / waves.std())
