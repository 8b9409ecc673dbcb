"""Text that grows: whole characters only, and never more than what stands before a stop string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.serve.text import GrowingText, alone


def utf8(ids: list[int]) -> str:
    """A tokenizer of bytes."""
    return bytes(ids).decode("utf-8", errors="replace")


def given_out(text: str, stop: tuple[str, ...]) -> tuple[list[str], bool]:
    growing, pieces = GrowingText(utf8, stop), []
    for byte in text.encode():
        pieces.append(growing.add(byte))
        if growing.stopped:
            return pieces, True
    return [*pieces, growing.end()], growing.stopped


@given(
    st.text(alphabet="ab\n é漢🙂", max_size=20),
    st.lists(st.text(alphabet="ab\n漢", min_size=1, max_size=3), max_size=3),
)
def test_what_is_given_out_is_the_text_before_the_first_stop_string(text, stop):
    """Whichever stop string ends first in the text is the one that stops it, as the ids come one by one."""
    ends = [(text.find(one) + len(one), text.find(one)) for one in stop if one in text]
    wanted = text[: min(at for end, at in ends if end == min(ends)[0])] if ends else text
    pieces, stopped = given_out(text, tuple(stop))
    assert "".join(pieces) == wanted
    assert stopped == bool(ends)


def test_a_character_of_several_ids_comes_whole():
    pieces, _ = given_out("a🙂b", ())
    assert [piece for piece in pieces if piece] == ["a", "🙂", "b"]


def test_what_may_be_a_stop_string_is_held_back():
    growing = GrowingText(utf8, ("END",))
    assert [growing.add(byte) for byte in b"oE"] == ["o", ""]
    assert [growing.add(byte) for byte in b"Nx"] == ["", "ENx"]
    assert [growing.add(byte) for byte in b"EN"] == ["", ""]
    assert growing.end() == "EN"


def test_nothing_comes_behind_a_stop_string():
    growing = GrowingText(utf8, (".",))
    assert [growing.add(byte) for byte in b"a."] == ["a", ""]
    assert growing.stopped
    assert growing.end() == ""


@pytest.mark.parametrize("broken", [b"a\xf0\x9f", b"\xff"])
def test_bytes_that_are_no_character_come_at_the_end_at_last(broken):
    growing = GrowingText(utf8)
    given = "".join(growing.add(byte) for byte in broken) + growing.end()
    assert given == utf8(list(broken))


def llama(ids: list[int]) -> str:
    """A tokenizer of words that writes no space where a text begins."""
    return "".join(["", " so", " it", "s", "."][i] for i in ids).removeprefix(" ")


@pytest.mark.parametrize(("token", "behind", "word"), [(1, [], "so"), (1, [2], " so"), (3, [2], "s"), (3, [], "s")])
def test_a_tokens_own_text_has_its_space_behind_others_only(token, behind, word):
    assert alone(llama, [token], behind) == [word]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=9))
def test_tokens_texts_make_the_answers_text(ids):
    words = [*alone(llama, ids[:1], []), *alone(llama, ids[1:], [2])]
    assert "".join(words) == llama(ids)


def test_part_of_a_character_stays_one_behind_others():
    assert alone(utf8, [0xF0], list(b"a")) == [utf8([0xF0])]
    assert alone(lambda ids: "!" * len(ids) if ids == [7] else "x" if len(ids) == 1 else "yz", [7], [5]) == ["!"]
