"""LoRA: a product of two low-rank matrices is added to some of the frozen ones. The matrices are PEFT's.

Source: Hu et al. (2022), arXiv:2106.09685. The paper's row on E2E has rank 4 and alpha 32 on the projections to queries and
values (in GPT-2 one matrix yields both, and the keys).
"""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import nn
from transformers.pytorch_utils import Conv1D

from foreword.backbone import Backbone
from foreword.errors import BadRecipe, MissingTool
from foreword.methods.base.method import Method
from foreword.recipe import MethodRecipe
from foreword.recipe.section import Names

MATRICES = (nn.Linear, Conv1D)


class Settings(MethodRecipe):
    """Low-rank additions to the weights (Hu et al., 2022, arXiv:2106.09685), by PEFT."""

    name: Literal["lora"] = Field(default="lora", description="one of `foreword list methods`")
    rank: PositiveInt = Field(default=4, description="of each addition (r)")
    alpha: PositiveFloat = Field(default=32, description="an addition is scaled by alpha / rank")
    targets: Names = Field(
        default=(), description="names of the matrices to add to, e.g. ['c_attn']; none = as PEFT has it for the model"
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="of what goes into the additions, in training")


class LoRA(Method):
    """The low-rank matrices, put into the model where it is."""

    refusal = "these matrices are not of {backbone} at these ranks and targets"

    def __init__(
        self, backbone: Backbone, rank: int = 4, alpha: float = 32, targets: Sequence[str] = (), dropout: float = 0.0,
        seed: int = 0,
    ):  # fmt: skip
        peft = import_peft()
        self.backbone, self.draws = backbone, dropout > 0
        at = list(targets) or usual_targets(backbone)
        found = [matrix for name in at for matrix in named(backbone, name)]
        config = peft.LoraConfig(
            r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=at,
            fan_in_fan_out=any(isinstance(m, Conv1D) for m in found),
        )  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            peft.inject_adapter_in_model(config, backbone.model)
        self.matrices: dict[str, nn.Parameter] = {}
        for name, parameter in backbone.model.named_parameters():
            parameter.requires_grad_("lora_" in name)
            if "lora_" in name:
                parameter.data = parameter.data.float()
                self.matrices[name] = parameter
        backbone.model.eval()
        for name, module in backbone.model.named_modules():
            if ".lora_dropout." in name and dropout:
                module.register_forward_pre_hook(drop_in_training)
        backbone.alter(backbone.model)

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.matrices)


def drop_in_training(module: nn.Module, args: object) -> None:
    """The rest of the model keeps its own dropout off in training, unless told otherwise (`train.lm_dropout`)."""
    module.train(torch.is_grad_enabled())


def named(backbone: Backbone, target: str) -> list[nn.Module]:
    """The matrices that PEFT finds under a name or its last parts (`attn.c_attn`). Raises BadRecipe: none, or what is no matrix."""
    modules = dict(backbone.model.named_modules())
    found = {name: module for name, module in modules.items() if name == target or name.endswith(f".{target}")}
    wrong = next((name for name, module in found.items() if not isinstance(module, (*MATRICES, nn.Embedding))), None)
    if not found or wrong:
        what = f"{wrong} is no matrix" if wrong else f"it has no matrix {target!r}"
        usual = sorted({name.split(".")[-1] for name, module in modules.items() if isinstance(module, MATRICES)})
        raise BadRecipe(f"method.targets: of {backbone.name}, {what}. Its matrices are {', '.join(usual)}.")
    output = next((name for name, module in found.items() if module is backbone.model.get_output_embeddings()), None)
    if output:
        raise BadRecipe(
            f"method.targets: {output} is {backbone.name}'s output layer, which is asked for some positions alone. Name others."
        )
    shared = next((name for name, module in found.items() if module is backbone.model.get_input_embeddings()), None)
    if shared and backbone.model.config.is_encoder_decoder:
        raise BadRecipe(
            f"method.targets: {backbone.name}'s {shared} reads nothing, encoder and decoder each do with embeddings of their own. "
            "Name those: embed_tokens."
        )
    return list(found.values())


def usual_targets(backbone: Backbone) -> list[str]:
    """Where PEFT adds to a model of this family. Raises BadRecipe: it does not know the family."""
    from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as USUAL

    family = backbone.model.config.model_type
    if family not in USUAL:
        raise BadRecipe(f"method.targets must name the matrices to add to: PEFT has no usual ones for {family!r}.")
    return list(USUAL[family])


def import_peft() -> Any:
    """The package, or word of how to get it."""
    try:
        import peft
    except ImportError:
        raise MissingTool(
            "method 'lora' needs the package peft, which is not installed: pip install 'foreword[lora]'"
        ) from None
    return peft
