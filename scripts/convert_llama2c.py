"""A language model in llama2.c's format, made into a folder that transformers loads.

Comes in:  MODEL.bin (seven int32: dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len; then float32 weights),
           its tokenizer, as llama2.c's .bin or as a SentencePiece .model.
Goes out:  a folder with config, safetensors and tokenizer.

llama2.c rotates neighbouring numbers of a head, (0, 1), (2, 3), ..., transformers the first half against the second; the rows of
the query and key weights are put in the other order, which is the same model. A negative vocab_size means an output layer
of its own. Tables of cosines and sines, which the format still carries, are left out.

    python -m scripts.convert_llama2c MODEL.bin TOKENIZER OUT
"""

import argparse
import shutil
import struct
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, processors
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HEADER = struct.Struct("<7i")
UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"  # ids 0, 1, 2 in every such tokenizer
SPACE = "▁"

Piece = tuple[str, float]  # text and score: pieces of higher score are merged first


class Weights:
    """The numbers of a file, taken one tensor after the other."""

    def __init__(self, path: Path):
        data = path.read_bytes()
        self.path, self.header = path, HEADER.unpack_from(data)
        self.numbers = torch.from_numpy(np.frombuffer(data, dtype="<f4", offset=HEADER.size).astype(np.float32))
        self.at = 0

    def take(self, *shape: int) -> Tensor:
        count = int(np.prod(shape))
        if self.at + count > len(self.numbers):
            raise SystemExit(f"{self.path} ends early: it holds {len(self.numbers)} numbers, its header asks for more.")
        self.at += count
        return self.numbers[self.at - count : self.at].view(*shape).clone()


def read_model(path: Path) -> LlamaForCausalLM:
    """The model, with q and k rows in transformers' order."""
    file = Weights(path)
    dim, hidden_dim, num_layers, num_heads, num_kv_heads, vocab_size, seq_len = file.header
    tied, vocab_size, head_dim = vocab_size > 0, abs(vocab_size), dim // num_heads
    config = LlamaConfig(
        vocab_size=vocab_size, hidden_size=dim, intermediate_size=hidden_dim, num_hidden_layers=num_layers,
        num_attention_heads=num_heads, num_key_value_heads=num_kv_heads, max_position_embeddings=seq_len,
        rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2, tie_word_embeddings=tied,
    )  # fmt: skip
    state = {"model.embed_tokens.weight": file.take(vocab_size, dim)}
    for name, *shape in (
        ("input_layernorm", dim),
        ("self_attn.q_proj", num_heads * head_dim, dim),
        ("self_attn.k_proj", num_kv_heads * head_dim, dim),
        ("self_attn.v_proj", num_kv_heads * head_dim, dim),
        ("self_attn.o_proj", dim, num_heads * head_dim),
        ("post_attention_layernorm", dim),
        ("mlp.gate_proj", hidden_dim, dim),
        ("mlp.down_proj", dim, hidden_dim),
        ("mlp.up_proj", hidden_dim, dim),
    ):
        for layer, weight in enumerate(file.take(num_layers, *shape)):
            turned = name in ("self_attn.q_proj", "self_attn.k_proj")
            state[f"model.layers.{layer}.{name}.weight"] = halves_from_pairs(weight, head_dim) if turned else weight
    state["model.norm.weight"] = file.take(dim)
    file.take(seq_len, head_dim)  # cosines [seq_len, head_dim / 2] and sines
    state["lm_head.weight"] = state["model.embed_tokens.weight"] if tied else file.take(vocab_size, dim)
    if file.at != len(file.numbers):
        raise SystemExit(f"{path} holds {len(file.numbers)} numbers, its header accounts for {file.at}.")
    model = LlamaForCausalLM(config)
    model.load_state_dict(state)
    return model.eval()


def halves_from_pairs(weight: Tensor, head_dim: int) -> Tensor:
    """Rows (0, 1), (2, 3), ... of every head, [H * D, E], to first halves (0, 2, ...), then second (1, 3, ...)."""
    return weight.view(-1, head_dim // 2, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)


def read_pieces(path: Path, vocab_size: int) -> list[Piece]:
    """The tokenizer's pieces in the order of their ids, a space written as SentencePiece does."""
    if path.suffix == ".model":
        from sentencepiece import SentencePieceProcessor

        model = SentencePieceProcessor(model_file=str(path))
        return [(model.id_to_piece(i), model.get_score(i)) for i in range(model.vocab_size())]
    data, at, pieces = path.read_bytes(), 4, []  # the first number is the length of the longest piece
    for _ in range(vocab_size):
        score, length = struct.unpack_from("<fi", data, at)
        pieces.append((data[at + 8 : at + 8 + length].decode("utf-8").replace(" ", SPACE), score))
        at += 8 + length
    return [(UNKNOWN, 0.0), (BEGIN, 0.0), (END, 0.0), *pieces[3:]]


def tokenizer_of(pieces: list[Piece]) -> PreTrainedTokenizerFast:
    """Merges two neighbours into the piece of the highest score, as SentencePiece's BPE does."""
    vocab = {piece: number for number, (piece, _) in enumerate(pieces)}
    merges = []
    for piece, _ in sorted(pieces, key=lambda p: -p[1]):
        cuts = [(piece[:i], piece[i:]) for i in range(1, len(piece))]
        merges += [(left, right) for left, right in cuts if left in vocab and right in vocab]
    has_bytes = "<0x00>" in vocab
    raw = Tokenizer(models.BPE(vocab, merges, unk_token=UNKNOWN, fuse_unk=not has_bytes, byte_fallback=has_bytes))
    raw.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    raw.decoder = decoders.Sequence(
        [decoders.Replace(Regex(SPACE), " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    raw.post_processor = processors.TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[(BEGIN, 1)])
    return PreTrainedTokenizerFast(tokenizer_object=raw, unk_token=UNKNOWN, bos_token=BEGIN, eos_token=END)


def convert(model_path: Path, tokenizer_path: Path, out: Path) -> None:
    """Write the folder under a temporary name, then rename it."""
    model = read_model(model_path)
    pieces = read_pieces(tokenizer_path, model.config.vocab_size)
    if len(pieces) != model.config.vocab_size:
        raise SystemExit(f"{tokenizer_path} has {len(pieces)} pieces, {model_path} wants {model.config.vocab_size}.")
    unfinished = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished)
    tokenizer_of(pieces).save_pretrained(unfinished)
    unfinished.rename(out)


def main() -> None:
    parser = argparse.ArgumentParser(description="Convert a llama2.c checkpoint into a transformers folder.")
    parser.add_argument("model", type=Path, help="MODEL.bin in llama2.c's format")
    parser.add_argument("tokenizer", type=Path, help="tokenizer .bin (llama2.c) or .model (SentencePiece)")
    parser.add_argument("out", type=Path, help="the folder to write; must not exist")
    args = parser.parse_args()
    if args.out.exists():
        raise SystemExit(f"{args.out} exists; give a new folder.")
    convert(args.model, args.tokenizer, args.out)


if __name__ == "__main__":
    main()
