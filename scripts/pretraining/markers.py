"""A corpus' tokenizer as encoders want it: <s> and </s> around a text, padding, a mask.

Comes in:  the tokenizer of a decoder, whose <|endoftext|> ends a text.      Goes out: the same ids, and three markers more.
"""

import json
from dataclasses import dataclass

from scripts.pretraining.causal import END
from tokenizers import AddedToken, Regex, Tokenizer, normalizers, processors
from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class Marks:
    """The markers' ids."""

    start: int
    end: int
    pad: int
    mask: int

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> "Marks":
        vocabulary = tokenizer.get_vocab()
        return cls(*(vocabulary[name] for name in ("<s>", "</s>", "<pad>", "<mask>")))


def with_markers(tokenizer: Tokenizer, max_len: int) -> PreTrainedTokenizerFast:
    """<|endoftext|> becomes </s>. A text's first word is the same token as any other's: a space is put before it."""
    made = Tokenizer.from_str(json.dumps(json.loads(tokenizer.to_str())).replace(END, "</s>"))
    made.add_special_tokens(["<s>", "<pad>", AddedToken("<mask>", lstrip=True, special=True)])
    no_space_before = Regex(r"\A (?=[^\w(\[\"“‘'])")  # a full stop behind a mask begins a piece of text too
    made.normalizer = normalizers.Sequence([normalizers.Prepend(" "), normalizers.Replace(no_space_before, "")])  # type: ignore[assignment]
    ends = [(name, made.token_to_id(name)) for name in ("<s>", "</s>")]
    made.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_max_length=max_len,
    )
