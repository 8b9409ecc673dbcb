"""Rows that read and write on their own, over one preallocated piece of memory: each joins, grows and leaves when it likes.

Comes in:  a decoder-only backbone, prefixes, the next ids of some rows.      Goes out: logits behind each row's last id.
A slot is a row's place: its prefix's keys and values in the first columns, then those of its text. Rows differ in how far their
slots are filled, so a forward pass is told three things, all through public arguments: where each id stands (position_ids), what
it sees (a mask of four dimensions), and where keys are kept (a cache with layers of our own). A long prefix is not copied: it
is kept once, in front of all rows that carry it, and attention merges the two parts (`prefix/mixed.py`).

Letters: B rows, T new ids of a row, S columns, V words.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from foreword.backbone.backbone import Backbone
from foreword.backbone.memory import Memory
from foreword.errors import UnsupportedBackbone
from foreword.prefix import Kept, Mixed, Prefix, grouped
from foreword.prefix.scores import as_number

SITE = "decoder"


class AnySlots(ABC):
    """Places for rows of one backbone, whatever its kind.

    Nothing is remembered of a pass that raises: the same may be asked again, of the same rows or of some of them.
    """

    opening: tuple[int, ...] = ()  # ids that an answer begins with, before the first of its own
    reads_whole = False  # whether a prompt is read in one piece

    def __init__(self, backbone: Backbone, num_slots: int, slot_len: int):
        self.backbone, self.num_slots, self.slot_len = backbone, num_slots, slot_len
        self.kept: list[Kept | None] = [None] * (num_slots + 1)

    @abstractmethod
    def place(self, slot: int, prefix: Prefix | Kept | None) -> None:
        """Begin a row: with a copy of its prefix, or behind one that is kept once, or without any."""

    @abstractmethod
    def clear(self, slot: int) -> None:
        """Nothing of a row is left."""

    @abstractmethod
    def move(self, source: int, target: int) -> None:
        """What is in one slot stands in another from now on."""

    def copy_text(self, source: int, target: int, num: int) -> None:
        """What a row has read, as far as its first `num` ids, stands behind another row's prefix, which is the same."""
        raise AssertionError("a prompt that is read in one piece is not shared")

    @abstractmethod
    def read(self, slots: Sequence[int], ids: Sequence[Sequence[int]]) -> Tensor:
        """Some rows' prompts, or the next part of them. Returns [B, V] logits behind each row's last id."""

    @abstractmethod
    def write(self, slots: Sequence[int], ids: Sequence[int]) -> Tensor:
        """One id more of some rows' answers. Returns [B, V] logits behind it."""

    @abstractmethod
    def free(self) -> None:
        """Let go of the memory: no row is read or written here any more."""

    @abstractmethod
    def most_new(self, prefix_len: int, prompt_len: int, is_kept: bool) -> int:
        """Ids that an answer can have, behind such a prefix and prompt."""

    @abstractmethod
    def lacks(self, prefix_len: int, prompt_len: int, num_new: int, is_kept: bool) -> str:
        """What a row has no room for; "" = it has."""

    @abstractmethod
    def tensors(self) -> list[Tensor]:
        """The memory that was laid out, [2, L, N, H, columns, D] each."""

    @property
    def size_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors())

    def swap(self, one: int, other: int) -> None:
        """Two rows change places."""
        spare = self.num_slots
        for source, target in ((one, spare), (other, one), (spare, other)):
            self.move(source, target)

    def most_positions(self) -> int:
        """What a row's columns and the backbone's positions both allow."""
        return min(self.slot_len, self.backbone.max_len or self.slot_len)


class Slots(AnySlots):
    """`num_slots` places for rows of up to `slot_len` columns: prefix (where it is copied), text and answer."""

    def __init__(self, backbone: Backbone, num_slots: int, slot_len: int):
        if backbone.kind != "decoder-only":
            raise UnsupportedBackbone(f"{backbone.name} is {backbone.kind}; these slots are for decoder-only models.")
        super().__init__(backbone, num_slots, slot_len)
        self.memory = Memory(backbone, SITE, num_slots, slot_len)
        self.cache = self.memory.cache
        self.lengths = self.memory.lengths
        self.copied = [0] * (num_slots + 1)  # columns that the prefix takes
        self.windows = windows_of(backbone, slot_len)

    def tensors(self) -> list[Tensor]:
        return [self.memory.held]

    def place(self, slot: int, prefix: Prefix | Kept | None) -> None:
        self.kept[slot] = prefix if isinstance(prefix, Kept) else None
        self.lengths[slot] = self.copied[slot] = prefix.prefix_len if isinstance(prefix, Prefix) else 0
        if isinstance(prefix, Prefix):
            self.memory.held[0, :, slot, :, : prefix.prefix_len] = prefix.keys[SITE]
            self.memory.held[1, :, slot, :, : prefix.prefix_len] = prefix.values[SITE]

    def clear(self, slot: int) -> None:
        self.memory.clear(slot)
        self.place(slot, None)

    def free(self) -> None:
        self.memory.free()
        self.kept = []

    def move(self, source: int, target: int) -> None:
        self.memory.move(source, target)
        self.copied[target], self.kept[target] = self.copied[source], self.kept[source]

    def copy_text(self, source: int, target: int, num: int) -> None:
        assert (self.copied[source], self.kept[source]) == (self.copied[target], self.kept[target]), "another prefix"
        first = self.copied[target]
        self.memory.held[:, :, target, :, first : first + num] = self.memory.held[:, :, source, :, first : first + num]
        self.lengths[target] = first + num

    def read(self, slots: Sequence[int], ids: Sequence[Sequence[int]]) -> Tensor:
        return self.forward(slots, ids)

    def write(self, slots: Sequence[int], ids: Sequence[int]) -> Tensor:
        return self.forward(slots, [[token] for token in ids])

    def most_new(self, prefix_len: int, prompt_len: int, is_kept: bool) -> int:
        return self._room(prefix_len, is_kept) - prefix_len - prompt_len

    def lacks(self, prefix_len: int, prompt_len: int, num_new: int, is_kept: bool) -> str:
        needed, room = prefix_len + prompt_len + num_new, self._room(prefix_len, is_kept)
        if needed <= room:
            return ""
        return (
            f"a prefix of {prefix_len}, {prompt_len} prompt tokens and max_tokens = {num_new} are {needed} positions; "
            f"a row has room for {room}."
        )

    def _room(self, prefix_len: int, is_kept: bool) -> int:
        """Positions of a row, its prefix's among them. One that is kept once takes no columns of a slot, but positions of a
        model that counts them."""
        room = self.slot_len + (prefix_len if is_kept else 0)
        return min(room, self.backbone.max_len or room)

    @torch.no_grad()
    def forward(self, slots: Sequence[int], ids: Sequence[Sequence[int]]) -> Tensor:
        """The next ids of some rows, one at least of each.

        Returns:
            [B, V] logits behind each row's last id.
        """
        num_new = [len(some) for some in ids]
        longest, device = max(num_new), self.backbone.device
        padded = torch.tensor([[*some, *[0] * (longest - len(some))] for some in ids], device=device)
        now = self.memory.turn(slots, num_new)
        kept = [self.kept[slot] for slot in slots]
        ahead = torch.tensor([0 if one is None else one.prefix_len for one in kept], device=device)[:, None]
        last = torch.tensor([row * longest + new - 1 for row, new in enumerate(num_new)], device=device)
        groups = grouped(kept)
        with self.backbone.seam.mixing(Mixed(groups) if groups else None), self.backbone.only_at(last):
            made = self.backbone.model(
                input_ids=padded,
                position_ids=torch.minimum(now.places, now.ends - 1) + ahead,
                attention_mask=self.masks(now.columns, [self.copied[slot] for slot in slots]),
                past_key_values=self.cache,
                use_cache=True,
            )
        self.memory.done(slots, num_new)
        return made.logits[0]

    def masks(self, columns: Tensor, copied: Sequence[int]) -> Tensor | Mapping[str, Tensor]:
        """What ids that stand in columns [B, T] see, to be added to scores: [B, 1, T, S], or one for each kind of layer."""
        seen = torch.arange(self.memory.now.width, device=columns.device)
        own = columns[:, None, :, None]
        causal = seen <= own
        masks = {kind: causal for kind in self.windows}
        for kind, window in self.windows.items():
            if window:
                prefix = torch.tensor(copied, device=columns.device)[:, None, None, None]
                masks[kind] = causal & ((seen > own - window) | (seen < prefix))
        added = {kind: as_number(mask, self.backbone.dtype) for kind, mask in masks.items()}
        return added if len(added) > 1 else next(iter(added.values()))


def windows_of(backbone: Backbone, slot_len: int) -> dict[str, int]:
    """Kind of layer -> how many words back it sees; 0: all. One kind where the layers do not differ, or the slots are too short
    for it to show."""
    config = backbone.model.config.get_text_config(decoder=True)
    window = getattr(config, "sliding_window", None) or 0
    kinds = list(
        dict.fromkeys(getattr(config, "layer_types", None) or ["sliding_attention" if window else "full_attention"])
    )
    if window >= slot_len or "sliding_attention" not in kinds:
        return {"full_attention": 0}
    return {kind: window if kind == "sliding_attention" else 0 for kind in kinds}
