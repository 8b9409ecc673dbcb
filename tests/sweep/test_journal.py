"""A sweep's journal: what was running when everything stopped waits again, and no other version's file is touched."""

import sqlite3

import pytest

from foreword.errors import RunError
from foreword.sweep import Journal


def test_it_says_what_became_of_each_point(tmp_path):
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.take_up({"a": "waiting", "b": "waiting", "c": "done"})
        journal.began("a")
        journal.ended("a")
        journal.began("b")
        journal.ended("b", "no memory")
        entries = journal.entries()
    assert {name: (e.state, e.error, e.attempts) for name, e in entries.items()} == {
        "a": ("done", "", 1),
        "b": ("failed", "no memory", 1),
        "c": ("done", "", 0),
    }
    assert entries["a"].seconds >= 0


def test_what_ran_when_the_process_was_killed_waits_again(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    journal.take_up({"a": "waiting"})
    journal.began("a")  # and nobody closes it
    with Journal(tmp_path / "journal.sqlite") as later:
        assert later.entries()["a"].state == "running"
        later.take_up({"a": "waiting"})
        assert later.entries()["a"].state == "waiting"
        assert later.entries()["a"].attempts == 1
    journal.close()


def test_a_journal_of_another_version_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    before = path.read_bytes()
    with pytest.raises(
        RunError, match="is of version 7, and this Foreword keeps journals of version 1. Move it away: the runs"
    ):
        Journal(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / "journal.sqlite").write_text("a text, and a long one, that is no data base at all" * 30)
    with pytest.raises(RunError, match="cannot be used as a sweep's journal"):
        Journal(tmp_path / "journal.sqlite")


def test_a_journal_that_is_damaged_behind_its_beginning_is_told_whatever_is_asked_of_it(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.touch()  # as a copy that was broken off leaves it
    with (
        Journal(path, is_writer=False) as empty,
        pytest.raises(RunError, match=r"journal \(no such table: points\)\. Move it"),
    ):
        empty.entries()
    with Journal(path) as journal:
        journal.db.execute("DROP TABLE points")
        for ask in (
            journal.entries,
            lambda: journal.began("a"),
            lambda: journal.ended("a"),
            lambda: journal.take_up({"a": "done"}),
        ):
            with pytest.raises(RunError, match="cannot be used as a sweep's journal"):
                ask()


def test_who_only_reads_it_writes_nothing(tmp_path):
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.take_up({"a": "waiting"})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with Journal(tmp_path / "journal.sqlite", is_writer=False) as journal:
        assert journal.entries()["a"].state == "waiting"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_who_reads_it_sees_what_a_sweep_at_work_has_written(tmp_path):
    with Journal(tmp_path / "journal.sqlite") as at_work:
        at_work.take_up({"a": "waiting"})
        with Journal(tmp_path / "journal.sqlite", is_writer=False) as journal:
            assert journal.entries()["a"].state == "waiting"
            at_work.ended("a", "no memory")
            assert journal.entries()["a"].error == "no memory"
