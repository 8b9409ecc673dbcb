"""Prefix-tuning: keys and values before the text of every layer are trained; the backbone is not.

Comes in:  a backbone, the prefix's length, its MLP, where it starts.      Goes out: an Injection per step; a Prefix at the end.

Source: Li and Liang (2021), arXiv:2101.00190. What differs: words are fitted onto the MLP exactly, where their
code nears them in 500 steps. What differs in the texts and in the loop stands in docs/reproduce.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import torch
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.backbone import Backbone, Texts
from foreword.errors import BadRecipe
from foreword.methods.base.method import Method
from foreword.prefix import Injection, Prefix, PrefixShape, SiteShape, in_a_row
from foreword.prefix.init import resized, zero_prefix
from foreword.prefix.reparam import GroupedLayers, Parameterization, parameterize
from foreword.recipe import MethodRecipe
from foreword.recipe.section import Names


class Settings(MethodRecipe):
    """Prefix-tuning (Li and Liang, 2021, arXiv:2101.00190)."""

    name: Literal["prefix-tuning"] = Field(default="prefix-tuning", description="one of `foreword list methods`")
    prefix_len: PositiveInt = Field(default=10, description="trained positions per layer (P)")
    mlp_dim: NonNegativeInt = Field(
        default=512, description="hidden size of the reparameterization MLP; 0 trains keys and values directly"
    )
    init: Literal["random", "zero", "words", "prefix"] = Field(
        default="random", description="where the first values come from"
    )
    init_words: str = Field(default="", description="words whose activations start the prefix, when init = 'words'")
    init_prefix: str = Field(
        default="",
        description="a prefix file, or a store reference like store/e2e@1, when init = 'prefix'; cut or repeated to prefix_len",
    )

    behind: str = Field(
        default="",
        description="a prefix (as for init_prefix) that stands in front and stays as it is: a task's, to train a style's behind it",
    )
    sites: Names = Field(
        default=(),
        description="encoder, decoder, cross: where the prefix is attended to; none named = wherever the model attends",
    )
    layers: str = Field(
        default="",
        description="layers (from 0) that have a prefix, and its positions: '3-5', '0-2:5, 3-5:20'; empty = all, prefix_len",
    )
    dropout: float = Field(
        default=0.0, ge=0.0, lt=1.0, description="share of keys' and values' numbers dropped in training"
    )

    @model_validator(mode="after")
    def layers_can_be_read(self) -> Self:
        groups_of(self.layers, self.prefix_len)
        if self.layers and self.behind:
            raise ValueError(
                f"behind = {self.behind!r} stands in every layer, and layers = {self.layers!r} name some: leave one out"
            )
        return self

    @model_validator(mode="after")
    def what_init_needs_is_given(self) -> Self:
        if self.init == "words" and not self.init_words:
            raise ValueError("init = 'words' needs init_words, e.g. 'summarize the article'")
        if self.init == "prefix" and not self.init_prefix:
            raise ValueError("init = 'prefix' needs init_prefix, e.g. 'store/e2e@1'")
        for key in ("words", "prefix"):
            given = getattr(self, f"init_{key}")
            if given and self.init != key:
                raise ValueError(f"init_{key} = {given!r} is for init = {key!r}, but init is {self.init!r}")
        return self


class PrefixTuning(Method):
    """One prefix for the whole task, at every site of the backbone."""

    gives_prefix = True

    def __init__(
        self,
        backbone: Backbone,
        prefix_len: int = 10,
        mlp_dim: int = 512,
        init: str = "random",
        init_words: str = "",
        init_prefix: Prefix | None = None,
        sites: Sequence[str] = (),
        layers: str = "",
        dropout: float = 0.0,
        behind: Prefix | None = None,
        seed: int = 0,
    ):
        """`init` is "random", "zero", "words" (needs `init_words`) or "prefix" (needs `init_prefix`); see `prefix/init.py`."""
        self.backbone, self.dropout, self.draws = backbone, dropout, dropout > 0
        shape = PrefixShape(prefix_len, chosen(sites, backbone), backbone.hidden_size)
        self.shape, self.groups = shape, groups_of(layers, prefix_len)
        self.parameterization = self.made(mlp_dim, torch.Generator().manual_seed(seed))
        self.in_front = None
        if behind:
            if lost := set(behind.sites) - set(shape.sites):
                raise BadRecipe(
                    f"method.sites leaves out {', '.join(sorted(lost))}, where the prefix that method.behind names stands too: it "
                    "would not stay as it is. Train at its sites."
                )
            self.in_front = at_sites("behind", behind, shape, backbone).to(backbone.device, torch.float32)
        start = first_values(backbone, shape, init, init_words, init_prefix)
        if start is not None:
            self.parameterization.fit(
                at_sites("init_prefix", start, shape, backbone).to(backbone.device, torch.float32)
            )

    def made(self, mlp_dim: int, generator: torch.Generator | None = None) -> Parameterization:
        """Raises BadRecipe: layers are named that a site does not have."""
        for site, shape in self.shape.sites.items():
            for layer in (layer for layers, _ in self.groups for layer in layers if layer >= shape.num_layers):
                layers = f"the layers 0 to {shape.num_layers - 1}"
                raise BadRecipe(f"method.layers: {site} attention of {self.backbone.name} has {layers}, not {layer}.")
        if not self.groups:
            return parameterize(self.shape, mlp_dim, generator).to(self.backbone.device)
        return GroupedLayers(self.shape, mlp_dim, self.groups, generator).to(self.backbone.device)

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.parameterization.named_parameters())

    def injection(self, texts: Texts | None = None) -> Injection:
        prefix = self.parameterization()
        if self.in_front is not None:
            prefix = in_a_row([self.in_front, prefix])
        if self.dropout and torch.is_grad_enabled():  # in training
            keys, values = (
                {s: F.dropout(t, self.dropout) for s, t in part.items()} for part in (prefix.keys, prefix.values)
            )
            prefix = replace(prefix, keys=keys, values=values)
        return Injection.of(prefix)

    @property
    def num_positions(self) -> int:
        return self.shape.prefix_len + (0 if self.in_front is None else self.in_front.prefix_len)

    def export(self) -> dict[str, Tensor]:
        front = {} if self.in_front is None else self.in_front.tensors()
        return self.parameterization.fold().tensors() | {f"{FRONT}{name}": tensor for name, tensor in front.items()}

    def load(self, exported: Mapping[str, Tensor]) -> None:
        prefix = checked(parted(exported)[0], self.backbone).to(self.backbone.device)
        self.parameterization = self.made(mlp_dim=0)
        self.parameterization.fit(prefix)

    def start(self, exported: Mapping[str, Tensor]) -> None:
        """Behind the MLP, if there is one."""
        self.parameterization.fit(checked(parted(exported)[0], self.backbone).to(self.backbone.device))

    @classmethod
    def restored(cls, backbone: Backbone, exported: Mapping[str, Tensor], **settings: Any) -> Self:
        """Without the MLP, and without reading again what the training started from."""
        own, front = parted(exported)
        prefix, behind = checked(own, backbone), checked(front, backbone) if front else None
        layers, sites = settings.get("layers", ""), list(prefix.sites)
        return cls(
            backbone,
            prefix.prefix_len,
            mlp_dim=0,
            init="prefix",
            init_prefix=prefix,
            sites=sites,
            layers=layers,
            behind=behind,
        )

    @property
    def num_stored(self) -> int:
        """Without the zeros of layers that have fewer positions than others."""
        return self.prefix().num_values

    def prefix(self) -> Prefix:
        prefix = replace(self.parameterization.fold(), made_for=self.backbone.fingerprint)
        return prefix if self.in_front is None else in_a_row([self.in_front, prefix])


FRONT = "in_front."  # before the names of an export's tensors that stand in front of the trained ones


def parted(exported: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What was trained, and what stands in front of it."""
    front = {name.removeprefix(FRONT): tensor for name, tensor in exported.items() if name.startswith(FRONT)}
    return {name: tensor for name, tensor in exported.items() if not name.startswith(FRONT)}, front


GROUP = re.compile(r"(\d+)(?:-(\d+))?(?::(\d+))?")


def groups_of(layers: str, prefix_len: int) -> list[tuple[list[int], int]]:
    """Layers and their positions, in the order they are named: "0-2:5, 3" -> [([0, 1, 2], 5), ([3], prefix_len)].

    Raises:
        ValueError: it cannot be read, names a layer twice, or its longest group has not prefix_len positions.
    """
    groups: list[tuple[list[int], int]] = []
    for part in (part.strip() for part in layers.split(",") if layers.strip()):
        match = GROUP.fullmatch(part)
        if match is None:
            raise ValueError(f"layers must be like '3-5' or '0-2:5, 3-5:20', got {part!r}")
        first, last, length = (None if number is None else int(number) for number in match.groups())
        assert first is not None, part
        numbers, length = (
            list(range(first, (first if last is None else last) + 1)),
            prefix_len if length is None else length,
        )
        if not numbers or not 1 <= length <= prefix_len:
            raise ValueError(
                f"layers must be like '0-2:5', with 1 to prefix_len = {prefix_len} positions, got {part!r}"
            )
        groups.append((numbers, length))
    named = [layer for numbers, _ in groups for layer in numbers]
    if len(set(named)) < len(named):
        raise ValueError(f"layers must name a layer once, got {layers!r}")
    longest = max((length for _, length in groups), default=prefix_len)
    if longest < prefix_len:
        raise ValueError(
            f"layers has {longest} positions at most, and prefix_len is the longest's: got {prefix_len} in {layers!r}. "
            f"Set prefix_len={longest}"
        )
    return groups


def chosen(sites: Sequence[str], backbone: Backbone) -> dict[str, SiteShape]:
    """The sites that are named. Raises BadRecipe: one that the backbone does not have."""
    for site in sites:
        if site not in backbone.sites:
            raise BadRecipe(f"method.sites: {backbone.name} attends at {', '.join(backbone.sites)}, not at {site!r}.")
    return {site: shape for site, shape in backbone.sites.items() if site in sites or not sites}


def at_sites(key: str, prefix: Prefix, shape: PrefixShape, backbone: Backbone) -> Prefix:
    """The prefix that method.`key` names, at the trained one's sites. Raises BadRecipe, PrefixMismatch: it has not all of them."""
    lacking = [site for site in shape.sites if site not in prefix.sites]
    if lacking:
        raise BadRecipe(
            f"method.{key}: that prefix is attended to at {', '.join(prefix.sites)}, not at {', '.join(lacking)}. Set method.sites."
        )
    prefix = prefix.only(shape.sites)
    prefix.check_fits(shape.sites, backbone.name, backbone.fingerprint_now)
    return prefix


def checked(exported: Mapping[str, Tensor], backbone: Backbone) -> Prefix:
    """What `export` gave, as a prefix of this backbone. Raises PrefixMismatch: it is for another."""
    prefix = Prefix.from_tensors(exported, backbone.fingerprint)
    prefix.check_fits(backbone.sites, backbone.name, backbone.fingerprint)
    return prefix


def first_values(backbone: Backbone, shape: PrefixShape, init: str, words: str, given: Prefix | None) -> Prefix | None:
    """The prefix to start from; None leaves the random start of the parameters."""
    if init == "zero":
        return zero_prefix(shape)
    if init == "words":
        ids = backbone.tokenizer(f" {words.strip()}", add_special_tokens=False)["input_ids"]
        if len(ids) > shape.prefix_len:
            raise BadRecipe(
                f"method.init_words are {len(ids)} tokens, but the prefix has {shape.prefix_len} positions. "
                f"Set method.prefix_len={len(ids)} or more, or give fewer words."
            )
        # Fewer words than positions are said again, at the positions they then have.
        repeated = [ids[i % len(ids)] for i in range(shape.prefix_len)] if ids else []
        return backbone.activations(repeated)
    if init == "prefix":
        assert given is not None, "init = 'prefix' needs the prefix itself"
        return resized(given, shape.prefix_len)
    assert init == "random", init
    return None
