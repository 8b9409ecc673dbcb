"""Getting a backbone: by hub name with a pinned revision, from a local folder, or one that ships with the package.

Comes in:  a name or path, a revision, a precision.      Goes out: a Backbone, frozen, with its tokenizer.
"""

from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedConfig,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_MAPPING_NAMES,
)

from foreword.backbone.activations import name_fused_activations
from foreword.backbone.backbone import Backbone
from foreword.catalogue import locate
from foreword.errors import UnknownName, UnsupportedBackbone

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_backbone(
    name: str = "scribe", revision: str | None = None, dtype: str = "float32", device: str = "cpu"
) -> Backbone:
    """Load a model that can carry prefixes.

    Args:
        name: an embedded backbone, a folder in transformers' format, or a name on the hub.
        revision: the hub commit (40 hex digits) whose files are meant; required for hub names, so that results can be had again.
        dtype: "float32", "bfloat16" or "float16".

    Raises:
        UnsupportedBackbone: it cannot be found or read, or it cannot carry a prefix; says why.
    """
    if dtype not in DTYPES:
        raise UnknownName("dtype", dtype, DTYPES)
    source, revision = locate(name, revision)
    files_of = {"revision": revision or None, "trust_remote_code": False}  # a model's folder is data, never code
    part = "its config"
    try:
        config = AutoConfig.from_pretrained(source, **files_of)
        name_fused_activations(config)
        part = "its weights"
        model, found = model_class_of(config).from_pretrained(
            source, config=config, dtype=DTYPES[dtype], use_safetensors=True, output_loading_info=True,
            ignore_mismatched_sizes=True, **files_of,
        )  # fmt: skip
        part = "its tokenizer"
        tokenizer = AutoTokenizer.from_pretrained(source, **files_of)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, SafetensorError) as error:
        raise UnsupportedBackbone(f"backbone {name!r} cannot be loaded: {part}: {reason_of(error)}") from error
    check_complete(name, found, len(tokenizer), config)
    with torch.no_grad():
        for weight in filter(is_unread, found["missing_keys"]):
            model.get_parameter(weight).zero_()  # begun at random, it would change the model's fingerprint
    return Backbone(model.to(device), tokenizer, name, revision)


def check_complete(name: str, found: dict[str, Any], num_tokens: int, config: PreTrainedConfig) -> None:
    """transformers starts missing and misshapen weights at random and makes up an empty tokenizer; here these are errors."""
    for weight, stored, wanted in found["mismatched_keys"]:
        raise UnsupportedBackbone(
            f"backbone {name!r} cannot be loaded: its files hold {weight} as {list(stored)}, its config wants {list(wanted)}. "
            "Config and weights are of two models."
        )
    missing = {weight for weight in found["missing_keys"] if not is_unread(weight)}
    if missing:
        raise UnsupportedBackbone(
            f"backbone {name!r} cannot be loaded: its files lack {len(missing)} weights ({', '.join(sorted(missing)[:3])}...). "
            "Take a checkpoint that was saved with its language-model head."
        )
    vocab_size = config.get_text_config(decoder=True).vocab_size
    if not 3 < num_tokens <= vocab_size:
        raise UnsupportedBackbone(
            f"backbone {name!r} cannot be loaded: its tokenizer has {num_tokens} tokens, the model {vocab_size}. "
            "The tokenizer's files are missing, or another model's."
        )


def is_unread(weight: str) -> bool:
    """Whether nothing here reads it: what pools an encoder's output into one vector."""
    return weight.startswith("pooler.")


def model_class_of(config: PreTrainedConfig) -> type:
    """The auto class with a language-model head for this config; its own `architectures` decide where two would do."""
    if config.is_encoder_decoder:
        return AutoModelForSeq2SeqLM
    wanted = (config.architectures or [""])[0]
    plain = {str(k): v for k, v in MODEL_MAPPING_NAMES.items()}.get(config.model_type)
    causal = {str(k): v for k, v in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.items()}.get(config.model_type)
    masked = {str(k): v for k, v in MODEL_FOR_MASKED_LM_MAPPING_NAMES.items()}.get(config.model_type)
    if masked is not None and wanted == plain:
        return AutoModel  # an encoder that was saved without its head, as sentence encoders are
    if masked is not None and (causal is None or wanted != causal):
        return AutoModelForMaskedLM
    return AutoModelForCausalLM


def reason_of(error: Exception) -> str:
    """The first sentence of a library's message, which may go on for pages."""
    return str(error).strip().split("\n")[0][:300] or type(error).__name__
