"""Each score from summed rows equals a slow obvious version, or the library's own."""

import logging
import math
import shutil
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.metrics import ngrams
from foreword.metrics.meteor import drop_chunks_of_perfect, meteor_of_sums, score_line
from foreword.metrics.nist import nist
from foreword.metrics.ptb import tokenize
from foreword.metrics.registry import measure
from foreword.metrics.texts import Texts
from foreword.metrics.webnlg import normalize

WORDS = st.sampled_from("a b c d e , .".split())
TEXT = st.lists(WORDS, min_size=1, max_size=9).map(" ".join)
EXAMPLES = st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=3)), min_size=1, max_size=5)


def texts_of(examples) -> Texts:
    return Texts([text for text, _ in examples], [references for _, references in examples])


def occurrences(ngram: list[str], words: list[str]) -> int:
    return sum(words[at : at + len(ngram)] == ngram for at in range(len(words) - len(ngram) + 1))


def slow_nist(texts: Texts) -> float:
    """Doddington's formula, each n-gram of each hypothesis looked up in all references."""
    all_references = [reference.split() for of_one in texts.references for reference in of_one]
    num_words = sum(map(len, all_references))
    total = 0.0
    for order in range(1, 6):
        gained, num_ngrams = 0.0, 0
        for hypothesis, of_one in zip(texts.hypotheses, texts.references, strict=True):
            words = hypothesis.split()
            ngrams_here = [words[at : at + order] for at in range(len(words) - order + 1)]
            num_ngrams += len(ngrams_here)
            for ngram in [list(distinct) for distinct in {tuple(ngram) for ngram in ngrams_here}]:
                allowed = max(occurrences(ngram, reference.split()) for reference in of_one)
                if count := min(occurrences(ngram, words), allowed):
                    whole = sum(occurrences(ngram, reference) for reference in all_references)
                    before = sum(occurrences(ngram[:-1], reference) for reference in all_references)
                    gained += count * math.log2((num_words if order == 1 else before) / whole)
        total += gained / max(num_ngrams, 1)
    references_each = len(all_references) / len(texts.hypotheses)
    ratio = min(1.0, sum(len(text.split()) for text in texts.hypotheses) * references_each / num_words)
    return total * 0.5 ** ((math.log(ratio) / math.log(1.5)) ** 2)


@settings(deadline=None)
@given(examples=EXAMPLES)
def test_nist_equals_a_slow_version(examples):
    assert nist(texts_of(examples)).score() == pytest.approx(slow_nist(texts_of(examples)))


def test_nist_weighs_reference_lengths_by_the_number_of_references():
    """Two examples, one with three references of 6 words and one with one of 2: mteval says 10 words, ports say 8."""
    texts = Texts(["a b c d", "e f"], [["a b c d e f"] * 3, ["e f"]])
    statistics = nist(texts)
    unpenalized = statistics.rows[:, :5].sum(axis=0) / statistics.rows[:, 5:10].sum(axis=0).clip(1)
    assert statistics.score() / unpenalized.sum() == pytest.approx(0.5 ** ((math.log(6 / 10) / math.log(1.5)) ** 2))


@settings(deadline=None)
@given(examples=EXAMPLES)
def test_bleu_and_chrf_equal_sacrebleus_corpus_scores(examples):
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    texts = texts_of(examples)
    streams: list[list[Any]] = [
        [of_one[at] if at < len(of_one) else None for of_one in texts.references] for at in range(3)
    ]
    settings_used = {"lowercase": True, "smooth_method": "exp"}
    ours = ngrams.bleu(texts, lowercase=True, tokenize="13a", smooth="exp").score()
    assert ours == pytest.approx(BLEU(**settings_used).corpus_score(texts.hypotheses, streams).score / 100)
    assert ngrams.chrf(texts).score() == pytest.approx(CHRF().corpus_score(texts.hypotheses, streams).score / 100)


def test_sacrebleu_is_not_made_to_complain(caplog):
    with caplog.at_level(logging.WARNING):
        measure("bleu", Texts(["tokenized ."] * 200, [["tokenized ."]] * 200))
    assert not caplog.records


def test_short_texts_without_a_long_match_score_0_unless_smoothed():
    texts = Texts(["a b"], [["a b"]])
    assert measure("bleu", texts).score() == 0
    assert measure("bleu", Texts(["a b c d"], [["a b c e"]])).score() == 0
    assert measure("sacrebleu", Texts(["a b c d"], [["a b c e"]])).score() > 0


def test_meteor_of_summed_rows_equals_the_jars_eval_line():
    """METEOR 1.5's answers to SCORE lines of two examples, and to EVAL lines of each and of both."""
    partial = "7 8 3 4 4 4 3 3 0 0 0 0 0 0 0 0 0 0 0 0 4 7 7"
    whole = "5 5 4 4 1 1 4 4 0 0 0 0 0 0 0 0 0 0 0 0 1 5 5"
    rows = np.array([[float(number) for number in row.split()] for row in (partial, whole)])
    drop_chunks_of_perfect(rows)
    assert [meteor_of_sums(row) for row in rows] == pytest.approx([0.43867402864846494, 1.0])
    assert meteor_of_sums(rows.sum(axis=0)) == pytest.approx(0.49907270830481204)
    assert meteor_of_sums(np.zeros(23)) == 0


def test_texts_cannot_break_the_jars_line_format():
    assert score_line("a ||| b\tc", ["d\ne", "f"]) == "SCORE ||| d e ||| f ||| a b c"


@pytest.mark.skipif(shutil.which("java") is None, reason="the PTB tokenizer needs Java")
def test_ptb_tokens_stay_one_line_per_text_and_lose_punctuation():
    texts = ["It's \"cheap\" (£20), isn't it?", "", "two\nlines\u2028or\u0085three\r\n", "Café – ok..."]
    assert tokenize(texts) == ["it 's cheap -lrb- # 20 -rrb- is n't it", "", "two lines or three", "café ok"]


@settings(deadline=None)
@given(examples=EXAMPLES)
def test_rouge_takes_the_best_reference_and_the_mean_over_examples(examples):
    """ROUGE-1 by hand: words are letters here, and signs are dropped."""

    def f1(hypothesis: str, reference: str) -> Fraction:
        a, b = ([word for word in text.split() if word.isalpha()] for text in (hypothesis, reference))
        shared = sum(min(a.count(word), b.count(word)) for word in set(a))
        return Fraction(2 * shared, len(a) + len(b)) if shared else Fraction(0)

    best = [max(f1(hypothesis, reference) for reference in references) for hypothesis, references in examples]
    assert measure("rouge1", texts_of(examples)).score() == pytest.approx(float(sum(best) / len(best)))


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("Adolfo Suárez Madrid–Barajas Airport's 18L/36R.", "adolfo suarez madrid - barajas airport ' s 18l / 36r ."),
        ("Türk Şehitleri Anıtı (1954)", "turk sehitleri aniti ( 1954 )"),
        ("Lars Løkke Rasmussen, 2,776 m", "lars lokke rasmussen , 2 , 776 m"),
        ("  ", ""),
    ],
)
def test_webnlg_texts_are_lower_case_ascii_with_signs_apart(raw, normal):
    assert normalize(raw) == normal
    assert normalize(normal) == normal


def test_webnlg_metrics_look_at_three_references_and_normalize_them():
    texts = Texts(["The Café is here."], [["x"] * 3 + ["the cafe is here ."]])
    assert measure("webnlg-bleu", texts).score() == 0
    texts = Texts(["The Café is here."], [["x"] * 2 + ["the cafe is here ."]])
    assert measure("webnlg-bleu", texts).score() == pytest.approx(1)
    assert measure("ter", texts).rows.tolist() == [[0, 7 / 3]]


def test_raw_webnlg_references_normalize_to_the_official_files(shared_data):
    import json

    entries = json.loads((shared_data / "webnlg2017" / "test.json").read_text())["entries"]
    raw = {text["lex"] for entry in entries for one in entry.values() for text in one["lexicalisations"]}
    folder = shared_data / "scorer_checks" / "webnlg" / "references"
    files = sorted(folder.glob("gold-all-cat-reference*.lex"))
    published = {line for path in files for line in path.read_text().split("\n")}
    assert {normalize(text) for text in raw} <= published
    assert all(normalize(line) == line for line in published)
