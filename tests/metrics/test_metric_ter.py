"""TER's bulk search equals a slow one that follows tercom's rules example by example."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.metrics.edit_distance import BEAM_WIDTH, edit_distances, edit_paths
from foreword.metrics.ter import MAX_SHIFT_DISTANCE, MAX_SHIFT_LEN, Shift, ter
from foreword.metrics.texts import Texts

FEW_WORDS = st.integers(0, 5)
WORDS = st.lists(FEW_WORDS, min_size=1, max_size=14)
FAR = 10**6


def slow_table(hypothesis: list, reference: list) -> list[list[int]]:
    """tercom's table of distances [hypothesis words, reference words], cells beyond the beam set to FAR."""
    table = [list(range(len(reference) + 1))]
    for number, word in enumerate(hypothesis, start=1):
        before, here, best = table[-1], [], FAR
        for row in range(len(reference) + 1):
            ways = [before[row] + 1]
            if row:
                paired = before[row - 1] + (word != reference[row - 1])
                best = min(best, paired)
                ways += [paired, here[row - 1] + 1]
            here.append(min(ways))
        last = number == len(hypothesis)
        table.append([FAR if cost > best + BEAM_WIDTH and not last else cost for cost in here])
    return table


def slow_distance(hypothesis: list, reference: list) -> int:
    return slow_table(hypothesis, reference)[-1][-1]


def slow_path(hypothesis: list, reference: list) -> str:
    table, at, row, path = slow_table(hypothesis, reference), len(hypothesis), len(reference), ""
    while at or row:
        same = at and row and hypothesis[at - 1] == reference[row - 1]
        if at and row and table[at][row] == table[at - 1][row - 1] + (0 if same else 1):
            path, at, row = ("=" if same else "S") + path, at - 1, row - 1
        elif at and table[at][row] == table[at - 1][row] + 1:
            path, at = "I" + path, at - 1
        else:
            path, row = "D" + path, row - 1
    return path


def slow_shifts(words: list, reference: list, path: str) -> list[tuple[int, int, int]]:
    """(start, length, behind) of every shift tercom would try, longest runs first."""
    wrong_hypothesis = [edit != "=" for edit in path if edit != "D"]
    wrong_reference = [edit != "=" for edit in path if edit != "I"]
    beside, seen = [], -1
    for edit in path:
        seen += edit != "D"
        if edit != "I":
            beside.append(seen)
    shifts = []
    for length in range(MAX_SHIFT_LEN, 0, -1):
        for start in range(len(words) - length + 1):
            for target in range(len(reference) - length + 1):
                if words[start : start + length] != reference[target : target + length]:
                    continue
                if start <= beside[target] < start + length or abs(beside[target] - start) > MAX_SHIFT_DISTANCE:
                    continue
                if not any(wrong_hypothesis[start : start + length]) or not any(
                    wrong_reference[target : target + length]
                ):
                    continue
                for place in range(target - 1, target + length):
                    behind = -1 if place < 0 else beside[place]
                    if place < 0 or (behind != start and (place == target or behind != beside[target])):
                        shifts.append((start, length, behind))
    return shifts


def slow_edits(words: list, reference: list) -> int:
    num_shifts = 0
    while True:
        current = slow_distance(words, reference)
        best_total, best_words = current, None
        for start, length, behind in slow_shifts(words, reference, slow_path(words, reference)):
            gained = current - best_total
            if gained > 2 * length or (best_words is not None and gained == 2 * length):
                break
            shifted = slow_shifted(words, start, length, behind)
            total = slow_distance(shifted, reference) + 1
            if total < best_total or (best_words is None and total == best_total):
                best_total, best_words = total, shifted
        if best_words is None:
            return current + num_shifts
        words, num_shifts = best_words, num_shifts + 1


def slow_shifted(words: list, start: int, length: int, behind: int) -> list:
    """Every word gets a place to stand, the moved ones just behind the word they go behind."""
    if start <= behind < start + length:
        behind += length - 1  # behind one of their own: as many words further on as stand before that one
    places = [
        at if not start <= at < start + length else behind + (at - start + 1) / (length + 1) for at in range(len(words))
    ]
    return [words[at] for at in sorted(range(len(words)), key=lambda at: places[at])]


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.lists(FEW_WORDS, max_size=14), WORDS), max_size=6))
def test_distances_and_paths_in_bulk_equal_those_one_by_one(pairs):
    assert edit_distances(pairs) == [slow_distance(*pair) for pair in pairs]
    assert edit_paths(pairs) == [slow_path(*pair) for pair in pairs]


@pytest.mark.parametrize("seed", range(5))
def test_the_beam_costs_what_it_costs_tercom(seed):
    """References of 60 words whose second half is the hypothesis: the true distance is 30, the beam cannot see it."""
    reference = [(seed * 7 + place * place) % 97 + 100 * place for place in range(60)]
    pair = (reference[30:], reference)
    assert edit_distances([pair]) == [slow_distance(*pair)]
    assert edit_distances([pair])[0] > 30
    assert edit_paths([pair]) == [slow_path(*pair)]


def test_batches_do_not_mix_up_pairs():
    pairs = [([at % 5] * (at % 13), [at % 3] * (at % 7 + 1)) for at in range(20_000)]
    distances = edit_distances(pairs)
    for at in range(0, 20_000, 997):
        assert distances[at] == slow_distance(*pairs[at])


@settings(deadline=None, max_examples=200)
@given(
    examples=st.lists(
        st.tuples(st.lists(FEW_WORDS, max_size=14), st.lists(WORDS, min_size=1, max_size=2)), min_size=1, max_size=4
    )
)
def test_ter_equals_a_slow_version(examples):
    texts = Texts(
        [" ".join(map(str, words)) for words, _ in examples],
        [[" ".join(map(str, reference)) for reference in references] for _, references in examples],
    )
    expected = [min(slow_edits(words, reference) for reference in references) for words, references in examples]
    assert ter(texts).rows[:, 0].tolist() == expected


@pytest.mark.parametrize("num_words", [3, 6, 12])
def test_ter_of_scrambled_texts_equals_a_slow_version(num_words):
    """Much to shift, many shifts that gain alike: here the order in which they are tried decides."""
    rng = random.Random(num_words)
    references = [rng.choices("abcdefghijkl"[:num_words], k=rng.randint(8, 16)) for _ in range(60)]
    hypotheses = [sorted(reference, key=lambda _: rng.random()) + reference[:3] for reference in references]
    expected = [slow_edits(*pair) for pair in zip(hypotheses, references, strict=True)]
    texts = Texts([" ".join(words) for words in hypotheses], [[" ".join(words)] for words in references])
    assert ter(texts).rows[:, 0].tolist() == expected


@settings(deadline=None)
@given(words=st.permutations(range(12)), start=st.integers(0, 11), length=st.integers(1, 4), behind=st.integers(-1, 11))
def test_a_shift_moves_its_words_and_loses_none(words, start, length, behind):
    length = min(length, 12 - start)
    shifted = Shift(start, start + length - 1, behind).applied(list(words))
    assert shifted == slow_shifted(list(words), start, length, behind)
    assert sorted(shifted) == list(range(12))


def test_one_moved_phrase_is_one_edit():
    texts = Texts(["on the mat the cat sat"], [["The cat sat on the mat"]])
    assert ter(texts).rows.tolist() == [[1, 6]]
