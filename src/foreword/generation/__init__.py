"""Answers to sources, over rows that may carry different prefixes.

Comes in:  a backbone, sources, what adapts it to them.      Goes out: texts, in the order of the sources.
"""

from foreword.generation.answers import Generated, answers, generate, generate_ids, warned
from foreword.generation.classes import likeliest_tokens
from foreword.generation.decoding import Decoding, NoRepeatInAnswer, decode_batch
from foreword.generation.rows import Progress, padded_sources

__all__ = [
    "Decoding",
    "Generated",
    "NoRepeatInAnswer",
    "Progress",
    "answers",
    "decode_batch",
    "generate",
    "generate_ids",
    "likeliest_tokens",
    "padded_sources",
    "warned",
]
