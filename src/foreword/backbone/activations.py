"""Activation functions by their fast names.

Comes in:  a model's config.      Goes out: the same config, naming one kernel where it named a formula of many steps.
transformers computes "gelu_new" as eight element-wise passes, each keeping a tensor of four times the hidden size for the backward
pass; "gelu_pytorch_tanh" is the same function in one. Which one a config names is a setting of transformers, not of ours.
"""

from typing import Any

from transformers import PreTrainedConfig

FUSED_TWINS = {"gelu_new": "gelu_pytorch_tanh", "gelu_fast": "gelu_pytorch_tanh", "gelu_python": "gelu"}


def name_fused_activations(config: PreTrainedConfig) -> None:
    """Replace, in place, every setting that names a formula with a fused twin."""
    for key, value in config.to_dict().items():
        if isinstance(value, str) and value in FUSED_TWINS:
            setattr(config, key, FUSED_TWINS[value])


def same_name(value: Any) -> Any:
    """One name for one function, so that a fingerprint does not depend on which was used."""
    return FUSED_TWINS.get(value, value) if isinstance(value, str) else value
