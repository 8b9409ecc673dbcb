"""Rows of an encoder-decoder: each text is encoded when its row begins, and its answer grows on its own, beside others'.

Comes in:  an encoder-decoder backbone, prefixes, texts, the next id of some rows.      Goes out: logits behind each row's last id.
A slot holds the keys and values of a row's answer (site decoder) and of its encoded text (site cross). Prefixes stand apart from
both, at every site, since texts of these models begin at position 0 whatever stands before them: a short one is copied into its
row's place, a long one kept once.

These models take no positions for their decoder's text, but count from what their cache says was there before, which is where
each row's own place comes in. Two ways are known: rows stand side by side and are told a column of places (T5, M2M100), or they
are given as one line of ids and told a line of places (BART and its kin). Which one is right is tried, once, on two rows.

Letters: B rows, L layers, N slots, H key-value heads, S columns, P prefix positions, D head size, V words, E width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers.cache_utils import EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from foreword.backbone.backbone import Backbone
from foreword.backbone.memory import Memory, rows_of
from foreword.backbone.slots import AnySlots, Slots
from foreword.backbone.texts import Texts
from foreword.backbone.wording import decoder_opening
from foreword.errors import UnsupportedBackbone
from foreword.prefix import Kept, Mixed, Prefix, grouped
from foreword.prefix.scores import as_number

ROUNDING = {torch.float32: 1e-4}  # of logits' size, what may differ from a row alone; in half precision HALF
HALF = 0.02


def slots_for(backbone: Backbone, num_slots: int, slot_len: int) -> AnySlots:
    """Slots for rows of this backbone.

    Raises:
        UnsupportedBackbone: it only encodes, or its decoder cannot be told where each row stands.
    """
    if backbone.kind == "encoder-only":
        raise UnsupportedBackbone(f"{backbone.name} only encodes text and cannot write any. Choose a decoder.")
    if backbone.kind == "decoder-only":
        return Slots(backbone, num_slots, slot_len)
    return CrossSlots(backbone, num_slots, slot_len, stands_in_a_line(backbone))


class CrossSlots(AnySlots):
    """`num_slots` places for rows of up to `slot_len` ids of text, and as many of answer."""

    reads_whole = True

    def __init__(self, backbone: Backbone, num_slots: int, slot_len: int, in_a_line: bool):
        super().__init__(backbone, num_slots, slot_len)
        self.in_a_line = in_a_line
        self.opening = tuple(decoder_opening(backbone))
        self.answers = Memory(backbone, "decoder", num_slots, slot_len)
        self.texts = Memory(backbone, "cross", num_slots, slot_len)
        self.copies = Copies(backbone, num_slots)
        self.cache = EncoderDecoderCache(self.answers.cache, self.texts.cache)

    def tensors(self) -> list[Tensor]:
        return [self.answers.held, self.texts.held, *self.copies.held.values()]

    def place(self, slot: int, prefix: Prefix | Kept | None) -> None:
        self.kept[slot] = prefix if isinstance(prefix, Kept) else None
        self.copies.place(slot, prefix if isinstance(prefix, Prefix) else None)
        self.answers.lengths[slot] = self.texts.lengths[slot] = 0

    def clear(self, slot: int) -> None:
        self.answers.clear(slot)
        self.texts.clear(slot)
        self.copies.clear(slot)
        self.kept[slot] = None

    def free(self) -> None:
        self.answers.free()
        self.texts.free()
        self.copies.held, self.kept = {}, []

    def move(self, source: int, target: int) -> None:
        self.answers.move(source, target)
        self.texts.move(source, target)
        self.copies.move(source, target)
        self.kept[target] = self.kept[source]

    def most_new(self, prefix_len: int, prompt_len: int, is_kept: bool) -> int:
        return self.most_positions() + 1 - len(self.opening)  # the last id is not read

    def lacks(self, prefix_len: int, prompt_len: int, num_new: int, is_kept: bool) -> str:
        if prompt_len > self.most_positions():
            return f"the prompt has {prompt_len} tokens; a row has room for {self.most_positions()}."
        most = self.most_new(prefix_len, prompt_len, is_kept)
        return "" if num_new <= most else f"max_tokens = {num_new}; a row has room for an answer of {most}."

    @torch.no_grad()
    def read(self, slots: Sequence[int], ids: Sequence[Sequence[int]]) -> Tensor:
        """Encode whole texts, and begin their answers with the decoder's opening."""
        num_ids, mixed = [len(some) for some in ids], self._mixed(slots)
        padded = torch.tensor([[*some, *[0] * (max(num_ids) - len(some))] for some in ids], device=self.backbone.device)
        real = torch.arange(max(num_ids), device=padded.device) < torch.tensor(num_ids, device=padded.device)[:, None]
        with self.backbone.seam.mixing(mixed):
            encoded = self.backbone.model.get_encoder()(input_ids=padded, attention_mask=real.long())
        for slot in slots:
            self.answers.lengths[slot] = self.texts.lengths[slot] = 0
        self.texts.turn(slots, num_ids)
        self.cache.is_updated = dict.fromkeys(range(len(self.texts.layers)), False)  # texts are written, not looked up
        logits = self._next(slots, [self.opening[0]] * len(slots), mixed, encoded.last_hidden_state, real)
        self.texts.done(slots, num_ids)
        for token in self.opening[1:]:
            logits = self.write(slots, [token] * len(slots))
        return logits

    @torch.no_grad()
    def write(self, slots: Sequence[int], ids: Sequence[int]) -> Tensor:
        now = self.texts.turn(slots, [0] * len(slots))
        for layer in self.texts.layers:
            layer.look()
        real = torch.arange(now.width, device=now.ends.device) < now.ends
        nothing = torch.zeros((), device=self.backbone.device, dtype=self.backbone.dtype)
        return self._next(slots, ids, self._mixed(slots), nothing.expand(1, now.width, self.backbone.hidden_size), real)

    def _next(self, slots: Sequence[int], ids: Sequence[int], mixed: Mixed, encoded: Tensor, real: Tensor) -> Tensor:
        """One id of each row.

        Args:
            encoded: [B, S, E] texts; of rows whose texts have been read already, anything as long as they are.
            real: [B, S] which of their positions are no padding.
        """
        one_each = [1] * len(slots)
        now, dtype = self.answers.turn(slots, one_each), self.backbone.dtype
        row, place = torch.arange(len(slots), device=now.places.device), now.places[:, 0]
        # Models add 0, 1, ... along a line to what they are told was there before.
        now.past = place - row if self.in_a_line else now.places
        given = torch.tensor(ids, device=now.places.device)
        seen = torch.arange(now.width, device=now.places.device) <= now.places
        with self.backbone.seam.mixing(mixed):
            made = self.backbone.model(
                encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
                attention_mask=as_number(real[:, None, None], dtype),
                decoder_input_ids=given[None] if self.in_a_line else given[:, None],
                decoder_attention_mask=as_number(seen[:, None, None], dtype),
                past_key_values=self.cache,
                use_cache=True,
            )
        self.answers.done(slots, one_each)
        return made.logits.reshape(len(slots), -1)

    def _mixed(self, slots: Sequence[int]) -> Mixed:
        return self.copies.of(slots, grouped([self.kept[slot] for slot in slots]))


class Copies:
    """Short prefixes, each copied into its row's place: site -> [2, L, N, H, P, D], as long as the longest there was."""

    def __init__(self, backbone: Backbone, num_slots: int):
        self.sites, self.device, self.dtype = backbone.sites, backbone.device, backbone.dtype
        self.lengths = [0] * (num_slots + 1)
        self.held = self._empty(0)

    def _empty(self, prefix_len: int) -> dict[str, Tensor]:
        return {
            site: torch.zeros(
                (2, shape.num_layers, len(self.lengths), shape.num_kv_heads, prefix_len, shape.head_dim),
                device=self.device, dtype=self.dtype,
            )
            for site, shape in self.sites.items()
        }  # fmt: skip

    def place(self, slot: int, prefix: Prefix | None) -> None:
        self.lengths[slot] = num = 0 if prefix is None else prefix.prefix_len
        if prefix is None:
            return
        longest = next(iter(self.held.values())).shape[4]
        if num > longest:
            longer = self._empty(num)
            for site, tensor in self.held.items():
                longer[site][..., :longest, :] = tensor
            self.held = longer
        for site, tensor in self.held.items():
            if site in prefix.keys:
                tensor[0, :, slot, :, :num] = prefix.keys[site]
                tensor[1, :, slot, :, :num] = prefix.values[site]

    def clear(self, slot: int) -> None:
        self.lengths[slot] = 0
        for tensor in self.held.values():
            tensor[:, :, slot] = 0

    def move(self, source: int, target: int) -> None:
        self.lengths[target] = num = self.lengths[source]
        for tensor in self.held.values():
            tensor[:, :, target, :, :num] = tensor[:, :, source, :, :num]

    def of(self, slots: Sequence[int], groups: Sequence[tuple[Tensor, Kept]]) -> Mixed:
        """What these rows attend to: their copies, and what is kept for groups of them."""
        lengths = torch.tensor([self.lengths[slot] for slot in slots], device=self.device)
        longest = int(lengths.max())
        if not longest:
            return Mixed(groups)
        rows = rows_of(slots, self.device)
        taken = {site: tensor[:, :, rows, :, :longest] for site, tensor in self.held.items()}
        seen = (torch.arange(longest, device=self.device) < lengths[:, None])[:, None, None]
        keys, values = ({site: tensor[part].unbind(0) for site, tensor in taken.items()} for part in (0, 1))
        return Mixed(groups, keys, values, seen)


def stands_in_a_line(backbone: Backbone) -> bool:
    """Which of the two ways gives two rows of different lengths what each gets alone.

    Raises:
        UnsupportedBackbone: neither.
    """
    off = {in_a_line: error_of(CrossSlots(backbone, 2, 8, in_a_line)) for in_a_line in (False, True)}
    best = min(off, key=lambda way: off[way])
    if off[best] > ROUNDING.get(backbone.dtype, HALF):
        raise UnsupportedBackbone(
            f"{backbone.name} ({type(backbone.model).__name__}) cannot write rows of different lengths side by side: its decoder "
            "cannot be told where each of them stands. Choose a model such as BART, T5, Pegasus or M2M100."
        )
    return best


def error_of(slots: CrossSlots) -> float:
    """How far two rows of different lengths, written together, are from each alone, as a share of the logits' size."""
    backbone, opening = slots.backbone, list(slots.opening)
    words = [backbone.num_words // part for part in (2, 3, 5, 7)]
    texts, answers = [words[:3], words[3:]], [words[:2], words[2:3]]
    try:
        for row in (0, 1):
            slots.place(row, None)
        slots.read([0, 1], texts)
        slots.write([0], answers[0][:1])
        got = slots.write([0, 1], [answers[0][1], answers[1][0]]).float()
    except (
        RuntimeError,
        IndexError,
        TypeError,
        ValueError,
    ):  # whatever a model says to places of a shape it does not know
        return float("inf")
    wanted = torch.stack([alone(backbone, text, opening + answer) for text, answer in zip(texts, answers, strict=True)])
    return float((got - wanted).norm() / wanted.norm())


@torch.no_grad()
def alone(backbone: Backbone, text: list[int], answer: list[int]) -> Tensor:
    """[V]: logits behind an answer's last id."""
    ids, written = torch.tensor([text], device=backbone.device), torch.tensor([answer], device=backbone.device)
    return backbone.logits(Texts(ids, torch.ones_like(ids, dtype=torch.bool), written))[0, -1].float()
