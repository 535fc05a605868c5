"""Which generation is taken: whole, newer than what was decided, once."""

import json

import pytest
from helpers.record_sets import encoded, noise, record, write

from components.datasets.layouts import IMAGENET
from models.errors import InputError
from pipeline.continuous.look import look
from pipeline.continuous.record import DECIDED, FAILED, PUSHED, Record

SHARD = [record(IMAGENET, encoded(noise(1)), 0, "a.jpg", "one")]


def _generation(data, name: str) -> None:
    write(data / name, IMAGENET, train=[SHARD, SHARD], validation=[SHARD])


def _decided(
    span: int, decision: str = PUSHED, marks: list | None = None, version: int | None = None
) -> Record:
    return Record(DECIDED, "demo", span, version, f"/data/span-{span}", marks or [], decision=decision)


def _taken(data, *records: Record, **options) -> str | None:
    found = look(data, "demo", list(records), **options)
    return found.generation and found.generation.name


def test_a_new_span_or_version_is_taken_and_nothing_twice(tmp_path):
    _generation(tmp_path, "span-1")
    assert _taken(tmp_path) == "span 1"
    assert _taken(tmp_path, _decided(1)) is None
    assert _taken(tmp_path, _decided(1), again=True) == "span 1"
    _generation(tmp_path, "span-2/version-1")
    assert _taken(tmp_path, _decided(1)) == "span 2 version 1"
    _generation(tmp_path, "span-2/version-2")
    assert _taken(tmp_path, _decided(1), _decided(2, version=1)) == "span 2 version 2"


def test_those_between_are_passed_over_and_named_and_older_ones_are_not_looked_at(tmp_path):
    for span in (1, 2, 3):
        _generation(tmp_path, f"span-{span}")
    found = look(tmp_path, "demo", [_decided(1)])
    assert (found.generation.name, found.notes) == ("span 3", ["passed over, as span 3 is newer: span 2"])
    assert _taken(tmp_path, _decided(1), _decided(3)) is None


def test_another_experiments_decisions_do_not_count(tmp_path):
    _generation(tmp_path, "span-1")
    assert look(tmp_path, "other", [_decided(1)]).generation.name == "span 1"


def test_a_half_copied_one_waits_and_the_whole_one_before_it_is_taken(tmp_path):
    _generation(tmp_path, "span-1")
    _generation(tmp_path, "span-2")
    last = tmp_path / "span-2" / "train-00001-of-00002"
    whole = last.read_bytes()
    last.unlink()
    found = look(tmp_path, "demo", [])
    assert found.generation.name == "span 1"
    assert "span 2 is not taken: " in found.notes[0]
    assert "train-00001-of-00002" in found.notes[0]
    last.write_bytes(whole[:-9])
    found = look(tmp_path, "demo", [_decided(1)])
    assert found.generation is None
    assert "train-00001-of-00002" in found.notes[0]
    last.write_bytes(whole)
    assert _taken(tmp_path, _decided(1)) == "span 2"


def test_a_shard_that_dataset_json_says_is_longer_is_half_copied(tmp_path):
    """Cut between two records, the shard itself looks whole."""
    write(tmp_path / "span-1", IMAGENET, train=[SHARD * 2], validation=[SHARD])
    shard = tmp_path / "span-1" / "train-00000-of-00001"
    names = {shard.name: shard.stat().st_size}
    (tmp_path / "span-1" / "dataset.json").write_text(json.dumps({"splits": {"train": {"shards": names}}}))
    assert _taken(tmp_path) == "span 1"
    shard.write_bytes(shard.read_bytes()[: names[shard.name] // 2])
    found = look(tmp_path, "demo", [])
    assert found.generation is None
    assert f"expected the {names[shard.name]} that dataset.json lists" in found.notes[0]


def test_one_that_failed_is_taken_again_when_its_files_have_changed(tmp_path):
    _generation(tmp_path, "span-1")
    failed = _decided(1, FAILED, look(tmp_path, "demo", []).marks)
    found = look(tmp_path, "demo", [failed])
    assert found.generation is None
    assert "--again" in found.notes[0]
    (tmp_path / "span-1" / "validation-00000-of-00001").unlink()
    write(tmp_path / "new", IMAGENET, validation=[SHARD * 2])
    (tmp_path / "new" / "validation-00000-of-00001").rename(tmp_path / "span-1" / "validation-00000-of-00001")
    assert _taken(tmp_path, failed) == "span 1"


def test_a_folder_without_generations_is_refused(tmp_path):
    _generation(tmp_path, "data")
    with pytest.raises(InputError, match="no generation in it; expected span-1/"):
        look(tmp_path / "data", "demo", [])
