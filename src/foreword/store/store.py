"""The store: a folder of prefixes under names with versions, each immutable once it is written.

Comes in:  prefixes with the facts of their training; references like `e2e` or `e2e@3`.
Goes out:  manifests, checked prefixes, or a refusal that says which prefix, what is wrong and what to do.
    <store>/<name>/<version>/prefix.safetensors, manifest.json;  a removed version keeps its folder, with removed.json.
Several processes may use one store. It knows no model: a backbone is its name, revision, hashes and shapes.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version as package_version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from foreword.errors import StoreError
from foreword.store.checks import (
    FILE,
    BackboneFacts,
    Check,
    check_backbone,
    check_content,
    nonfinite,
    parse_tensors,
    read_content,
)
from foreword.store.manifest import (
    FORMAT_VERSION,
    MEND,
    Canary,
    DType,
    Manifest,
    StoredBackbone,
    StoredForm,
    StoredScore,
    StoredSite,
    UnreadableManifest,
    decoding_of,
    explained,
    manifest_from_bytes,
)
from foreword.store.reference import Reference, check_name
from foreword.store.registry import MANIFEST, REMOVED, find, is_removed, names, read_manifest, reason, versions
from foreword.store.writing import sync_folder, write_version

if TYPE_CHECKING:
    from foreword.prefix import Prefix


class Unreadable(NamedTuple):
    """A version that is there and cannot be read."""

    reference: str
    why: str


class Listing(NamedTuple):
    """What is in a store; the prefixes newest first."""

    prefixes: tuple[Manifest, ...]
    unreadable: tuple[Unreadable, ...]


class Store:
    """Prefixes in a folder. Making one touches no disk; `add` creates the folder."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)

    def add(
        self,
        prefix: "Prefix",
        name: str,
        backbone: BackboneFacts,
        *,
        method: str,
        recipe: Mapping[str, Any],
        data_hash: str,
        canary: Canary,
        form: StoredForm | None = None,
        scores: Sequence[StoredScore] = (),
        code_commit: str = "",
        dtype: DType = "float32",
    ) -> Manifest:
        """Write a prefix as the next version of a name; the arguments are fields of the manifest.

        Raises:
            PrefixMismatch: it does not have the backbone's shape.
            StoreError: the name is not allowed, a number is not finite, a fact is wrong, or the disk refuses.
                No version was added then.
        """
        check_name(name)
        prefix.check_fits(backbone.sites, backbone.name, backbone.fingerprint)
        content = to_content(prefix, name, dtype)
        facts = {"method": method, "recipe": recipe, "data_hash": data_hash, "canary": canary, "scores": scores}
        facts |= {"form": form or StoredForm(), "code_commit": code_commit, "dtype": dtype, "size_bytes": len(content)}
        facts |= {"name": name, "sha256": hashlib.sha256(content).hexdigest()}
        try:
            # Version 1 stands in until the free one is known; writing it out finds what JSON cannot hold.
            manifest = Manifest.model_validate(facts | measured(prefix, backbone) | {"version": 1})
            manifest.to_bytes()
        except ValueError as error:
            why = explained(error)
            raise StoreError(f"prefix {name!r} is not stored: {why}. Correct it and add it again.") from None
        return self._write(manifest, content)

    def receive(self, name: str, manifest: bytes, content: bytes, backbone: BackboneFacts) -> Manifest:
        """Write what came from another store as the next version of a name here, after every check there is.

        Args:
            manifest, content: the bytes of manifest.json and prefix.safetensors.

        Raises:
            PrefixMismatch: it was trained for another backbone.
            StoreError: the name is not allowed, it is not what its manifest says, or the disk refuses. No version was added then.
        """
        check_name(name)
        try:
            sent = manifest_from_bytes(manifest)
            decoding_of(sent)
            sent.to_bytes()  # finds what JSON cannot hold
        except (UnreadableManifest, ValueError) as error:
            raise StoreError(
                f"prefix {name!r} is not stored: {error}. Send both files as a store holds them."
            ) from None
        check_backbone(sent, backbone)
        for check in check_content(sent, content):
            if not check.ok:
                raise StoreError(f"prefix {name!r} is not stored: {check.why}. Send both files as a store holds them.")
        return self._write(sent.model_copy(update={"name": name}), content)

    def _write(self, manifest: Manifest, content: bytes) -> Manifest:
        def numbered(version: int) -> dict[str, bytes]:
            return {MANIFEST: manifest.model_copy(update={"version": version}).to_bytes()}

        try:
            version = write_version(self.folder, manifest.name, {FILE: content}, numbered)
        except OSError as error:
            raise StoreError(
                f"prefix {manifest.name!r} is not stored in {self.folder}: {reason(error)}. No version was added; "
                "make room or give permission there, and add it again."
            ) from error
        stored = manifest.model_copy(update={"version": version})
        try:
            sync_folder(self.folder / stored.name)
        except OSError as error:
            raise StoreError(
                f"prefix {stored.reference!r} is stored, but the disk did not confirm it: {reason(error)}. "
                "Verify it before relying on it."
            ) from error
        return stored

    def list(self) -> Listing:
        """Every version of every name. What cannot be read is told, and stops nothing.

        Raises:
            StoreError: there is no such folder.
        """
        prefixes, unreadable = [], []
        for name in names(self.folder):
            try:
                found = [Reference(name, version) for version in versions(self.folder, name)]
            except StoreError as error:
                unreadable.append(Unreadable(name, str(error)))
                continue
            for reference in found:
                try:
                    prefixes.append(read_manifest(self.folder, reference))
                except UnreadableManifest as error:
                    unreadable.append(Unreadable(str(reference), str(error)))
        prefixes.sort(key=lambda manifest: (manifest.created, manifest.version), reverse=True)
        return Listing(tuple(prefixes), tuple(unreadable))

    def show(self, reference: str) -> Manifest:
        """What is known of a prefix; its tensors are not looked at.

        Raises:
            UnknownName, StoreError: there is no such prefix, or its manifest cannot be used.
        """
        found = find(self.folder, reference)
        try:
            return read_manifest(self.folder, found)
        except UnreadableManifest as error:
            raise StoreError(f"prefix {str(found)!r}: {error}. {error.remedy}") from None

    def load(self, reference: str, backbone: BackboneFacts | None) -> "tuple[Prefix, Manifest]":
        """A prefix, on the CPU and in the precision it is stored in, after every check.

        Args:
            backbone: the model it is to run on; None only to look at the numbers without one.

        Raises:
            UnknownName, StoreError: there is no such prefix, or it is not what was stored.
            PrefixMismatch: it was trained for another backbone.
        """
        from foreword.prefix import Prefix

        manifest = self.show(reference)
        if backbone is not None:
            check_backbone(manifest, backbone)
        content, opened = read_content(self._file(Reference.parse(manifest.reference)))
        for check in chain([opened], check_content(manifest, content)):
            if not check.ok:
                raise StoreError(f"prefix {manifest.reference!r}: {check.why}. {MEND}")
        return Prefix.from_tensors(parse_tensors(content), manifest.backbone.fingerprint), manifest

    def verify(self, reference: str) -> tuple[Check, ...]:
        """Everything that can be checked without a model: manifest, file, size, sha256, tensors, finite.

        Returns:
            the checks in this order; one that fails is the last, since each relies on those before.

        Raises:
            UnknownName, StoreError: there is no such prefix. One that is there and broken raises nothing.
        """
        return tuple(self._checks(find(self.folder, reference)))

    def _checks(self, found: Reference) -> Iterator[Check]:
        try:
            manifest = read_manifest(self.folder, found)
        except UnreadableManifest as error:
            yield Check("manifest", str(error))
            return
        yield Check("manifest")
        content, opened = read_content(self._file(found))
        yield opened
        if opened.ok:
            yield from check_content(manifest, content)

    def remove(self, reference: str) -> None:
        """Delete the tensors of one version. Its number stays taken, and its manifest stays, as removed.json.

        The version must be given: the newest may have become another one since somebody looked.

        Raises:
            UnknownName, StoreError: there is no such prefix, no version is given, or the disk refuses.
        """
        asked = Reference.parse(reference)
        folder = self._file(asked).parent
        if not (is_removed(folder) and (folder / FILE).exists()):  # otherwise a removal was interrupted: finish it
            found = find(self.folder, reference)
            if asked.version is None:
                raise StoreError(
                    f"which version of {reference!r} is to be removed? Say it; the newest is {str(found)!r}."
                )
        try:
            if (folder / MANIFEST).exists():
                # This is the removal: one step, and one that needs no room on the disk.
                os.replace(folder / MANIFEST, folder / REMOVED)
            else:
                (folder / REMOVED).touch()
            sync_folder(folder)
            (folder / FILE).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"prefix {reference!r} is not wholly removed: {reason(error)}. Mend that and remove it again."
            ) from error

    def _file(self, found: Reference) -> Path:
        return self.folder / found.name / str(found.version) / FILE


def measured(prefix: "Prefix", backbone: BackboneFacts) -> dict[str, Any]:
    """The fields of a manifest that are read off, not told."""
    return {
        "format_version": FORMAT_VERSION,
        "created": datetime.now(UTC).replace(microsecond=0),
        "backbone": StoredBackbone(
            name=backbone.name,
            revision=backbone.revision,
            fingerprint=backbone.fingerprint,
            tokenizer_hash=backbone.tokenizer_hash,
        ),
        "sites": {site: StoredSite.of(shape) for site, shape in prefix.sites.items()},
        "prefix_len": prefix.prefix_len,
        "foreword_version": package_version("foreword"),
    }


def to_content(prefix: "Prefix", name: str, dtype: str) -> bytes:
    """The bytes of a prefix's file, once its numbers are known to be numbers in this precision."""
    import torch
    from safetensors.torch import save

    if dtype not in get_args(DType):
        raise StoreError(f"prefix {name!r} is not stored: dtype must be {' or '.join(get_args(DType))}, got {dtype!r}.")
    # Copies, since safetensors writes no memory that tensors share, nor any that is not in order.
    tensors = {
        name: tensor.detach()
        .to("cpu", getattr(torch, dtype) if tensor.is_floating_point() else None)
        .clone(memory_format=torch.contiguous_format)
        for name, tensor in prefix.tensors().items()
    }
    fault = nonfinite(tensors)
    if fault:
        raise StoreError(
            f"prefix {name!r} is not stored: as {dtype}, {fault}. Train it again, e.g. with a lower train.lr."
        )
    return save(tensors)
