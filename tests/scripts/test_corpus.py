"""The invented tables: deterministic, grammatical on the surface, faithful to their values, varied."""

import re
from itertools import islice
from random import Random

import pytest
from scripts.build_corpus import CHUNK_CHARS, chunks
from scripts.corpus.domains import DOMAINS
from scripts.corpus.pen import finish
from scripts.corpus.renaming import renamed
from scripts.corpus.tables import Sample, examples, sample
from scripts.field_names import counted

FORBIDDEN = re.compile(
    r"\b(restaurants?|pubs?|cuisines?|coffee|eater(y|ies)|bistros?|dish(es)?|foods?|meals?|menus?|dining|caf[eé]s?)\b",
    re.IGNORECASE,
)
E2E_VALUES = re.compile(
    r": (cheap|moderate|high|less than £20|£20-25|more than £30|[135] out of 5|low rating|average|riverside|city centre)(?= \||$)"
    r"|family ?friendly|customer ?rating : (low|high)",
    re.IGNORECASE,
)
DOUBLED = re.compile(r"\b(\w+) \1\b", re.IGNORECASE)
WRONG_A = re.compile(r"\ba (?=[aeiou])(?!one\b|once\b|uni|use|usu|eu|ewe|uk)", re.IGNORECASE)
WRONG_AN = re.compile(r"\ban (?=[bcdfghjklmnpqrstvwxyz])(?!hour|honest|heir)", re.IGNORECASE)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    rng = Random(11)
    return [sample(rng) for _ in range(5000)]


def without_names(made: Sample) -> str:
    """The text with the table's values cut out, so that an invented name is not taken for English."""
    text = made.text
    for value in sorted(made.repeated, key=len, reverse=True):
        text = text.replace(value, "_")
    return text


def test_the_same_seed_gives_the_same_examples():
    assert list(islice(examples(5), 300)) == list(islice(examples(5), 300))


def test_different_seeds_give_different_examples():
    assert list(islice(examples(5), 50)) != list(islice(examples(6), 50))


def test_there_are_more_than_fifty_domains():
    assert len(DOMAINS) > 50


def test_sources_and_texts_are_never_empty_and_stand_on_one_line(samples):
    for made in samples:
        assert made.source.strip()
        assert made.text.strip()
        assert "\n" not in made.source + made.text


def test_values_stand_in_the_text_word_for_word(samples):
    checked = [s for s in samples if s.sort != "skill"]
    faithful = sum(all(v.lower() in s.text.lower() for v in s.repeated) for s in checked)
    assert faithful / len(checked) >= 0.97


def test_described_values_stand_in_the_source(samples):
    for made in samples:
        if made.sort == "table":
            assert made.repeated[0] in made.source


def test_no_placeholder_is_left_open(samples):
    for made in samples:
        assert not re.search(r"[{}@]", made.source + made.text), made


def test_punctuation_is_tidy(samples):
    for made in samples:
        assert "  " not in made.text, made
        assert not re.search(r" [,.?!]|,[,.]|\.\.", made.text), made


def test_no_word_is_doubled(samples):
    bad = [s.text for s in samples if s.sort != "skill" and DOUBLED.search(without_names(s).replace("_", ""))]
    assert not bad, bad[:5]


def test_articles_agree_with_what_follows(samples):
    bad = [
        s.text
        for s in samples
        if s.sort != "skill" and (WRONG_A.search(without_names(s)) or WRONG_AN.search(without_names(s)))
    ]
    assert len(bad) < 5, bad[:5]


def test_texts_begin_with_a_capital_a_digit_or_a_name(samples):
    for made in samples:
        if made.sort != "skill":
            assert not made.text[0].islower(), made


def test_restaurants_and_food_never_occur(samples):
    for made in samples:
        assert not FORBIDDEN.search(made.source + " " + made.text), made


def test_sentence_skeletons_are_many(samples):
    skeletons = {re.sub(r"\d+", "0", without_names(s)) for s in samples}
    assert len(skeletons) > 1500


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("@ old mill", "An old mill"),
        ("it is @ museum", "it is a museum"),
        ("in @ university", "in a university"),
        ("it has @ 8-day week", "it has an 8-day week"),
        ("X, , is here", "X, is here"),
    ],
)
def test_finish_chooses_articles_and_tidies(raw, tidy):
    assert finish(raw) == tidy


def test_no_value_of_e2e_occurs_in_a_table(samples):
    found = [made.source for made in samples if E2E_VALUES.search(made.source)]
    assert not found, found[:3]


def test_renaming_exchanges_a_name_in_source_and_text_alike():
    source, text = "name : Ash Mill | kind : inn | near : Ash Milltown", "Ash Mill is an inn near Ash Milltown."
    made = {renamed(Random(seed), source, text, ["Ash Mill", "inn"], ["ember", "stone"]) for seed in range(40)}
    assert len(made) > 3
    for new_source, new_text in made:
        name = new_source.removeprefix("name : ").split(" |")[0]
        assert new_text == f"{name} is an inn near Ash Milltown."
        assert new_source == f"name : {name} | kind : inn | near : Ash Milltown"


def test_renaming_keeps_a_and_an_right():
    for seed in range(40):
        _, text = renamed(Random(seed), "name : Oak", "An Oak", ["Oak"], ["ember", "stone", "iron"])
        assert text.split()[1][0] in "OEI"


def test_renaming_leaves_a_name_alone_that_the_source_also_writes_with_underscores():
    source = "Ash_Mill : near : Ash Mill"
    assert all(renamed(Random(s), source, "Ash Mill", ["Ash Mill"], ["x"]) == (source, "Ash Mill") for s in range(30))


def test_a_novel_without_paragraphs_is_cut_at_its_sentences():
    """The bug: it stayed one document of 300,000 tokens, twenty steps of pretraining on nothing else."""
    sentence = "It was a cold morning, and nobody came. "
    made = list(chunks(["A title", (sentence * 200).strip(), "The end."]))
    assert all(len(chunk) < 2 * CHUNK_CHARS for chunk in made)
    assert len(made) >= 6
    assert " ".join(made).replace("\n", " ") == f"A title {(sentence * 200).strip()} The end."


def test_field_names_are_counted_whatever_their_spelling():
    sources = [
        "name : X | priceRange : low",
        "Price : 3; near: Y",
        "| X : price_range : low | X : area : west",
        "name : low price",
    ]
    shares = dict(counted(sources, ["price range/price", "near", "food"]))
    assert shares == {
        "price range/price": 0.75,
        "near": 0.25,
        "food": 0,
        "1 of them or more": 0.75,
        "2 of them or more": 0.25,
    }
