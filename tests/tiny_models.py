"""Tiny random models of every family, with shapes that make mistakes visible: grouped heads, hidden != heads * head_dim."""

import copy
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from torch.testing import assert_close
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from foreword.backbone import Backbone, Texts
from foreword.prefix import Prefix

VOCAB = 97
END = "<|endoftext|>"
IDS: dict[str, Any] = {"vocab_size": VOCAB, "bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}
STARTED: dict[str, Any] = {**IDS, "decoder_start_token_id": 0}
SMALL: dict[str, Any] = {
    "hidden_size": 40,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
}
GROUPED: dict[str, Any] = {**IDS, **SMALL, "num_hidden_layers": 3, "num_key_value_heads": 2}


def gpt2() -> PreTrainedModel:
    return hf.GPT2LMHeadModel(hf.GPT2Config(**IDS, n_layer=3, n_embd=32, n_head=4, n_positions=128))


def llama() -> PreTrainedModel:
    return hf.LlamaForCausalLM(hf.LlamaConfig(**GROUPED, head_dim=16))


def qwen2() -> PreTrainedModel:
    return hf.Qwen2ForCausalLM(hf.Qwen2Config(**GROUPED))


def qwen3() -> PreTrainedModel:
    return hf.Qwen3ForCausalLM(hf.Qwen3Config(**GROUPED, head_dim=12))


def mistral() -> PreTrainedModel:
    return hf.MistralForCausalLM(hf.MistralConfig(**GROUPED, head_dim=16, sliding_window=64))


def opt() -> PreTrainedModel:
    return hf.OPTForCausalLM(
        hf.OPTConfig(**IDS, hidden_size=32, ffn_dim=64, num_hidden_layers=3, num_attention_heads=4,
                     word_embed_proj_dim=24, max_position_embeddings=128, dropout=0.1)
    )  # fmt: skip


def gpt_neox() -> PreTrainedModel:
    rotary = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.6}
    return hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**IDS, **SMALL, num_hidden_layers=3, rope_parameters=rotary))


def gemma2() -> PreTrainedModel:
    config = hf.Gemma2Config(
        **GROUPED, head_dim=16, query_pre_attn_scalar=16, sliding_window=64,
        attn_logit_softcapping=5.0, final_logit_softcapping=3.0,
    )  # fmt: skip
    return hf.Gemma2ForCausalLM(config)


def gemma3() -> PreTrainedModel:
    return hf.Gemma3ForCausalLM(
        hf.Gemma3TextConfig(**GROUPED, head_dim=16, query_pre_attn_scalar=16, sliding_window=64)
    )


def bart(config: type = hf.BartConfig, model: type = hf.BartForConditionalGeneration) -> PreTrainedModel:
    """Started large, or it would only ever repeat one word, whatever it reads."""
    return model(
        config(**IDS, d_model=32, encoder_layers=2, decoder_layers=3, encoder_ffn_dim=64, decoder_ffn_dim=64,
               encoder_attention_heads=4, decoder_attention_heads=4, decoder_start_token_id=1, forced_eos_token_id=None,
               max_position_embeddings=128, init_std=0.045)
    )  # fmt: skip


def mbart() -> PreTrainedModel:
    return bart(hf.MBartConfig, hf.MBartForConditionalGeneration)


def t5() -> PreTrainedModel:
    """Started small: T5 does not scale its scores, so sharpened weights would make rounding visible."""
    config = hf.T5Config(
        **STARTED, d_model=32, d_kv=12, d_ff=64, num_layers=3, num_decoder_layers=2,
        num_heads=4, initializer_factor=0.5,
    )  # fmt: skip
    return hf.T5ForConditionalGeneration(config)


def bert() -> PreTrainedModel:
    return hf.BertForMaskedLM(hf.BertConfig(**IDS, **{**SMALL, "hidden_size": 32}, num_hidden_layers=3))


def roberta() -> PreTrainedModel:
    return hf.RobertaForMaskedLM(hf.RobertaConfig(**IDS, **{**SMALL, "hidden_size": 32}, num_hidden_layers=3))


DECODER_ONLY: dict[str, Callable[[], PreTrainedModel]] = {
    f.__name__: f for f in (gpt2, llama, qwen2, qwen3, mistral, opt, gpt_neox, gemma2, gemma3)
}
ENCODER_DECODER: dict[str, Callable[[], PreTrainedModel]] = {f.__name__: f for f in (bart, mbart, t5)}
ENCODER_ONLY: dict[str, Callable[[], PreTrainedModel]] = {f.__name__: f for f in (bert, roberta)}
FAMILIES: dict[str, Callable[[], PreTrainedModel]] = DECODER_ONLY | ENCODER_DECODER | ENCODER_ONLY


def tokenizer() -> PreTrainedTokenizerFast:
    """One token per character: ids 0 pad, 1 end, 2 mask, then letters; never more than VOCAB."""
    characters = string.ascii_letters + string.digits + " .,:;|'-!?[]()\n"
    vocab = {"<pad>": 0, END: 1, "<mask>": 2, "<unk>": 3} | {c: i + 4 for i, c in enumerate(characters)}
    assert len(vocab) <= VOCAB, len(vocab)
    raw = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    raw.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token=END, bos_token=END, mask_token="<mask>", unk_token="<unk>"
    )


WORDS = "a b c g a0 a1 a2 a3 a4 a5 cat dog one hat two men no up so my y n yes is it say in short note".split()


def spacing_tokenizer() -> PreTrainedTokenizerFast:
    """A token per word, and another for the word with a space before it, as tokenizers of byte pairs have; ids 0 to 3 as above."""
    tokens = [f"{space}{word}" for word in [*WORDS, ".", ":", "?"] for space in ("", " ")]
    vocab = {"<pad>": 0, END: 1, "<mask>": 2, "<unk>": 3} | {token: i + 4 for i, token in enumerate(tokens)}
    assert len(vocab) <= VOCAB, len(vocab)
    raw = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex(r" ?\w+| ?[^\w\s]"), "isolated")
    raw.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token=END, bos_token=END, mask_token="<mask>", unk_token="<unk>"
    )


def sharpened(model: PreTrainedModel, factor: float = 3) -> PreTrainedModel:
    """Larger weights, so that a wrong key shows as a wrong token."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(factor)
    return model


def tiny_backbone(family: str, seed: int = 0, sharp: float = 3, **config: int) -> Backbone:
    torch.manual_seed(seed)
    model = sharpened(FAMILIES[family](), sharp)
    model.config.update(config)
    return Backbone(model, tokenizer(), f"tiny-{family}")


def save_headless_encoder(folder: Path) -> PreTrainedTokenizerFast:
    """An encoder saved as sentence encoders are: no layer over its vocabulary, and no pooler. Returns its tokenizer, saved too."""
    base = tiny_backbone("bert").model.base_model
    assert isinstance(base, hf.BertModel)
    base.config.architectures = ["BertModel"]
    base.save_pretrained(folder)
    made = tokenizer()
    made.save_pretrained(folder)
    return made


def windowed_backbone(family: str, window: int, num_layers: int) -> Backbone:
    """A model whose layers all look back over `window` words only."""
    torch.manual_seed(0)
    config = copy.deepcopy(FAMILIES[family]().config)
    config.sliding_window, config.num_hidden_layers = window, num_layers
    if family != "mistral":
        config.layer_types = ["sliding_attention"] * num_layers
    return Backbone(sharpened(hf.AutoModelForCausalLM.from_config(config)), tokenizer(), f"tiny-{family}")


def text(*rows: Sequence[int | None]) -> Texts:
    """Rows of ids, None being padding (id 0)."""
    ids = torch.tensor([[0 if i is None else i for i in row] for row in rows])
    return Texts(ids, torch.tensor([[i is not None for i in row] for row in rows]))


def pair(source: Texts, target: Texts) -> Texts:
    """What an encoder reads and what its decoder does."""
    return Texts(source.ids, source.mask, target.ids, target.mask)


def random_prefix(backbone: Backbone, prefix_len: int, seed: int = 0) -> Prefix:
    generator = torch.Generator().manual_seed(seed)
    sizes = {s: (2, x.num_layers, x.num_kv_heads, prefix_len, x.head_dim) for s, x in backbone.sites.items()}
    kv = {s: torch.randn(size, generator=generator) for s, size in sizes.items()}
    return Prefix({s: x[0] for s, x in kv.items()}, {s: x[1] for s, x in kv.items()})


def close(got: Tensor, wanted: Tensor) -> None:
    """Equal but for float32 rounding, grown over a few sharpened layers."""
    assert_close(got, wanted, atol=5e-5, rtol=1e-4)
