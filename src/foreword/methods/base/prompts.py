"""Soft prompts: how their vectors are trained, and what they start from.

Comes in:  a backbone, a length, words.      Goes out: modules that yield vectors [N, E], in float32.
"""

import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.errors import BadRecipe

COMMON = 5000  # vocabularies of byte pairs and sentence pieces have their most frequent tokens first


def prompt_of(start: Tensor, mlp_dim: int, seed: int) -> nn.Module:
    """The vectors themselves, or behind an MLP."""
    return MLPPrompt(start, mlp_dim, seed) if mlp_dim else DirectPrompt(start)


class DirectPrompt(nn.Module):
    """The vectors themselves, [N, E]."""

    def __init__(self, start: Tensor):
        super().__init__()
        self.vectors = nn.Parameter(start.clone())

    def forward(self) -> Tensor:
        return self.vectors


class MLPPrompt(nn.Module):
    """Vectors behind an MLP with a way around it, so that it starts from the very vectors that were given."""

    def __init__(self, start: Tensor, mlp_dim: int, seed: int):
        super().__init__()
        self.vectors = nn.Parameter(start.clone())
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.inner, self.outer = nn.Linear(start.shape[1], mlp_dim), nn.Linear(mlp_dim, start.shape[1])
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self) -> Tensor:
        return self.vectors + self.outer(torch.tanh(self.inner(self.vectors)))


def first_vectors(
    backbone: Backbone, prompt_len: int, init: str, words: str, seed: int, classes: Sequence[str] = ()
) -> Tensor:
    """[N, E] to start from.

    Args:
        classes: what "classes" starts from, a vector for each: the mean of its word's tokens. The rest are drawn.

    Raises:
        BadRecipe: more words or classes than vectors.
    """
    generator, rng = torch.Generator().manual_seed(seed), random.Random(seed)
    if init == "random":
        return torch.rand(prompt_len, backbone.word_dim, generator=generator) - 0.5
    common = common_words(backbone)
    ids = backbone.tokenizer(f" {words.strip()}", add_special_tokens=False)["input_ids"] if init == "words" else []
    if len(ids) > prompt_len:
        raise BadRecipe(
            f"method.init_words are {len(ids)} tokens, but the prompt has {prompt_len} vectors. "
            f"Set method.prompt_len={len(ids)} or more, or give fewer words."
        )
    if len(classes) > prompt_len:
        raise BadRecipe(
            f"method.init: the task has {len(classes)} classes, but the prompt {prompt_len} vectors. Set "
            f"method.prompt_len={len(classes)} or more, or another init."
        )
    named = [backbone.tokenizer(f" {word}", add_special_tokens=False)["input_ids"] for word in classes]
    own = [backbone.word_vectors(tokens).mean(dim=0, keepdim=True) for tokens in named]
    ids = [*ids, *rng.choices(common, k=prompt_len - len(ids) - len(own))]
    return torch.cat([*own, *([backbone.word_vectors(ids)] if ids else [])])


def common_words(backbone: Backbone) -> list[int]:
    """The vocabulary's first tokens of two letters or more (WordPiece begins with unused ones and with every letter there is)."""
    texts = backbone.tokenizer.batch_decode([[token] for token in range(min(3 * COMMON, len(backbone.tokenizer)))])
    markers = set(backbone.tokenizer.all_special_ids)
    real = [token for token in range(len(texts)) if token not in markers]
    return [token for token in real if texts[token].strip().isalpha() and len(texts[token].strip()) > 1][
        :COMMON
    ] or real
