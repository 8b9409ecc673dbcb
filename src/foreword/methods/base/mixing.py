"""Several prompts read every text, and what they say is mixed: p(y) = sum over k of share_k * p_k(y), token by token.

Comes in:  a method of several prompts, texts.
Goes out:  the texts once for each prompt; of the prompts' scores, the mixture's.
"""

import torch
from torch import Tensor
from transformers import LogitsProcessor

from foreword.backbone import Texts
from foreword.methods.base.method import Method


def for_each_prompt(method: Method, texts: Texts, at: Tensor) -> tuple[Texts, Tensor]:
    """The texts' rows once for each prompt, one prompt's behind the other's, and the flat positions `at` in all of them."""
    if method.num_prompts == 1:
        return texts, at
    copy = torch.arange(method.num_prompts, device=at.device)[:, None] * text_of(texts).numel()
    return texts.repeated(method.num_prompts), (copy + at).flatten()


def mixed(method: Method, texts: Texts, at: Tensor, scores: Tensor) -> Tensor:
    """[N, C] log-probabilities of the mixture at N flat positions, from each prompt's scores [K * N, C]."""
    if method.num_prompts == 1:
        return scores
    rows = at // text_of(texts).shape[1]
    return mixture(scores, method.log_shares(texts)[:, rows])


def mixture(scores: Tensor, log_shares: Tensor) -> Tensor:
    """[N, C] from scores [K * N, C] and log shares [K, N], in float32."""
    said = torch.log_softmax(scores.float().unflatten(0, log_shares.shape), dim=-1)
    made = torch.logsumexp(said + log_shares.float()[..., None], dim=0)
    return made.clone()  # the loss writes over what it is given, and logsumexp needs its own to go back


def text_of(texts: Texts) -> Tensor:
    """The ids that positions count in."""
    return texts.ids if texts.decoder_ids is None else texts.decoder_ids


class MixedTokens(LogitsProcessor):
    """In generation: every prompt's rows get the mixture's scores, and so write the same text."""

    def __init__(self, log_shares: Tensor):
        """`log_shares`: [K, B]."""
        self.log_shares = log_shares

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        num_prompts, num_texts = self.log_shares.shape
        beams = len(scores) // (num_prompts * num_texts)
        made = mixture(scores, self.log_shares.repeat_interleave(beams, dim=1))
        return made.repeat(num_prompts, 1).to(scores.dtype)
