"""The front door: what goes in, what comes out, and what it says to a mistake."""

import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.errors import BadData, MissingTool, UnknownName
from foreword.metrics import METRICS, score
from foreword.metrics.registry import measure
from foreword.metrics.texts import Texts

WITHOUT_JAVA = ("bleu", "nist", "webnlg-bleu", "ter", "rouge1", "rouge2", "rougeL", "chrf", "sacrebleu")
PERFECT = {"webnlg-bleu": 1, "bleu": 1, "sacrebleu": 1, "rouge1": 1, "rouge2": 1, "rougeL": 1, "chrf": 1, "ter": 0}
ALPHABET = st.sampled_from("the cat sat on a mat near an old café , of course . 42 £".split())
TEXT = st.lists(ALPHABET, min_size=4, max_size=12).map(" ".join)
EXAMPLES = st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=3)), min_size=1, max_size=6)


def test_importing_the_room_loads_nothing_heavy():
    check = (
        "import foreword.metrics, sys; print([m for m in ('torch', 'numpy', 'sacrebleu', 'nltk') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True).stdout.strip() == "[]"


def test_scoring_loads_no_torch():
    check = f"import sys; from foreword.metrics import score; score(['a b'], [['a']], {WITHOUT_JAVA}, resamples=2)"
    done = subprocess.run(
        [sys.executable, "-c", check + "; print('torch' in sys.modules)"], capture_output=True, text=True
    )
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.skipif(shutil.which("java") is None, reason="METEOR and the PTB tokenizer need Java")
def test_every_metric_scores_texts_of_every_kind():
    hypotheses = [
        "The café costs less than £20.",
        "",
        "x",
        "tab\there, line\u2028end ||| bars",
        "It's low-cost; 😀 ok?",
    ]
    references = [
        ["The café costs £20 at most.", "It's cheap!"],
        ["Nothing"],
        ["x"],
        ["... !"],
        ["Low cost, it is: 😀"],
    ]
    names = set(METRICS) - {"webnlg-meteor"}  # the same jar as meteor, which is slow to start
    scores = score(hypotheses, references, names, resamples=10)
    assert not scores.skipped
    assert set(scores.scores) == names
    for name, one in scores.scores.items():
        assert one.low <= one.value <= one.high, name
        assert one.num_examples == 5
        assert one.signature.startswith(f"{name}|refs:var|bs:10|seed:0|")
        assert "\n" not in METRICS[name]


@pytest.mark.parametrize("name", PERFECT)
@settings(deadline=None, max_examples=20)
@given(texts=st.lists(TEXT, min_size=1, max_size=4))
def test_a_perfect_hypothesis_gets_the_best_score(name, texts):
    if name == "rouge2":
        texts = [f"{text} two words" for text in texts]  # rouge-score drops signs; two words must remain
    if name == "rouge1" or name == "rougeL":
        texts = [f"{text} word" for text in texts]
    statistics = measure(name, Texts(texts, [["something else", text] for text in texts]))
    assert statistics.score() == pytest.approx(PERFECT[name])


@pytest.mark.parametrize("name", WITHOUT_JAVA)
@settings(deadline=None, max_examples=20)
@given(examples=EXAMPLES)
def test_the_order_of_examples_and_of_references_does_not_matter(name, examples):
    one_way = Texts([text for text, _ in examples], [references for _, references in examples])
    other_way = Texts([text for text, _ in examples[::-1]], [references[::-1] for _, references in examples[::-1]])
    if name == "chrf":  # of references that score alike, chrF takes the counts of the first
        other_way = Texts([text for text, _ in examples[::-1]], [references for _, references in examples[::-1]])
    assert measure(name, one_way).score() == pytest.approx(measure(name, other_way).score())


@pytest.mark.parametrize("name", WITHOUT_JAVA)
@settings(deadline=None, max_examples=20)
@given(examples=EXAMPLES, seed=st.integers(0, 2**32))
def test_the_interval_holds_the_value_and_the_seed_settles_it(name, examples, seed):
    texts = [text for text, _ in examples], [references for _, references in examples]
    one = score(*texts, [name], seed=seed, resamples=20)[name]
    assert one.low <= one.value <= one.high
    assert one == score(*texts, [name], seed=seed, resamples=20)[name]


@pytest.mark.parametrize("name", WITHOUT_JAVA)
def test_a_corpus_of_empty_hypotheses_scores_nothing(name):
    value = score(["", ""], [["a reference of words"], ["another one"]], [name], resamples=2)[name].value
    assert value == (1 if name == "ter" else 0)  # tercom: every reference word is missing


def test_the_interval_of_a_mean_is_the_textbooks():
    """Of 400 examples half are perfect: 1.96 standard errors of a coin toss are 0.049 on either side."""
    one = score(["a b", "c d"] * 200, [["a b"]] * 400, ["rouge1"], resamples=2000)["rouge1"]
    assert one.value == 0.5
    assert [one.low, one.high] == pytest.approx([0.451, 0.549], abs=0.004)


def test_case_counts_for_sacrebleu_and_not_for_the_e2e_metrics():
    texts = Texts(["The Cat Sat Here"], [["the cat sat here"]])
    assert measure("sacrebleu", texts).score() == 0
    assert measure("bleu", texts).score() == pytest.approx(1)
    assert measure("nist", texts).score() == measure("nist", Texts(texts.references[0], texts.references)).score()


def test_scores_are_looked_up_by_name():
    scores = score(["a b c d"], [["a b c d"]], ["bleu", "chrf", "bleu"], resamples=2)
    assert list(scores.scores) == ["bleu", "chrf"]
    assert scores["bleu"].value == pytest.approx(1)
    with pytest.raises(UnknownName, match="unknown score 'nist'. Known: bleu, chrf."):
        scores["nist"]


@pytest.mark.skipif(shutil.which("java") is None, reason="CIDEr's tokenizer needs Java")
def test_where_no_reference_has_a_word_cider_is_0():
    assert measure("cider", Texts(["a b", "..."], [["..."], ["..."]])).score() == 0


def test_without_java_the_rest_is_scored_and_the_reason_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    scores = score(["a b c d"], [["a b c d"]], ["bleu", "meteor", "cider", "webnlg-meteor"], resamples=2)
    assert set(scores.scores) == {"bleu"}
    assert set(scores.skipped) == {"meteor", "cider", "webnlg-meteor"}
    assert "the PTB tokenizer needs Java, and no program 'java' was found" in scores.skipped["cider"]
    assert "METEOR needs Java" in scores.skipped["webnlg-meteor"]
    with pytest.raises(MissingTool, match="there is no meteor score: the PTB tokenizer needs Java"):
        scores["meteor"]


def test_a_java_that_fails_is_a_reason_too(monkeypatch, tmp_path):
    broken = tmp_path / "java"
    broken.write_text("#!/bin/sh\necho 'no memory' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    skipped = score(["a"], [["a"]], ["rouge-l"], resamples=2).skipped
    assert "failed in Java: exit code 3, 0 answers to 2 lines, last words 'no memory'" in skipped["rouge-l"]


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        (["a", "b"], [["a"]], "2 hypotheses, but references for 1 examples"),
        ([], [], "there are none; give at least one"),
        (["a", "b"], [["a"], []], "example 2 has no reference"),
        (["a", "b"], [["a", " "], ["b"]], "example 1 has a blank reference"),
        (["a"], ["a"], "references of example 1 must be a list of texts, got one text 'a'"),
    ],
)
def test_texts_that_cannot_be_scored_are_refused(hypotheses, references, message):
    with pytest.raises(BadData, match=message):
        score(hypotheses, references, ["bleu"])


def test_a_metric_must_be_one_of_ours():
    with pytest.raises(UnknownName, match="unknown metric 'blue'. Did you mean 'bleu'"):
        score(["a"], [["a"]], ["chrf", "blue"])
    with pytest.raises(UnknownName, match="unknown metric 'x'"):
        measure("x", Texts(["a"], [["a"]]))
    with pytest.raises(BadData, match="metrics: none was named; known are accuracy, bleu, chrf"):
        score(["a"], [["a"]], [])
    with pytest.raises(BadData, match="resamples: must be at least 1, got 0"):
        score(["a"], [["a"]], ["bleu"], resamples=0)
