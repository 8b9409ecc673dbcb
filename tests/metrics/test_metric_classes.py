"""Metrics of answers that are one of a few words, against hand-made counts."""

import pytest

from foreword.errors import UnknownName
from foreword.metrics import score

WANTED = [["yes"], ["no"], ["no"], ["yes"], ["maybe"], ["no"]]
SAID = ["Yes.", "no", "yes", "perhaps", " maybe ", "no"]
UNITS = ["1", "1", "2", "3", "3", ""]


def value(name: str) -> float:
    return score(SAID, WANTED, [name], resamples=5, units=UNITS)[name].value


def test_accuracy_is_the_share_of_right_words():
    assert value("accuracy") == pytest.approx(4 / 6)


def test_f1_of_yes_counts_yes_alone():
    assert value("f1-yes") == pytest.approx(2 * 1 / (2 + 2))


def test_f1_of_any_word_can_be_asked_for():
    assert value("f1-no") == pytest.approx(2 * 2 / (2 + 3))
    with pytest.raises(UnknownName, match="unknown metric 'f1-'"):
        value("f1-")


def test_macro_f1_is_the_mean_over_the_classes():
    yes, no, maybe = 2 * 1 / (2 + 2), 2 * 2 / (2 + 3), 1.0
    assert value("macro-f1") == pytest.approx((yes + no + maybe) / 3)


def test_exact_match_counts_units_whole():
    assert value("exact-match") == pytest.approx(2 / 4), "1: right; 2: wrong; 3: one of two; the last stands alone"
    assert score(SAID, WANTED, ["exact-match"], resamples=5)["exact-match"].num_examples == 6


def test_sklearns_definitions_in_the_extremes():
    nothing = score(["maybe"] * 2, [["yes"], ["no"]], ["f1-yes", "macro-f1", "accuracy"], resamples=5)
    assert [nothing[name].value for name in ("f1-yes", "macro-f1", "accuracy")] == [0, 0, 0]


def test_majority_is_what_the_most_frequent_answer_would_score_whatever_was_said():
    assert value("majority") == pytest.approx(3 / 6)
    always = score(["No"] * 6, WANTED, ["accuracy"], resamples=5)["accuracy"]
    assert always.value == value("majority")
    assert score(["x"] * 6, WANTED, ["majority"], resamples=5)["majority"].value == value("majority")
