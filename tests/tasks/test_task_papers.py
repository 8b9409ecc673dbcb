"""E2E, WebNLG and DART: the papers' forms on small files, and the known counts on the real ones."""

import json
from collections import Counter

import pytest

from foreword.errors import BadData
from foreword.tasks import Example, load_task

# e2e


def e2e(tmp_path, text):
    (tmp_path / "trainset.csv").write_text(text, encoding="utf-8", newline="")
    return load_task("e2e", tmp_path)


def test_e2e_fields_are_named_as_in_the_paper_and_keep_their_order(tmp_path):
    meaning = "name[A], eatType[pub], food[B], priceRange[£20-25], customer rating[5 out of 5], area[C]"
    task = e2e(tmp_path, f'mr,ref\n"{meaning}, familyFriendly[yes], near[D E]"," One.  Two.\r\n Three. "\n')
    source = "name : A | Type : pub | food : B | price : £20-25 | customer rating : 5 out of 5 | area : C"
    assert task.pairs("train") == [(f"{source} | family friendly : yes | near : D E", "One.  Two.\r\n Three.")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mr,ref\nname A,text\n", r"line 2: 'mr' must read like 'name\[The Vaults\], eatType\[pub\]', got \"name A\""),
        ("mr,ref\nname[],text\n", r"line 2: 'mr' must read like"),
        ('mr,ref\n"name[A] food[B]",text\n', r"line 2: 'mr' must read like"),
        ("mr,ref\nname[A], \n", r"line 2: 'ref' must be a non-empty string, got \" \""),
        ("MR\nname[A]\n", r"no column 'mr'; the columns are MR\. The official file has mr and ref; the challenge's"),
    ],
)
def test_bad_e2e_is_told(tmp_path, text, message):
    with pytest.raises(BadData, match=message):
        e2e(tmp_path, text).pairs("train")


def test_e2e_counts(shared_data):
    task = load_task("e2e", shared_data / "e2e")
    assert [len(task.pairs(split)) for split in task.splits] == [42061, 4672, 4693]
    assert [len(task.examples(split)) for split in task.splits] == [4862, 547, 630]
    first = (
        "name : The Vaults | Type : pub | price : more than £30 | customer rating : 5 out of 5 | near : Café Adriatic"
    )
    assert task.pairs("train")[0][0] == first


# webnlg


def webnlg_entry(category="Airport", texts=(("good", "One."), ("toFix", "Two.")), triples=(("A_B", "cityOf", '"C"'),)):
    return {
        "category": category,
        "lexicalisations": [{"comment": comment, "lex": lex} for comment, lex in texts],
        "modifiedtripleset": [{"subject": s, "property": p, "object": o} for s, p, o in triples],
    }


def webnlg(tmp_path, *entries):
    data = {"entries": [{str(number): entry} for number, entry in enumerate(entries, start=1)]}
    for split in ("train", "test"):
        (tmp_path / f"{split}.json").write_text(json.dumps(data))
    return load_task("webnlg", tmp_path)


def test_webnlg_reads_as_the_papers_code_wrote_it(tmp_path):
    two = (("A_B", "cityOf", '"C"'), ("A_B", "is", "D (e)"))
    task = webnlg(tmp_path, webnlg_entry(triples=two), webnlg_entry("Artist", [("toFix", "Three.")]))
    source = ' | A_B : cityOf : "C" | A_B : is : D (e)'
    assert task.pairs("train") == [(source, "One.")]
    assert task.examples("test") == [
        Example(source, ("One.", "Two."), "seen"),
        Example(' | A_B : cityOf : "C"', ("Three.",), "unseen"),
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (webnlg_entry(triples=()), r"entry 2: 'modifiedtripleset' must be a non-empty list, got \[\]"),
        (webnlg_entry(texts=()), r"entry 2: 'lexicalisations' must be a non-empty list.*Give the release with texts"),
        (webnlg_entry(triples=[("A", "b", None)]), r"entry 2: 'object' must be a string in \{\"subject\": \"A\""),
        (webnlg_entry(texts=[("good", " ")]), r"entry 2: 'lex' must be a non-empty string, got \" \""),
        ("text", r"entry 2: must be an object, got \"text\""),
    ],
)
def test_bad_webnlg_is_told(tmp_path, entry, message):
    with pytest.raises(BadData, match=r"train\.json, " + message):
        webnlg(tmp_path, webnlg_entry(), entry).pairs("train")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", r"no list 'entries' at the top\. Give the JSON release"),
        ('{"entries": []}', r"no examples in it"),
        ('{"entries": [{"1": {}, "2": {}}]}', r"entry 1: must be one object under its number"),
        ('{\n"entries"}', r"train\.json, line 2: not JSON \(Expecting ':' delimiter, column 10\)"),
    ],
)
def test_a_file_that_is_not_webnlg_is_told(tmp_path, text, message):
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(BadData, match=message):
        load_task("webnlg", tmp_path).pairs("train")


def test_webnlg_counts(shared_data):
    from foreword.tasks.webnlg import read_entries

    task = load_task("webnlg", shared_data / "webnlg2017")
    entries = [len(read_entries(shared_data / "webnlg2017" / f"{split}.json")) for split in task.splits]
    assert entries == [6940, 872, 1862]
    # Five training entries have only faulty texts; some entries have the same triples.
    assert [len(task.examples(split)) for split in task.splits] == [6888, 871, 1862]
    assert len(task.pairs("train")) == 18025
    assert Counter(example.group for example in task.examples("test")) == {"seen": 971, "unseen": 891}
    assert {example.group for example in task.examples("train")} == {"seen"}


# dart

XML = """<?xml version='1.0' encoding='utf-8'?>
<benchmark><entries><entry category="MISC" eid="Id1" size="2"><modifiedtripleset>{triples}</modifiedtripleset>
<lex lid="Id1"> One. </lex><lex lid="Id2" /></entry></entries></benchmark>"""


def dart(tmp_path, text, suffix="json"):
    (tmp_path / f"dart-v1.1.1-full-train.{suffix}").write_text(text, encoding="utf-8")
    return load_task("dart", tmp_path)


def test_dart_reads_the_same_from_json_and_xml(tmp_path):
    entry = {"tripleset": [["A", "IS_IN", "B"], ["[X]", "Of", "é"]], "annotations": [{"text": " One. "}, {"text": ""}]}
    expected = [Example("A : is_in : B | [X] : of : é", ("One.",))]
    assert dart(tmp_path, json.dumps([entry])).examples("train") == expected
    (tmp_path / "dart-v1.1.1-full-train.json").unlink()
    triples = "<mtriple>A | IS_IN | B</mtriple><mtriple>[X] | Of | é</mtriple>"
    assert dart(tmp_path, XML.format(triples=triples), "xml").examples("train") == expected


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"tripleset": [], "annotations": []}, r"entry 1: no triples\. Drop the entry"),
        (
            {"tripleset": [["a", "b"]], "annotations": []},
            r"a triple must be subject, relation and object, got \[\"a\", \"b",
        ),
        ({"tripleset": [["a", "b", "c"]], "annotations": [{"text": " "}]}, r"entry 1: no text\. Drop the entry"),
        ({"tripleset": [["a", "b", "c"]], "annotations": [{}]}, r"every annotation must have a string 'text'"),
        ({"tripleset": [["a", "b", "c"]]}, r"'tripleset' and 'annotations' must be lists"),
        ("a", r"entry 1: must be an object, got \"a\""),
    ],
)
def test_bad_dart_is_told(tmp_path, entry, message):
    with pytest.raises(BadData, match=message):
        dart(tmp_path, json.dumps([entry])).pairs("train")


def test_dart_files_of_another_form_are_told(tmp_path):
    with pytest.raises(BadData, match=r"must be a list of entries\. Give a JSON or XML file of DART"):
        dart(tmp_path, "{}").pairs("train")
    (tmp_path / "dart-v1.1.1-full-train.json").unlink()
    with pytest.raises(BadData, match=r"entry Id1: a triple must be subject, relation and object, got \[\"a\"\]"):
        dart(tmp_path, XML.format(triples="<mtriple>a</mtriple>"), "xml").pairs("train")
    with pytest.raises(BadData, match=r"\.xml, line 2: not XML \(mismatched tag"):
        dart(tmp_path, XML.format(triples="<mtriple>"), "xml").pairs("train")


def test_dart_counts(shared_data):
    task = load_task("dart", shared_data / "dart")
    assert task.splits == ("dev", "test")
    assert [len(task.records(split)) for split in task.splits] == [2768, 5097]
    assert [len(task.pairs(split)) for split in task.splits] == [6980, 12551]
    assert [len(task.examples(split)) for split in task.splits] == [2721, 4159]
