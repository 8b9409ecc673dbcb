"""Keys and values of rows that come and go: one preallocated piece for each site, a slot for each row.

Comes in:  which slots take part in a forward pass, and how many new ids each has.
Goes out:  a cache for transformers' attention modules, which write there and look at what the rows have filled.

Letters: B rows, L layers, N slots, H key-value heads, T new ids of a row, S columns, D head size.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

from foreword.backbone.backbone import Backbone


def rows_of(slots: Sequence[int], device: torch.device) -> slice | Tensor:
    """Slots as an index: a slice where they follow one another, so that nothing is copied."""
    first, last = slots[0], slots[0] + len(slots)
    return slice(first, last) if list(slots) == list(range(first, last)) else torch.tensor(slots, device=device)


class Pass:
    """One forward pass over some slots."""

    slots: Tensor  # [B]
    rows: slice | Tensor  # the same, see `rows_of`
    places: Tensor  # [B, T] where each new id stands, and its padding behind it
    ends: Tensor  # [B, 1] the first place behind a row's last id
    columns: Tensor  # [B, T] where each is written: padding where nobody looks
    width: int = 0  # columns that are looked at
    past: int | Tensor = 0  # what the model is told to stand before the new ids


class SlotLayer(CacheLayerMixin):
    """Keys and values of one layer, [N, H, S, D] each, as transformers' attention modules ask for them."""

    is_sliding = False

    def __init__(self, all_keys: Tensor, all_values: Tensor, now: Pass):
        super().__init__()
        self.all_keys, self.all_values, self.now, self.is_initialized = all_keys, all_values, now, True

    def lazy_initialization(self, *_: object) -> None:
        """It is there from the beginning."""

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Write [B, H, T, D] (or one id of each row in a line, [1, H, B, D]) into the rows' slots; all that is in them comes back,
        [B, H, S, D]."""
        now = self.now
        new_keys, new_values = key_states.transpose(1, 2), value_states.transpose(1, 2)
        if len(new_keys) < len(now.columns):
            new_keys, new_values = new_keys.transpose(0, 1), new_values.transpose(0, 1)
        at = now.slots[:, None].expand_as(now.columns)
        self.all_keys[at, :, now.columns] = new_keys
        self.all_values[at, :, now.columns] = new_values
        return self.look()

    def look(self) -> tuple[Tensor, Tensor]:
        """What the rows of this pass have filled, where attention modules that write nothing look for it too."""
        self.keys = self.all_keys[self.now.rows, :, : self.now.width]
        self.values = self.all_values[self.now.rows, :, : self.now.width]
        return self.keys, self.values

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.now.width, 0

    def get_seq_length(self) -> int:
        return self.now.past  # type: ignore[return-value]  # models add it to positions, so that each row may have its own

    def get_max_length(self) -> int:
        return self.all_keys.shape[2]


class Memory:
    """One site's keys and values of `num_slots` rows, of up to `slot_len` columns each."""

    def __init__(self, backbone: Backbone, site: str, num_slots: int, slot_len: int):
        shape = backbone.sites[site]
        # One slot more, in which two others are exchanged; and one column more, for the padding of a pass.
        size = (2, shape.num_layers, num_slots + 1, shape.num_kv_heads, slot_len + 1, shape.head_dim)
        self.held = torch.zeros(size, device=backbone.device, dtype=backbone.dtype)
        self.slot_len, self.lengths = slot_len, [0] * (num_slots + 1)  # columns filled
        self.now = Pass()
        self.layers = [SlotLayer(keys, values, self.now) for keys, values in zip(*self.held, strict=True)]

    @property
    def cache(self) -> Cache:
        """The layers, as a model takes them."""
        return Cache(layers=list(self.layers))

    def free(self) -> None:
        """Let go of all of it, whoever still holds a layer."""
        self.held = self.held.new_empty(0)
        for layer in self.layers:
            layer.all_keys = layer.all_values = layer.keys = layer.values = self.held

    def clear(self, slot: int) -> None:
        """Numbers that are none would reach the next row in a slot even where it does not look."""
        self.held[:, :, slot] = 0
        self.lengths[slot] = 0

    def move(self, source: int, target: int) -> None:
        """What is in one slot stands in another from now on."""
        filled = self.lengths[source]
        self.held[:, :, target, :, :filled] = self.held[:, :, source, :, :filled]
        self.lengths[target] = filled

    def turn(self, slots: Sequence[int], num_new: Sequence[int]) -> Pass:
        """Begin a forward pass in which these slots get so many columns more; it counts once `done`."""
        now, device = self.now, self.held.device
        starts = [self.lengths[slot] for slot in slots]
        ends = [start + new for start, new in zip(starts, num_new, strict=True)]
        now.slots, now.rows = torch.tensor(slots, device=device), rows_of(slots, device)
        now.places = torch.tensor(starts, device=device)[:, None] + torch.arange(max(num_new), device=device)
        now.ends = torch.tensor(ends, device=device)[:, None]
        now.columns = torch.where(now.places < now.ends, now.places, self.slot_len)
        now.width = now.past = max(ends)
        return now

    def done(self, slots: Sequence[int], num_new: Sequence[int]) -> None:
        """What was written in this pass is there."""
        for slot, new in zip(slots, num_new, strict=True):
            self.lengths[slot] += new
