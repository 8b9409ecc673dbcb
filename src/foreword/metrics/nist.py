"""NIST, the n-gram score that counts a match by how much it tells, as mteval prints it.

Comes in:  Texts.      Goes out: Statistics; the information of n-grams is that of the full reference set, resampled or not.

Source: Doddington (2002), "Automatic evaluation of machine translation quality using n-gram co-occurrence statistics";
mteval-v13a.pl in the version of the E2E challenge (mteval-v13a-sig.pl, which allows missing references).

Where Python ports go another way (8.592 for TGen's E2E output, where mteval prints 8.6094) is the length penalty. They
compare the hypotheses' words with the sum over examples of the *mean* reference length. mteval divides all references'
words by the mean *number* of references: an example with many references weighs more. The two agree only when
all examples have equally many references.

What differs from mteval: letters other than A to Z are lowered too; and n-grams that continue the word "0" get their true
information (the script takes the string "0" for false and divides by all words there).
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from foreword.metrics.statistics import Statistics, versions
from foreword.metrics.texts import Texts

ORDER = 5
NGram = tuple[str, ...]

# The penalty falls to one half when the hypotheses are two thirds as long as the references.
_PENALTY_STEEPNESS = math.log(0.5) / math.log(1.5) ** 2


def nist(texts: Texts) -> Statistics:
    """Per example: information of matches and number of n-grams, orders 1 to 5; reference words; references; 1."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    split = Tokenizer13a()

    def words(text: str) -> list[str]:
        return split(text.lower()).split()

    references = [[words(reference) for reference in of_one] for of_one in texts.references]
    information = ngram_information([reference for of_one in references for reference in of_one])
    rows = [
        _row(words(hypothesis), of_one, information)
        for hypothesis, of_one in zip(texts.hypotheses, references, strict=True)
    ]
    return Statistics(np.array(rows), nist_of_sums, f"case:lc|tok:13a|n:{ORDER}|{versions('foreword', 'sacrebleu')}")


def ngram_information(references: Sequence[Sequence[str]]) -> dict[NGram, float]:
    """Bits that the last word of each n-gram adds, knowing the words before it: log2(count before / count whole)."""
    counts: Counter[NGram] = Counter()
    for reference in references:
        counts[()] += len(reference)
        counts.update(_ngrams(reference))
    return {ngram: math.log2(counts[ngram[:-1]] / count) for ngram, count in counts.items() if ngram}


def nist_of_sums(sums: np.ndarray) -> float:
    """The corpus score from summed rows."""
    information, totals = sums[:ORDER], sums[ORDER : 2 * ORDER]
    reference_words, num_references, num_examples = sums[2 * ORDER :]
    reference_len = reference_words / (num_references / num_examples)
    if not totals[0] or not reference_len:
        return 0.0
    ratio = min(1.0, float(totals[0] / reference_len))
    penalty = math.exp(_PENALTY_STEEPNESS * math.log(ratio) ** 2)
    return penalty * float((information / np.maximum(totals, 1)).sum())


def _row(hypothesis: list[str], references: list[list[str]], information: dict[NGram, float]) -> list[float]:
    allowed: Counter[NGram] = Counter()
    for reference in references:
        allowed |= _ngrams(reference)
    matched = [0.0] * ORDER
    for ngram, count in (_ngrams(hypothesis) & allowed).items():
        matched[len(ngram) - 1] += count * information[ngram]
    totals = [max(len(hypothesis) - order, 0) for order in range(ORDER)]
    return [*matched, *totals, sum(map(len, references)), len(references), 1]


def _ngrams(words: Sequence[str]) -> Counter[NGram]:
    orders = range(1, ORDER + 1)
    return Counter(tuple(words[at : at + order]) for order in orders for at in range(len(words) - order + 1))
