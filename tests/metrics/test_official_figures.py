"""Our figures are the published ones, to every digit printed.

E2E test: the challenge's published row for TGen. E2E dev: scores.csv of UKPLab/e2e-nlg-challenge-2017, row K for epoch K.
WebNLG 2017: logs of multi-bleu, METEOR 1.5 and tercom for ADAPT_Centre, all, old (seen) and new (unseen) categories.
"""

import csv
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from foreword.metrics import read_hypotheses, read_references
from foreword.metrics.meteor import meteor
from foreword.metrics.ptb import tokenize
from foreword.metrics.registry import measure
from foreword.metrics.statistics import Statistics
from foreword.metrics.texts import Texts
from foreword.metrics.webnlg import normalized

E2E_METRICS = ("bleu", "nist", "meteor", "rouge-l", "cider")
TGEN = {"bleu": "0.6593", "nist": "8.6094", "meteor": "0.4483", "rouge-l": "0.6850", "cider": "2.2338"}
DEV_EPOCHS = {"seed1": 16, "seed10": 7}
CSV_NAMES = {"rouge-l": "rouge"}
CATEGORIES = ("all", "old", "new")


@dataclass
class Official:
    """The published outputs, and the statistics that cost a Java start: worked out for all of them at once."""

    texts: dict[str, Texts]
    meteor: dict[str, Statistics]

    def value(self, name: str, metric: str) -> float:
        return (self.meteor[name] if metric == "meteor" else measure(metric, self.texts[name])).score()


@pytest.fixture(scope="module")
def official(shared_data) -> Official:
    if shutil.which("java") is None:
        pytest.skip("METEOR and the PTB tokenizer need Java")
    texts = e2e_texts(shared_data) | {name: webnlg_texts(shared_data, name) for name in ("old", "new")}
    for name, tokens in zip(texts, tokenize_all(list(texts.values())), strict=True):
        texts[name].__dict__["ptb_tokens"] = tokens  # what the cached property would hold
    ready = [normalized(of_set) if name in CATEGORIES else Texts(*of_set.ptb_tokens) for name, of_set in texts.items()]
    whole = meteor(sum((r.hypotheses for r in ready), []), sum((r.references for r in ready), []), tokens="")
    ends = np.cumsum([len(r.hypotheses) for r in ready])
    rows = dict(zip(texts, np.split(whole.rows, ends[:-1]), strict=True))
    rows["all"] = np.concatenate([rows["old"], rows["new"]])
    return Official(texts, {name: Statistics(of_set, whole.aggregate, "") for name, of_set in rows.items()})


def tokenize_all(sets: list[Texts]) -> list[tuple[list[str], list[list[str]]]]:
    flat = [text for of_set in sets for text in of_set.hypotheses + sum(of_set.references, [])]
    tokenized = iter(tokenize(flat))
    return [
        ([next(tokenized) for _ in of_set.hypotheses], [[next(tokenized) for _ in refs] for refs in of_set.references])
        for of_set in sets
    ]


def e2e_texts(shared_data: Path) -> dict[str, Texts]:
    checks = shared_data / "scorer_checks"
    with open(checks / "e2e_test" / "tgen.tsv", newline="", encoding="utf-8") as file:
        tgen = [row["output"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    sets = {"tgen": Texts(tgen, references_of(shared_data / "e2e" / "testset_w_refs.csv"))}
    for seed, epoch in DEV_EPOCHS.items():
        outputs = read_hypotheses(checks / "e2e_dev" / seed / f"predictions.epoch{epoch}")
        sets[seed] = Texts(outputs, references_of(shared_data / "e2e" / "devset.csv"))
    return sets


def references_of(path: Path) -> list[list[str]]:
    grouped: dict[str, list[str]] = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            grouped.setdefault(row["mr"], []).append(row["ref"])
    return list(grouped.values())


def webnlg_texts(shared_data: Path, category: str) -> Texts:
    folder = shared_data / "scorer_checks" / "webnlg"
    references = [folder / "references" / f"gold-{category}-cat-reference{number}.lex" for number in range(3)]
    return Texts(read_hypotheses(folder / "outputs" / f"ADAPT_Centre_{category}-cat.txt"), read_references(references))


def webnlg_log(shared_data: Path, name: str) -> str:
    return (shared_data / "scorer_checks" / "webnlg" / "scores" / name).read_text()


@pytest.mark.parametrize("metric", E2E_METRICS)
def test_tgen_on_the_e2e_test_set(official, metric):
    assert f"{official.value('tgen', metric):.4f}" == TGEN[metric]


@pytest.mark.parametrize("metric", E2E_METRICS)
@pytest.mark.parametrize("seed", DEV_EPOCHS)
def test_a_system_on_the_e2e_dev_set(official, shared_data, seed, metric):
    with open(shared_data / "scorer_checks" / "e2e_dev" / seed / "scores.csv", newline="") as file:
        published = list(csv.DictReader(file))[DEV_EPOCHS[seed] - 1][CSV_NAMES.get(metric, metric)]
    assert round(official.value(seed, metric), 4) == float(published)


@pytest.mark.parametrize("category", CATEGORIES)
def test_webnlg_bleu(shared_data, category):
    log = webnlg_log(shared_data, f"bleu3ref-ADAPT_Centre_{category}-cat.txt").splitlines()[0]
    statistics = measure("webnlg-bleu", webnlg_texts(shared_data, category))
    hypothesis_len, reference_len, *counts = statistics.rows.sum(axis=0)
    precisions = "/".join(f"{100 * matches / total:.1f}" for matches, total in zip(counts[:4], counts[4:], strict=True))
    ratio = hypothesis_len / reference_len
    lengths = f"(BP=1.000, ratio={ratio:.3f}, hyp_len={hypothesis_len}, ref_len={reference_len})"
    assert f"BLEU = {100 * statistics.score():.2f}, {precisions} {lengths}" == log


@pytest.mark.parametrize("category", CATEGORIES)
def test_webnlg_meteor_and_so_the_jars_own_aggregation(official, shared_data, category):
    """The logs' final score is the jar's from summed rows; ours from the same rows differs by rounding at most."""
    log = webnlg_log(shared_data, f"meteor-ADAPT_Centre-{category}-cat.txt")
    published = re.search(r"Final score: +([\d.]+)", log)
    assert published is not None
    assert official.value(category, "meteor") == pytest.approx(float(published[1]), rel=1e-14)


@pytest.fixture(scope="module")
def ter_rows(shared_data) -> dict[str, np.ndarray]:
    rows = {name: measure("ter", webnlg_texts(shared_data, name)).rows for name in ("old", "new")}
    return rows | {"all": np.concatenate([rows["old"], rows["new"]])}


@pytest.mark.parametrize("category", CATEGORIES)
def test_webnlg_ter(ter_rows, shared_data, category):
    log = webnlg_log(shared_data, f"ter3ref-ADAPT_Centre-{category}-cat.txt")
    published = re.search(r"Total TER: ([\d.]+) \(([\d.]+)/([\d.]+)\)", log)
    assert published is not None
    edits, length = ter_rows[category].sum(axis=0)
    assert edits == float(published[2])
    assert [length, edits / length] == pytest.approx([float(published[3]), float(published[1])], rel=1e-12)


def test_all_webnlg_examples_are_the_old_and_the_new_ones(shared_data):
    """So the rows of both together are those of all; Java and tercom need not run over them twice."""
    everything = webnlg_texts(shared_data, "all")
    parts = [webnlg_texts(shared_data, name) for name in ("old", "new")]
    examples = [pair for part in parts for pair in zip(part.hypotheses, part.references, strict=True)]
    assert sorted(examples) == sorted(zip(everything.hypotheses, everything.references, strict=True))
