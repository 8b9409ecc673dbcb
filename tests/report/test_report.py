"""A report: made from result files alone, each held against its place; what is missing is said, the rest is reported."""

import csv
import json
import re
import sqlite3
from html.parser import HTMLParser

import pytest
from tests.tiny_sweeps import sweep_folder

from foreword.errors import RunError
from foreword.marks import MASK
from foreword.report import read_results, write_report
from foreword.report.markdown import compact
from foreword.report.page import side_by_side
from foreword.report.samples import Sample
from foreword.report.tables import table_of

AXES = {"size": ("50", "100"), "way": ("prefix", "fine-tuning"), "seed": ("0", "1", "2")}
SWEEP = {
    "against": {"way": "fine-tuning"},
    "plots": [{"x": "size", "lines": "way", "metrics": ["bleu"], "log": True}, {"x": "way", "metrics": ["loss/dev"]}],
    "claims": [
        {"says": "Prefixes & words", "source": "a paper", "published": "by 2", "metric": "bleu", "why": "they <are> small",
         "a": {"way": "prefix"}, "b": {"way": "fine-tuning"}}
    ],
}  # fmt: skip


def score(at):
    return {"50": 0.4, "100": 0.5}[at["size"]] + 0.1 * (at["way"] == "prefix") + 0.01 * int(at["seed"])


@pytest.fixture
def folder(tmp_path):
    return sweep_folder(tmp_path, AXES, score, SWEEP)


def test_a_run_that_was_held_up_does_not_lengthen_the_others_minutes(folder):
    at = folder / "runs" / "50-prefix-1" / "run.json"
    at.write_text(json.dumps({**json.loads(at.read_text()), "state": {"train_s": 6000.0}}))
    assert [row.minutes for row in table_of(read_results(folder)).rows] == [1.0] * 4


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.hrefs, self.outside, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.hrefs += [value for name, value in attrs if name == "href" and tag == "a"]
        self.outside += [
            value for name, value in attrs if name == "src" or (name == "href" and tag in ("link", "image"))
        ]

    def handle_data(self, data):
        self.text += f"{data} "


def test_the_page_links_every_figure_to_its_files_and_needs_nothing_from_outside(folder):
    write_report(read_results(folder))
    text = (folder / "report.html").read_text()
    page = Links()
    page.feed(text)
    assert len({href for href in page.hrefs if "result-test.json" in href}) == 12
    assert all((folder / href).is_file() for href in page.hrefs)
    assert page.outside == []
    assert text.count("<svg") == 2
    for said in (
        "A tiny sweep",
        "foreword sweep tiny.toml",
        "Prefixes & words",
        "50-prefix-0 <two>",
        "holds",
    ):
        assert said in page.text, said


def test_the_same_results_make_the_same_page(folder):
    write_report(read_results(folder))
    first = (folder / "report.html").read_bytes()
    write_report(read_results(folder))
    assert (folder / "report.html").read_bytes() == first


def test_the_markdown_has_all_that_the_page_tells_of_a_figure(folder):
    write_report(read_results(folder))
    text = (folder / "report.md").read_text()
    lines = text.splitlines()
    assert lines[0] == "# A tiny sweep"
    assert lines[2] == "12 runs. Made by `foreword sweep tiny.toml`, with the code at 0123456789ab."
    [claim] = [line for line in lines if line.startswith("- ")]
    assert claim.startswith(
        "- Prefixes & words: **holds**. a paper. There: by 2. Here (bleu): 0.560 against 0.460: +0.100"
    )
    assert "small" not in claim, "it holds: there is nothing to explain"
    assert "* where p < 0.05. Stars are not corrected" in text
    assert "by chance. Losses are nats per target token of what was kept, on up to 200 pairs of each split" in text
    assert lines[-6] == "| size | way | bleu | loss/dev | trained | stored | runs | minutes |"
    assert re.fullmatch(
        r"\| 50 \| prefix \| 0\.510 ± 0\.010 \* \(0\.4\d\d to 0\.5\d\d; \+0\.100, p < 0\.001\) "
        r"\| 1\.490 ± 0\.010 \* \(.*\) \| 40 \(4 %\) \| 10 \(1 %\) \| 3 \| 1\.0 \|",
        lines[-4],
    )
    assert re.match(r"\| 50 \| fine-tuning \| 0\.410 ± 0\.010 \([\d.]+ to [\d.]+\) \|", lines[-3])


def test_why_a_claim_does_not_hold_is_told_where_it_does_not(tmp_path):
    write_report(read_results(sweep_folder(tmp_path, AXES, lambda at: 1 - score(at), SWEEP)))
    [claim] = [line for line in (tmp_path / "report.md").read_text().splitlines() if line.startswith("- ")]
    assert "**does not hold**" in claim
    assert claim.endswith(" they <are> small")
    assert "<p>they &lt;are&gt; small</p>" in (tmp_path / "report.html").read_text()


def test_a_table_for_pages_has_means_spreads_and_stars(folder):
    lines = compact(table_of(read_results(folder))).splitlines()
    assert lines[0] == "| size | way | bleu | loss/dev | trained | stored | runs | minutes |"
    assert lines[2] == "| 50 | prefix | 0.510 ± 0.010 * | 1.490 ± 0.010 * | 40 (4 %) | 10 (1 %) | 3 | 1.0 |"
    assert lines[3].startswith("| 50 | fine-tuning | 0.410 ± 0.010 | 1.590 ± 0.010 |")


def test_the_page_says_that_among_many_figures_some_stars_are_chance(tmp_path):
    held, alone = tmp_path / "held", tmp_path / "alone"
    for folder, sweep in ((held, SWEEP), (alone, {})):
        folder.mkdir()
        write_report(read_results(sweep_folder(folder, AXES, score, sweep)))
    said = "Differences are from fine-tuning, on the same draws in pairs; * where p &lt; 0.05. Stars are not corrected"
    assert said in (held / "report.html").read_text()
    assert "Stars" not in (alone / "report.html").read_text()


def test_what_losses_are_is_told_where_there_are_some(tmp_path):
    losses, none = tmp_path / "losses", tmp_path / "none"
    for folder, metrics in ((losses, ["bleu", "loss/dev"]), (none, ["bleu"])):
        folder.mkdir()
        write_report(read_results(sweep_folder(folder, AXES, score, {"metrics": metrics})))
    assert "Losses are nats per target token" in (losses / "report.html").read_text()
    assert "Losses" not in (none / "report.html").read_text()


def test_runs_whose_draws_are_gone_are_counted(tmp_path):
    write_report(read_results(sweep_folder(tmp_path, AXES, score, SWEEP)))
    assert "draws of the test examples are not there" not in (tmp_path / "report.md").read_text()
    for file in list(tmp_path.glob("runs/50-*/resamples-test.safetensors")):
        file.unlink()
    write_report(read_results(tmp_path))
    said = "Of 6 of the 12 runs the scores on draws of the test examples are not there: intervals that they are in are of other"
    assert said in (tmp_path / "report.md").read_text()


def test_draws_that_are_damaged_are_told(folder):
    next(folder.glob("runs/*/resamples-test.safetensors")).write_bytes(b"half of it")
    with pytest.raises(
        RunError, match=r"resamples-test\.safetensors cannot be read .* Remove it, and score the run again\."
    ):
        read_results(folder)


def test_the_csv_has_a_line_for_each_figure_with_its_files(folder):
    write_report(read_results(folder))
    rows = list(csv.DictReader((folder / "report.csv").read_text().splitlines()))
    assert len(rows) == 8
    first = rows[0]
    assert (first["size"], first["way"], first["metric"], float(first["mean"])) == (
        "50",
        "prefix",
        "bleu",
        pytest.approx(0.51),
    )
    assert float(first["difference"]) == pytest.approx(0.1)
    assert (first["trained"], first["stored"], first["minutes"]) == ("40", "10", "1")
    assert first["results"].split() == [f"runs/50-prefix-{seed}/result-test.json" for seed in range(3)]


def test_a_score_that_no_run_has_a_say_in_is_held_against_none(tmp_path):
    """Such as the share of the most frequent answer: that all have the same is no finding."""
    results = read_results(sweep_folder(tmp_path, AXES, lambda at: 0.625, SWEEP))
    cells = [cell for row in table_of(results).rows for cell in row.cells.values()]
    assert [cell.against for cell in cells] == [None] * 8
    write_report(results)
    assert "p = " not in (tmp_path / "report.html").read_text()


def test_labels_can_be_columns(tmp_path):
    results = read_results(sweep_folder(tmp_path, AXES, score, {**SWEEP, "columns": "size"}))
    table = table_of(results)
    assert table.columns == [("50", "bleu"), ("50", "loss/dev"), ("100", "bleu"), ("100", "loss/dev")]
    assert [row.labels for row in table.rows] == [("prefix",), ("fine-tuning",)]


def test_an_axis_can_be_averaged_over_like_seeds(tmp_path):
    results = read_results(sweep_folder(tmp_path, AXES, score, {**SWEEP, "across": ["size"]}))
    assert [(row.labels, len(row.runs)) for row in table_of(results).rows] == [(("prefix",), 6), (("fine-tuning",), 6)]


def test_what_has_no_result_is_named_and_the_rest_reported(tmp_path):
    folder = sweep_folder(tmp_path, AXES, lambda at: None if at["seed"] == "2" else score(at), SWEEP)
    results = read_results(folder)
    assert dict(results.missing) == {f"{size}-{way}-2": "not run yet" for size in AXES["size"] for way in AXES["way"]}
    write_report(results)
    text = (folder / "report.html").read_text()
    assert "4 of 12 runs have no result, and are missing below." in text
    assert "<code>100-prefix-2</code>: not run yet" in text
    text = (folder / "report.md").read_text()
    assert "4 of 12 runs have no result, and are missing below.\n\n- `50-prefix-2`: not run yet\n" in text


def test_a_failure_is_told_from_the_journal(tmp_path):
    from foreword.sweep import Journal

    folder = sweep_folder(tmp_path, AXES, lambda at: None if at["seed"] == "2" else score(at), SWEEP)
    with Journal(folder / "journal.sqlite") as journal:
        journal.take_up({"50-prefix-2": "waiting"})
        journal.ended("50-prefix-2", "no memory")
    assert read_results(folder).missing["50-prefix-2"] == "failed: no memory"


def test_what_the_ways_wrote_stands_side_by_side(folder):
    """The first run of each row, a column each, where a screen has room for more than one."""
    write_report(read_results(folder))
    text = (folder / "report.html").read_text()
    first, *_ = re.findall("<div class='sample'>(.*?</dl>)", text)
    rows = [f"{size}-{way}" for size in AXES["size"] for way in AXES["way"]]
    assert first == "<dl>{}</dl>".format(
        "".join(f"<div><dt>{row.replace('-', ' ', 1)}</dt><dd dir='auto'>{row}-0 one</dd></div>" for row in rows)
    )
    assert re.search(r"dl {[^}]*display: grid", text)
    assert re.search(
        r"dl:last-child {\s*grid-template-columns: repeat\(auto-fit, minmax\(min\(14rem, 100%\), 1fr\)\)", text
    )


def test_a_source_stands_above_what_was_made_of_it():
    shown = side_by_side(Sample("", "the <source>", "", {"prefix": "", "fine-tuning": "a text"}))
    assert shown == (
        "<div class='sample'><dl><div><dt>source</dt><dd dir='auto'>the &lt;source&gt;</dd></div></dl>"
        "<dl><div><dt>prefix</dt><dd dir='auto'>(nothing)</dd></div>"
        "<div><dt>fine-tuning</dt><dd dir='auto'>a text</dd></div></dl></div>"
    )


def test_of_a_long_source_the_beginning_is_shown_and_the_rest_on_asking():
    words = " ".join(["<word>"] * 100)
    head, rest = (" ".join(["&lt;word&gt;"] * num) for num in (42, 58))
    shown = side_by_side(Sample("", words, "", {"prefix": "a text"}))
    assert f"<details><summary>{head} …</summary>{rest}</details>" in shown


def test_in_a_source_the_place_of_the_answer_is_a_gap():
    assert ">A film. It was ____.<" in side_by_side(Sample("", f"A film. It was {MASK}.", "good", {"prefix": "bad"}))


def test_texts_that_are_not_there_are_left_out(folder):
    for path in folder.rglob("texts-test.txt"):
        path.unlink()
    write_report(read_results(folder))
    assert "What they wrote" not in (folder / "report.html").read_text()


def changed(path, **content):
    held = json.loads(path.read_text())
    path.write_text(json.dumps({**held, **content}))


def test_a_result_in_anothers_place_is_refused(folder):
    other = (folder / "runs/50-prefix-1/result-test.json").read_text()
    (folder / "runs/50-prefix-0/result-test.json").write_text(other)
    with pytest.raises(
        RunError, match="is of other settings than sweep.json has for 50-prefix-0: it belongs to another place"
    ):
        read_results(folder)


def test_a_result_whose_signature_is_anothers_is_refused(folder):
    path = folder / "runs/50-prefix-0/result-test.json"
    signature = json.loads(path.read_text())["signature"]
    changed(path, signature=re.sub("settings:[0-9a-f]+", "settings:0123456789ab", signature))
    with pytest.raises(
        RunError, match="has the signature settings:0123456789ab, and its content says .*: it was changed"
    ):
        read_results(folder)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("result-test.json", {"signature": "nonsense"}, "has the signature settings:None"),
        ("result-test.json", {"scores": {"all": {"bleu": 3}}}, "is no whole record: scores.all.bleu: "),
        ("result-test.json", {"data": {"hash": "d"}}, "is no whole record: data.split: Field required"),
        ("run.json", {"state": {}}, "is no whole record: state.train_s: Field required"),
    ],
)
def test_a_damaged_record_is_refused(folder, file, content, message):
    changed(folder / "runs/50-prefix-0" / file, **content)
    with pytest.raises(RunError, match=message):
        read_results(folder)


def test_a_plan_of_another_version_is_refused(folder):
    changed(folder / "sweep.json", version=9)
    with pytest.raises(RunError, match="is of version 9, and this Foreword reads version 1. Start the sweep again"):
        read_results(folder)


def test_the_title_is_the_folders_name_where_the_sweep_has_none(folder, monkeypatch):
    held = json.loads((folder / "sweep.json").read_text())["sweep"]
    changed(folder / "sweep.json", sweep={**held, "title": ""})
    monkeypatch.chdir(folder)
    assert read_results(".").title == folder.name


def test_too_few_subsets_have_no_p(tmp_path):
    """Ten pairs on two subsets are two trials: a p of 1 beside a clear difference would read as none."""
    axes = {"way": ("prefix", "fine-tuning"), "task.subset_seed": ("0", "1"), "seed": ("0", "1", "2", "3", "4")}
    sweep = {"against": {"way": "fine-tuning"}, "across": ["task.subset_seed"]}
    folder = sweep_folder(tmp_path, axes, lambda at: 0.4 + 0.1 * (at["way"] == "prefix"), sweep)
    write_report(read_results(folder))
    assert "+0.100" in (folder / "report.md").read_text()
    assert "p = 1" not in (folder / "report.md").read_text()
    assert {row["p"] for row in csv.DictReader((folder / "report.csv").read_text().splitlines())} == {""}


def test_a_label_of_several_lines_or_with_a_bar_leaves_the_markdown_a_table(tmp_path):
    axes = {"way|x": ("one\ntwo", "a|b"), "seed": ("0",)}
    lines = compact(table_of(read_results(sweep_folder(tmp_path, axes, lambda _: 0.5)))).splitlines()
    assert [line.replace("\\|", "").count("|") for line in lines] == [8] * 4
    assert lines[2].startswith("| one two |")


def test_an_axis_can_have_any_name(tmp_path):
    results = read_results(sweep_folder(tmp_path, {"self": ("a", "b"), "seed": ("0",)}, lambda _: 0.5))
    assert [row.labels for row in table_of(results).rows] == [("a",), ("b",)]


def test_a_journal_of_another_version_is_refused(tmp_path):
    folder = sweep_folder(tmp_path, AXES, lambda at: None if at["seed"] == "2" else score(at), SWEEP)
    with sqlite3.connect(folder / "journal.sqlite") as db:
        db.execute("CREATE TABLE points (name TEXT)")
        db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(RunError, match="is of version 7"):
        read_results(folder)


def test_a_folder_without_a_sweep_or_without_results_is_told(tmp_path):
    with pytest.raises(RunError, match="holds no sweep. `foreword sweep RECIPE --out"):
        read_results(tmp_path)
    sweep_folder(tmp_path, AXES, lambda _: None)
    with pytest.raises(
        RunError, match="none of the 12 runs of .* has a result yet. `foreword sweep tiny.toml` makes them"
    ):
        read_results(tmp_path)


def test_where_all_runs_failed_the_first_reasons_are_told(tmp_path):
    """What others were to start from is a run too, and its reason is the one that counts."""
    from foreword.sweep import Journal

    folder = sweep_folder(tmp_path, AXES, lambda at: None)
    failed = ["before-first", *(f"50-prefix-{seed}" for seed in range(6))]
    with Journal(folder / "journal.sqlite") as journal:
        journal.take_up({**dict.fromkeys(failed, "waiting"), "100-prefix-0": "waiting"})
        for name in failed:
            journal.ended(name, f"no memory for {name}")
    with pytest.raises(RunError) as told:
        read_results(folder)
    first, *reasons = str(told.value).splitlines()
    assert first.endswith("has a result yet. `foreword sweep tiny.toml` makes them.")
    assert reasons == [f"  {name}: failed: no memory for {name}" for name in failed[:5]]
