"""New words, row by row: greedily, by beams, or drawn.

Comes in:  rows of ids, how to decode.      Goes out: rows of new ids.
A sampled text depends on its batch: one seed draws for all of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, NoRepeatNGramLogitsProcessor

from foreword.backbone import Backbone, Texts
from foreword.backbone.wording import decoder_opening, end_id, pad_id
from foreword.errors import BadRecipe, UnsupportedBackbone
from foreword.generation.rows import Asked, in_batches
from foreword.methods import Method, MixedTokens, majority
from foreword.prefix import Injection


@dataclass(frozen=True)
class Decoding:
    """How to decode; the fields mean what they do in `recipe.GenerateRecipe`."""

    beams: int = 1
    sample: bool = False
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_new_tokens: int = 0
    max_new_tokens: int = 100
    length_penalty: float = 1.0
    no_repeat_ngram: int = 0
    one_of_words: bool = False
    no_newlines: bool = False
    batch_size: int = 32
    seed: int = 0

    def config(self, backbone: Backbone) -> GenerationConfig:
        """The same for transformers, from nothing: a model's own generation settings never slip in."""
        sampling = {"temperature": self.temperature, "top_p": self.top_p, "top_k": self.top_k} if self.sample else {}
        return GenerationConfig(
            num_beams=self.beams,
            do_sample=self.sample,
            max_new_tokens=self.max_new_tokens,
            min_new_tokens=self.min_new_tokens or None,
            length_penalty=self.length_penalty if self.beams > 1 else None,
            suppress_tokens=backbone.line_break_ids or None if self.no_newlines else None,
            pad_token_id=pad_id(backbone),
            eos_token_id=end_id(backbone),
            decoder_start_token_id=decoder_opening(backbone)[0] if backbone.kind == "encoder-decoder" else None,
            **sampling,
        )


class NoRepeatInAnswer(LogitsProcessor):
    """No run of so many tokens twice within an answer; what stands in the source may be copied, names of many tokens too.

    (transformers' own setting looks at the source as well; the LoRA paper's code, whose setting this is, does not.)
    """

    def __init__(self, size: int, source_len: int):
        self.within, self.source_len = NoRepeatNGramLogitsProcessor(size), source_len

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return self.within(input_ids[:, self.source_len :], scores)  # type: ignore[arg-type]


def answer_ids(backbone: Backbone, asked: Asked, decoding: Decoding) -> tuple[list[list[int]], int]:
    """New ids per source in their order, and how many sources were cut."""
    if backbone.kind == "encoder-only":
        raise UnsupportedBackbone(f"{backbone.name} is encoder-only and cannot generate text. Choose a decoder.")

    def decode(texts: Texts, injection: Injection | None, sources: Sequence[str]) -> list[list[int]]:
        return decode_batch(backbone, texts, decoding, injection, asked.method)

    with seeded(decoding.seed, decoding.sample):
        return in_batches(backbone, asked, decoding.batch_size, decoding.max_new_tokens, decode)


def decode_batch(
    backbone: Backbone, texts: Texts, decoding: Decoding, injection: Injection | None, method: Method | None = None
) -> list[list[int]]:
    """New ids of one batch."""
    given = texts.ids if texts.decoder_ids is None else texts.decoder_ids
    size = decoding.no_repeat_ngram
    processors = LogitsProcessorList([NoRepeatInAnswer(size, given.shape[1])] if size else [])
    num_prompts, votes = (1, False) if method is None else (method.num_prompts, method.votes)
    if method is not None and num_prompts > 1 and not votes:
        if decoding.sample:
            raise BadRecipe(
                "generate.sample: the prompts of a mixture write one text, and each would draw its own. Leave it out."
            )
        processors.insert(0, MixedTokens(method.log_shares(texts)))
    read = texts.repeated(num_prompts) if num_prompts > 1 else texts
    made = backbone.generate(read, decoding.config(backbone), injection, processors).tolist()
    if not votes:
        return made[: len(texts.ids)]
    said = [text.strip() for text in backbone.tokenizer.batch_decode(made, skip_special_tokens=True)]
    won = []
    for number in range(len(texts.ids)):
        candidates = range(number, len(made), len(texts.ids))
        text = majority([said[row] for row in candidates])
        won.append(next(made[row] for row in candidates if said[row] == text))
    return won


@contextmanager
def seeded(seed: int, sampling: bool) -> Iterator[None]:
    """transformers samples from the global generator; borrow it and give it back as it was."""
    if not sampling:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
