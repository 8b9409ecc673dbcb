"""What is known of a stored prefix, as a file beside its tensors.

Comes in:  plain values, or the bytes of a manifest.json.      Goes out: a Manifest, or a reason why it cannot be one.
The file is sealed with a hash of its own content, so that a change made by hand is found as surely as one in the tensors.
It imports no torch, so that thousands of prefixes are listed at once.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from foreword.recipe.decoding import GenerateRecipe
from foreword.store.reference import Reference

if TYPE_CHECKING:
    from foreword.prefix import SiteShape

FORMAT_VERSION = 1
SEAL = "manifest_sha256"
MOST_BYTES = 2**20  # of a manifest: as Python's objects it takes some fifty times as much
MEND = "Restore the file from a copy, or remove this version and add the prefix again."

Site = Literal["encoder", "decoder", "cross"]
DType = Literal["float32", "bfloat16"]
Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Record(BaseModel):
    """A part of a manifest: immutable; a key nobody knows is an error, and so is a number that is none."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StoredBackbone(Record):
    """The model the prefix was trained for."""

    name: Text = Field(description="as in the recipe: an embedded backbone, a folder or a name on the hub")
    revision: str = Field(description="hub commit; empty when there is none")
    fingerprint: Text = Field(description="hash of the model's config and weights")
    tokenizer_hash: Text = Field(description="hash of the vocabulary and of how texts are cut")


class StoredSite(Record):
    """The shape of attention at one site."""

    num_layers: PositiveInt = Field(description="layers (L)")
    num_kv_heads: PositiveInt = Field(description="key-value heads (H)")
    head_dim: PositiveInt = Field(description="numbers per head (D)")

    @classmethod
    def of(cls, shape: "SiteShape") -> "StoredSite":
        return cls(num_layers=shape.num_layers, num_kv_heads=shape.num_kv_heads, head_dim=shape.head_dim)

    def __str__(self) -> str:
        return f"L={self.num_layers} H={self.num_kv_heads} D={self.head_dim}"


class StoredScore(Record):
    """One number that the prefix reached, and everything needed to know what it means."""

    metric: Text = Field(description="the metric's name")
    value: float = Field(description="in the metric's own unit")
    signature: Text = Field(description="task, split, decoding, seed, metric and code, as the result file has it")


class StoredForm(Record):
    """How its task asks and answers, so that a plain text is answered where the task's data are not."""

    words: tuple[str, ...] = Field(default=(), description="an answer is one of these; empty: any text")
    per_word: bool = Field(default=False, description="an answer is one of them for each word of the input")
    question: str = Field(default="", description="what a plain text becomes, {source} in it; empty: it stays as it is")


class Canary(Record):
    """An input with the first tokens that must come of it: shows that a prefix works where it has been brought to."""

    source: Text = Field(description="the input text")
    tokens: tuple[NonNegativeInt, ...] = Field(
        min_length=1,
        description="ids of the first tokens, decoded greedily; of a masked model the likeliest in the answer's place",
    )
    text: str = Field(description="the same tokens as text")


class Manifest(Record):
    """Everything about one version of one prefix but its numbers."""

    format_version: Literal[1] = Field(description="of this file")
    name: Text = Field(description="the prefix's name in the store")
    version: PositiveInt = Field(description="counted from 1 for each name, never given twice")
    created: AwareDatetime = Field(description="when it was added, UTC")
    backbone: StoredBackbone
    sites: dict[Site, StoredSite] = Field(min_length=1, description="where the prefix is attended to")
    prefix_len: PositiveInt = Field(description="positions (P), the same at every site")
    dtype: DType = Field(description="precision of the stored numbers")
    method: Text = Field(description="how it was trained, e.g. prefix-tuning")
    recipe: dict[str, JsonValue] = Field(description="the whole resolved recipe of its training")
    form: StoredForm = StoredForm()
    data_hash: str = Field(description="hash of the task's training data; empty when they are not known")
    scores: tuple[StoredScore, ...] = Field(description="what it reached, on which split")
    canary: Canary
    size_bytes: PositiveInt = Field(description="length of prefix.safetensors")
    sha256: Sha256 = Field(description="SHA-256 of prefix.safetensors, hex")
    foreword_version: Text = Field(description="of the package that wrote it")
    code_commit: str = Field(description="of the code that trained it; empty when it is not known")

    @property
    def reference(self) -> str:
        """Its full name, like 'e2e@3'."""
        return str(Reference(self.name, self.version))

    def to_bytes(self) -> bytes:
        """The file's content, sealed.

        Raises:
            ValueError: a text or number in the recipe that JSON or UTF-8 cannot hold, or more than a manifest may take.
        """
        facts = self.model_dump(mode="json")
        sealed = facts | {SEAL: seal(facts)}
        content = (json.dumps(sealed, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
        if len(content) > MOST_BYTES:
            raise ValueError(f"the manifest would have {len(content)} bytes, and may have {MOST_BYTES}")
        return content


def decoding_of(manifest: Manifest) -> dict[str, Any]:
    """How its texts were decoded: what its recipe's [generate] gives.

    Raises:
        UnreadableManifest: with values that decoding cannot have.
    """
    given = manifest.recipe.get("generate", {})
    try:
        if not isinstance(given, dict):
            raise UnreadableManifest(f"its recipe's generate must be a table, got {given!r}")
        known = {key: given[key] for key in GenerateRecipe.model_fields if key in given}
        GenerateRecipe.model_validate(known)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(["generate", *(str(part) for part in fault["loc"])])
        raise UnreadableManifest(f"its recipe's {place} cannot be {fault['input']!r} ({fault['msg']})") from None
    return known


class UnreadableManifest(Exception):
    """The reason why a manifest cannot be used; whoever reads it adds which prefix it belongs to."""

    def __init__(self, why: str, remedy: str = MEND):
        super().__init__(why)
        self.remedy = remedy


def manifest_from_bytes(content: bytes) -> Manifest:
    """The inverse of `Manifest.to_bytes`.

    Raises:
        UnreadableManifest: too long, not JSON, another format, a key missing, unknown or wrong, or changed since it was written.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableManifest(f"manifest.json has {len(content)} bytes, and may have {MOST_BYTES}")
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableManifest(f"manifest.json is not JSON ({error})") from None
    if not isinstance(facts, dict):
        raise UnreadableManifest("manifest.json must be a JSON object")
    found = facts.get("format_version", FORMAT_VERSION)
    if found != FORMAT_VERSION:
        why = f"manifest.json has format_version {found!r}, and this foreword reads {FORMAT_VERSION}"
        raise UnreadableManifest(why, "Use a foreword that reads it.")
    written = facts.pop(SEAL, None)
    try:
        manifest = Manifest.model_validate(facts)
        current = seal(facts)
    except ValueError as error:
        raise UnreadableManifest(f"manifest.json cannot be used: {explained(error)}") from None
    if written != current:
        raise UnreadableManifest(f"manifest.json was changed: its {SEAL} is {written}, its content gives {current}")
    return manifest


def seal(facts: Mapping[str, Any]) -> str:
    """SHA-256 of the facts as JSON with sorted keys and no spaces: line breaks and order may change, nothing else."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def explained(error: ValueError) -> str:
    """What is wrong with which key, all in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(one_fault(f["type"], f["loc"], f["msg"], f["input"]) for f in error.errors(include_url=False))


def one_fault(kind: str, loc: tuple[int | str, ...], message: str, value: object) -> str:
    # Inside the recipe Pydantic puts the kind of each value after its key: recipe, train, dict, lr, float.
    key = ".".join(str(part) for part in (("recipe", *loc[1::2]) if loc[0] == "recipe" else loc))
    if kind == "missing":
        return f"{key!r} is missing"
    if kind == "extra_forbidden":
        return f"{key!r} is not a key of a manifest"
    shown = repr(value)
    return f"{key!r}: {message[0].lower()}{message[1:]}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"
