"""Whether a stored prefix is what its manifest says, and whether it belongs to a backbone.

Comes in:  a manifest, the bytes of a prefix.safetensors, a backbone's facts.      Goes out: checks passed or failed, and why.
torch is imported only where tensors are looked at.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from foreword.errors import PrefixMismatch
from foreword.store.manifest import Manifest, StoredSite
from foreword.store.registry import reason

if TYPE_CHECKING:
    from torch import Tensor

    from foreword.prefix import SiteShape

FILE = "prefix.safetensors"
LARGEST = (
    1e6  # of a prefix's numbers: trained ones stay far below, and products of larger ones leave what a mask can hide
)


class BackboneFacts(Protocol):
    """What the store must know of a backbone; any object with these will do."""

    @property
    def name(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def sites(self) -> "Mapping[str, SiteShape]": ...

    # Both are str. Type checkers take a cached_property, which a backbone has here, for the descriptor it is.
    @property
    def fingerprint(self) -> Any: ...
    @property
    def tokenizer_hash(self) -> Any: ...


@dataclass(frozen=True)
class Check:
    """One thing looked at; `why` says what is wrong with it, and is empty when nothing is."""

    name: str
    why: str = ""

    @property
    def ok(self) -> bool:
        return not self.why


def check_backbone(manifest: Manifest, backbone: BackboneFacts) -> None:
    """Refuse a backbone that the prefix was not trained for. Names do not count: a copy by another name is the same model.

    Raises:
        PrefixMismatch: says what differs, with both values.
    """
    trained, differences = manifest.backbone, shape_differences(manifest, backbone)
    if trained.fingerprint != backbone.fingerprint:
        differences.append(f"fingerprint {trained.fingerprint} there, {backbone.fingerprint} here")
    same_model = not differences
    if trained.tokenizer_hash != backbone.tokenizer_hash:
        differences.append(f"tokenizer hash {trained.tokenizer_hash} there, {backbone.tokenizer_hash} here")
    if not differences:
        return
    wanted = label(trained.name, trained.revision)
    loaded = label(backbone.name, backbone.revision)
    if same_model:
        remedy = "Load it with the tokenizer it had in training"
    else:
        remedy = f"Load {wanted}" + (" as it was in training" if wanted == loaded else "")
    raise PrefixMismatch(
        f"prefix {manifest.reference!r} was trained for {wanted}, but the loaded backbone is {loaded}: "
        f"{'; '.join(differences)}. {remedy}, or train this prefix again for {loaded}."
    )


def label(name: str, revision: str) -> str:
    return f"{name} at revision {revision}" if revision else name


def shape_differences(manifest: Manifest, backbone: BackboneFacts) -> list[str]:
    """Sites of the prefix that the backbone lacks or has in another shape."""
    differences = []
    for site, shape in manifest.sites.items():
        other = backbone.sites.get(site)
        if other is None:
            differences.append(f"{site} attention {shape} there, none here")
        elif StoredSite.of(other) != shape:
            differences.append(f"{site} attention {shape} there, {other} here")
    return differences


def read_content(path: Path) -> tuple[bytes, Check]:
    """The bytes of a prefix's file, and whether there are any to be had."""
    try:
        return path.read_bytes(), Check("file")
    except FileNotFoundError:
        return b"", Check("file", f"{FILE} is missing")
    except OSError as error:
        return b"", Check("file", f"{FILE} cannot be read: {reason(error)}")


def check_content(manifest: Manifest, content: bytes) -> Iterator[Check]:
    """The checks of a prefix's file, in order; none comes after one that failed, since each relies on those before.

    Args:
        content: the bytes of the file, read once, so that what is checked is what is used.
    """
    for name, fault in {
        "size": size_fault,
        "sha256": hash_fault,
        "tensors": layout_fault,
        "finite": value_fault,
    }.items():
        check = Check(name, fault(manifest, content))
        yield check
        if not check.ok:
            return


def size_fault(manifest: Manifest, content: bytes) -> str:
    if len(content) == manifest.size_bytes:
        return ""
    what = "truncated" if len(content) < manifest.size_bytes else "changed"
    return f"{FILE} was {what}: it has {len(content)} bytes, its manifest says {manifest.size_bytes}"


def hash_fault(manifest: Manifest, content: bytes) -> str:
    found = hashlib.sha256(content).hexdigest()
    if found == manifest.sha256:
        return ""
    return f"{FILE} was changed: its SHA-256 is {found}, its manifest says {manifest.sha256}"


def layout_fault(manifest: Manifest, content: bytes) -> str:
    """Names, shapes [L, H, P, D] and dtype of the tensors against the manifest."""
    from safetensors import SafetensorError

    try:
        tensors = parse_tensors(content)
    except (SafetensorError, KeyError) as error:  # KeyError: of a number format that PyTorch does not have
        return f"{FILE} is not a safetensors file ({error})"
    found = {name: f"{dtype_name(tensor)} {list(tensor.shape)}" for name, tensor in tensors.items()}
    expected = {
        f"{site}.{part}": f"{manifest.dtype} {[s.num_layers, s.num_kv_heads, manifest.prefix_len, s.head_dim]}"
        for site, s in manifest.sites.items()
        for part in ("keys", "values")
    }
    lengths = {
        f"{site}.lengths": f"int64 {[s.num_layers]}" for site, s in manifest.sites.items()
    }  # where layers differ
    expected |= {name: shape for name, shape in lengths.items() if name in found}
    for name in sorted({*found, *expected}):
        if found.get(name) != expected.get(name):
            return (
                f"{FILE} has for {name} {found.get(name, 'nothing')}, its manifest says {expected.get(name, 'nothing')}"
            )
    for name in sorted(lengths.keys() & found):
        given = tensors[name].tolist()
        if not all(0 <= length <= manifest.prefix_len for length in given) or not any(given):
            return f"{FILE} has for {name} {given}, where each must be from 0 to {manifest.prefix_len} and not all 0"
    return ""


def value_fault(manifest: Manifest, content: bytes) -> str:
    fault = nonfinite(parse_tensors(content))
    return f"{FILE} holds numbers that are none: {fault}" if fault else ""


def nonfinite(tensors: "Mapping[str, Tensor]") -> str:
    """How many numbers are NaN, infinite or beyond all use, and where the first is; empty when none is."""
    for name, tensor in sorted(tensors.items()):
        if not tensor.is_floating_point():
            continue
        bad = (~(tensor.abs() <= LARGEST)).nonzero()
        if len(bad):
            layer, head, position, _ = bad[0].tolist()
            value = tensor[tuple(bad[0])].item()
            where = f"layer {layer}, head {head}, position {position}"
            many = f"{len(bad)} of {name}'s {tensor.numel()} numbers"
            return f"{many} are not finite, or beyond {LARGEST:.0e}, the first is {value} at {where}"
    return ""


def parse_tensors(content: bytes) -> "dict[str, Tensor]":
    """The tensors in the bytes of a safetensors file."""
    from safetensors.torch import load

    return load(content)


def dtype_name(tensor: "Tensor") -> str:
    return str(tensor.dtype).removeprefix("torch.")
