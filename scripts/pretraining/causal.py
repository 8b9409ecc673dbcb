"""The next token, by a decoder: GPT-2's architecture and objective."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from scripts.pretraining.objective import Batch, Objective, mean_loss, padded_to
from scripts.pretraining.rows import held_out_rows, row_steps
from tokenizers import Tokenizer
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<|endoftext|>"


class Causal(Objective):
    """Rows of the endless row; each token counts by its weight."""

    def tokenizer_of(self, tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            bos_token=END,
            eos_token=END,
            pad_token=END,
            model_max_length=self.plan.context_len,
        )

    def new_model(self) -> GPT2LMHeadModel:
        torch.manual_seed(self.plan.seed)
        end = self.tokenizer.get_vocab()[END]
        config = GPT2Config(
            vocab_size=self.vocab_size,
            n_positions=self.plan.context_len,
            n_embd=self.plan.hidden_size,
            n_layer=self.plan.num_layers,
            n_head=self.plan.num_heads,
            activation_function="gelu_pytorch_tanh",  # GPT-2's own, as one kernel
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=end,
            eos_token_id=end,
            pad_token_id=end,
        )
        model = GPT2LMHeadModel(config)
        model.set_attn_implementation("eager")  # for rows of 256 faster than the fused kernel on CPUs
        return model

    def steps(self, shards: Sequence[Path], first_step: int) -> Iterator[list[Batch]]:
        for micro_batches, generator in row_steps(shards, self.plan, first_step):
            share = 1 / len(micro_batches)
            yield [Batch((ids, *drawn(ids, weight, generator)), share) for ids, weight in micro_batches]

    def loss(self, model: Any, *tensors: Tensor) -> Tensor:
        ids, positions, targets = tensors
        hidden = model.transformer(ids[:, :-1], use_cache=False).last_hidden_state.flatten(0, 1)
        return mean_loss(model.lm_head(hidden[positions]), targets)

    def held_out(self, shard: Path) -> Iterator[tuple[tuple[Tensor, ...], int]]:
        for ids, full in held_out_rows(shard, self.plan.row_len):
            yield (ids, *drawn(ids, full, torch.Generator())), int(full.sum())


def drawn(ids: Tensor, weight: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The positions that count in the loss and their targets: each with its weight as the chance.

    In expectation the weighted loss, without the logits that would hardly count: a third of the step.
    """
    chosen = (torch.rand(weight.numel(), generator=generator) < weight.flatten()).nonzero()[:, 0]
    return padded_to(chosen, ids[:, 1:].flatten()[chosen])
