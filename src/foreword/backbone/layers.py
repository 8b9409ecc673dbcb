"""Which modules are a model's layers: each is the one in a list of modules that an attention module of ours stands in.

Comes in:  a model whose attention is marked with its sites.      Goes out: its stacks, "encoder" and "decoder", layer by layer.
"""

from torch import nn
from transformers import PreTrainedModel

from foreword.prefix.attention import MARK, AttentionSite


def stacks_of(model: PreTrainedModel) -> dict[str, dict[str, nn.Module]]:
    """Stack -> the full name of each of its layers -> the layer, from the bottom to the top."""
    found: dict[str, dict[str, nn.Module]] = {}
    for path, module in model.named_modules():
        where: AttentionSite | None = getattr(module, MARK, None)
        if where is not None and where.site != "cross":
            name = layer_around(model, path)
            found.setdefault(where.site, {})[name] = model.get_submodule(name)
    return found


def layer_around(model: PreTrainedModel, path: str) -> str:
    """The name of the layer that an attention module is part of: the outermost list's, as T5 lists a layer's parts as well."""
    parts = path.split(".")
    for end in range(1, len(parts)):
        if isinstance(model.get_submodule(".".join(parts[:end])), nn.ModuleList):
            return ".".join(parts[: end + 1])
    return path
