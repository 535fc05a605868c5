"""HOME/generations.jsonl: written whole, read back, also behind a kill."""

import dataclasses

import pytest

from models.errors import InputError
from pipeline.continuous.record import BEGUN, DECIDED, PUSHED, REFUSED, Record, Records, decided, unfinished

BEGINS = Record(BEGUN, "demo", 3, None, "/data/span-3", [["train-00000-of-00001", 5, 1]], start="/model")
ENDS = dataclasses.replace(BEGINS, event=DECIDED, decision=PUSHED, candidate={"top1_error": [0.1, 0.0, 0.2]})


def test_what_is_written_is_read(tmp_path):
    records = Records(tmp_path / "home")
    assert records.read() == []
    written = [records.add(BEGINS), records.add(ENDS)]
    assert records.read() == written
    assert all(each.time.endswith("+00:00") for each in written)


def test_a_line_that_a_kill_cut_short_does_not_count_and_does_not_stay(tmp_path):
    records = Records(tmp_path)
    records.add(BEGINS)
    whole = records.path.read_bytes()
    records.path.write_bytes(whole + whole[:40])
    assert len(records.read()) == 1
    records.add(ENDS)
    assert [each.event for each in records.read()] == [BEGUN, DECIDED]


def test_a_damaged_line_is_named(tmp_path):
    records = Records(tmp_path)
    records.path.write_text('{"event": "decided"}\n')
    with pytest.raises(InputError, match=r"generations\.jsonl: line 1 is no record"):
        records.read()


def test_a_run_without_a_decision_is_unfinished_and_goes_on_from_what_it_began_from():
    assert unfinished([], "demo", (3, -1)) is None
    assert unfinished([BEGINS], "demo", (3, -1)) == BEGINS
    assert unfinished([BEGINS], "other", (3, -1)) is None
    assert unfinished([BEGINS], "demo", (3, 1)) is None
    assert unfinished([BEGINS, ENDS], "demo", (3, -1)) is None
    assert unfinished([BEGINS, ENDS, BEGINS], "demo", (3, -1)) == BEGINS


def test_of_a_generation_that_was_taken_again_the_last_decision_counts():
    later = dataclasses.replace(ENDS, decision=REFUSED)
    other = dataclasses.replace(ENDS, span=4)
    assert decided([BEGINS, ENDS, other, later]) == [other, later]
