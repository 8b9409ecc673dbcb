"""Rows that change places, as a scheduler has them do."""

from hypothesis import strategies as st

from foreword.backbone.slots import AnySlots


def move_about(data: st.DataObject, slots: AnySlots, where: list[int]) -> None:
    """Some moves and exchanges of three rows in four slots; `where` is each row's slot, before and after."""
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            one, other = data.draw(st.sampled_from([(0, 1), (1, 2), (0, 2)]))
            slots.swap(where[one], where[other])
            where[one], where[other] = where[other], where[one]
        else:
            free = next(slot for slot in range(4) if slot not in where)
            row = data.draw(st.integers(0, 2))
            slots.move(where[row], free)
            where[row] = free
