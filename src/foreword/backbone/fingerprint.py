"""A fingerprint of a model: its architecture and weights, read in a fraction of a second whatever its size.

Comes in:  a transformers model.      Goes out: a hex string; another model, or the same one trained on, gets another.
Of a model up to 16 million numbers all are hashed, of a larger one every second, third, ... so that about as many are; thus
each row of a vocabulary is seen, of models up to some 70 billion. They are hashed as bfloat16, so that one model loaded in
float32 and in bfloat16 is one model: changes below half a percent hide in the rounding. It is a guard against
mistakes, not against forgers.
"""

import hashlib
import json
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from foreword.backbone.activations import same_name

HASHED = 2**24  # numbers of a whole model: a few hundredths of a second
ALWAYS = 1024  # of each weight, so that a bias of a large model is not passed over

# What decides the function the weights compute. Everything else in a config (paths, versions, generation) may differ.
IGNORED_SETTINGS = {
    "_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version", "use_cache", "_attn_implementation",
    "output_attentions", "output_hidden_states", "return_dict", "task_specific_params", "problem_type",
    "id2label", "label2id", "finetuning_task", "chunk_size_feed_forward", "pad_token_id", "bos_token_id", "eos_token_id",
    "decoder_start_token_id",
}  # fmt: skip


def model_fingerprint(model: PreTrainedModel) -> str:
    """SHA-256 over the config and numbers of every weight, first 32 hex digits."""
    digest = hashlib.sha256(config_text(model).encode())
    every = math.ceil(sum(weight.numel() for weight in model.parameters()) / HASHED)
    for name, weight in sorted(model.named_parameters()):
        digest.update(f"{name}{tuple(weight.shape)}".encode())
        digest.update(sample(weight.detach(), every).view(torch.int16).cpu().numpy().data)
    return digest.hexdigest()[:32]


def altered_fingerprint(model: PreTrainedModel, alterations: Sequence[nn.Module]) -> str:
    """The same over a model and the modules that methods have put into it."""
    digest = hashlib.sha256(model_fingerprint(model).encode())
    for module in alterations:
        for name, weight in sorted(module.named_parameters()):
            digest.update(name.encode())
            digest.update(weight.detach().float().cpu().contiguous().numpy().data)
    return digest.hexdigest()[:32]


def config_text(model: PreTrainedModel) -> str:
    """The settings that differ from their class's own: a field that a later transformers adds changes nothing."""
    usual = type(model.config)().to_dict()
    settings = {
        key: same_name(value)
        for key, value in model.config.to_dict().items()
        if key not in IGNORED_SETTINGS and (key not in usual or same_name(value) != same_name(usual[key]))
    }
    settings["model_type"] = model.config.model_type
    return json.dumps(settings, sort_keys=True, default=str)


def sample(weight: Tensor, every: int) -> Tensor:
    """Each number at a place that `every` divides, or more of them where the weight is small, as bfloat16."""
    flat = weight.contiguous().reshape(-1)
    return flat[:: min(every, max(1, len(flat) // ALWAYS))].to(torch.bfloat16).contiguous()


def tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """SHA-256 over the vocabulary and how a few hard texts are cut, first 32 hex digits."""
    vocab = sorted(tokenizer.get_vocab().items())
    probes = ["The Tümpel costs £20-25.", "  two  spaces\nand\ta line", "name : X | type : Y", "1921-04-30 don't"]
    cut = [tokenizer(text, add_special_tokens=True)["input_ids"] for text in probes]
    return hashlib.sha256(json.dumps([vocab, cut], ensure_ascii=False).encode()).hexdigest()[:32]
