"""Rows that read and write on their own, over one preallocated piece of memory: each joins, grows and leaves when it likes.

Comes in:  a backbone, prefixes, the next ids of some rows.      Goes out: logits behind each row's last id.
A slot is a row's place: its prefix's keys and values in the first columns, then those of its text. Rows differ in how far their
slots are filled, so a forward pass is told three things, all through public arguments: where each id stands (position_ids), what
it sees (a mask of four dimensions), and where keys are kept (a cache with layers of our own). A long prefix is not copied: it
is kept once, in front of all rows that carry it, and attention merges the two parts (`prefix/shared.py`).

Letters: B rows, L layers, N slots, H key-value heads, T new ids of a row, S columns, P prefix positions, D head size.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

from foreword.backbone.backbone import Backbone
from foreword.errors import UnsupportedBackbone
from foreword.prefix import Kept, Prefix

SITE = "decoder"


class Pass:
    """One forward pass: which slots take part, where each of their new ids is written, and how many columns are looked at."""

    slots: Tensor  # [B]
    rows: slice | Tensor  # the same, as a slice where they follow one another, so that nothing is copied
    columns: Tensor  # [B, T]
    width: int = 0


class SlotLayer(CacheLayerMixin):
    """Keys and values of one layer, [N, H, S, D] each, as transformers' attention modules ask for them."""

    is_sliding = False
    keys: Tensor
    values: Tensor

    def __init__(self, keys: Tensor, values: Tensor, now: Pass):
        super().__init__()
        self.keys, self.values, self.now, self.is_initialized = keys, values, now, True

    def lazy_initialization(self, *_: object) -> None:
        """It is there from the beginning."""

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Write [B, H, T, D] into the rows' slots; all that is in them comes back, [B, H, S, D]."""
        now = self.now
        at = now.slots[:, None].expand_as(now.columns)
        self.keys[at, :, now.columns] = key_states.transpose(1, 2)
        self.values[at, :, now.columns] = value_states.transpose(1, 2)
        return self.keys[now.rows, :, : now.width], self.values[now.rows, :, : now.width]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.now.width, 0

    def get_seq_length(self) -> int:
        return self.now.width

    def get_max_length(self) -> int:
        return self.keys.shape[2]


class Slots:
    """`num_slots` places for rows of up to `slot_len` columns: prefix (where it is copied), text and answer."""

    def __init__(self, backbone: Backbone, num_slots: int, slot_len: int):
        if backbone.kind != "decoder-only":
            raise UnsupportedBackbone(
                f"{backbone.name} is {backbone.kind}; rows of their own need a decoder-only model."
            )
        self.backbone, self.num_slots, self.slot_len = backbone, num_slots, slot_len
        shape = backbone.sites[SITE]
        # One slot more, in which two others are exchanged; and one column more, for the padding of a pass.
        size = (2, shape.num_layers, num_slots + 1, shape.num_kv_heads, slot_len + 1, shape.head_dim)
        self.memory = torch.zeros(size, device=backbone.device, dtype=backbone.dtype)
        self.now = Pass()
        self.cache = Cache(layers=[SlotLayer(k, v, self.now) for k, v in zip(*self.memory, strict=True)])
        self.lengths = [0] * (num_slots + 1)  # columns filled
        self.copied = [0] * (num_slots + 1)  # of these, the prefix's
        self.kept: list[Kept | None] = [None] * (num_slots + 1)
        self.windows = windows_of(backbone, slot_len)

    @property
    def size_bytes(self) -> int:
        return self.memory.nbytes

    def place(self, slot: int, prefix: Prefix | Kept | None) -> None:
        """Begin a row: with a copy of its prefix, or behind one that is kept once, or without any."""
        self.kept[slot] = prefix if isinstance(prefix, Kept) else None
        self.lengths[slot] = self.copied[slot] = prefix.prefix_len if isinstance(prefix, Prefix) else 0
        if isinstance(prefix, Prefix):
            self.memory[0, :, slot, :, : prefix.prefix_len] = prefix.keys[SITE]
            self.memory[1, :, slot, :, : prefix.prefix_len] = prefix.values[SITE]

    def clear(self, slot: int) -> None:
        """Nothing of a row is left: numbers that are none would reach the next one in its slot even where it does not look."""
        self.memory[:, :, slot] = 0
        self.place(slot, None)

    def move(self, source: int, target: int) -> None:
        """What is in one slot stands in another from now on."""
        filled = self.lengths[source]
        self.memory[:, :, target, :, :filled] = self.memory[:, :, source, :, :filled]
        for kept_of_slots in (self.lengths, self.copied, self.kept):
            kept_of_slots[target] = kept_of_slots[source]  # type: ignore[index]

    def swap(self, one: int, other: int) -> None:
        """Two rows change places."""
        spare = self.num_slots
        for source, target in ((one, spare), (other, one), (spare, other)):
            self.move(source, target)

    @torch.no_grad()
    def forward(self, slots: Sequence[int], ids: Sequence[Sequence[int]]) -> Tensor:
        """The next ids of some rows, one at least of each.

        Nothing is remembered of a pass that raises: the same may be asked again, of the same rows or of some of them.

        Returns:
            [B, V] logits behind each row's last id.
        """
        num_new = [len(some) for some in ids]
        longest, device = max(num_new), self.backbone.device
        starts = [self.lengths[slot] for slot in slots]
        ends = [start + new for start, new in zip(starts, num_new, strict=True)]
        padded = torch.tensor([[*some, *[0] * (longest - len(some))] for some in ids], device=device)
        places = torch.tensor(starts, device=device)[:, None] + torch.arange(longest, device=device)
        end = torch.tensor(ends, device=device)[:, None]
        columns = torch.where(places < end, places, self.slot_len)  # padding is written where nobody looks
        self.now.slots, self.now.columns, self.now.width = torch.tensor(slots, device=device), columns, max(ends)
        follow = list(slots) == list(range(slots[0], slots[0] + len(slots)))
        self.now.rows = slice(slots[0], slots[0] + len(slots)) if follow else self.now.slots
        kept = [self.kept[slot] for slot in slots]
        ahead = torch.tensor([0 if one is None else one.prefix_len for one in kept], device=device)[:, None]
        last = torch.tensor([row * longest + new - 1 for row, new in enumerate(num_new)], device=device)
        with self.backbone.seam.sharing(kept), self.backbone.only_at(last):
            made = self.backbone.model(
                input_ids=padded,
                position_ids=torch.minimum(places, end - 1) + ahead,
                attention_mask=self.masks(columns, [self.copied[slot] for slot in slots]),
                past_key_values=self.cache,
                use_cache=True,
            )
        for slot, filled in zip(slots, ends, strict=True):
            self.lengths[slot] = filled
        return made.logits[0]

    def masks(self, columns: Tensor, copied: Sequence[int]) -> Tensor | Mapping[str, Tensor]:
        """What ids that stand in columns [B, T] see, to be added to scores: [B, 1, T, S], or one for each kind of layer."""
        seen = torch.arange(self.now.width, device=columns.device)
        own = columns[:, None, :, None]
        causal = seen <= own
        masks = {kind: causal for kind in self.windows}
        for kind, window in self.windows.items():
            if window:
                prefix = torch.tensor(copied, device=columns.device)[:, None, None, None]
                masks[kind] = causal & ((seen > own - window) | (seen < prefix))
        lowest = torch.finfo(self.backbone.dtype).min
        zero = torch.zeros((), dtype=self.backbone.dtype, device=columns.device)
        added = {kind: zero.masked_fill(~mask, lowest) for kind, mask in masks.items()}
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
