"""Generations of a data set by the names of their folders."""

import pytest
from tfx.components.example_gen import utils
from tfx.proto import example_gen_pb2

from components.datasets.layouts import TRAIN_SHARDS, VALIDATION_SHARDS
from components.datasets.spans import Generation, generation_of, generations_in, marks
from models.errors import InputError


def _shards(folder, content: bytes = b"x") -> None:
    folder.mkdir(parents=True)
    for name in ("train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001"):
        (folder / name).write_bytes(content)


def test_the_newest_comes_first_by_number_and_what_is_called_otherwise_is_not_looked_at(tmp_path):
    for name in ("span-2", "span-10", "span-3/version-2", "span-3/version-11", ".span-12", "span-x", "old"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "span-13").write_text("a file")
    found = [(each.span, each.version) for each in generations_in(str(tmp_path))]
    assert found == [(13, None), (10, None), (3, 11), (3, 2), (2, None)]
    assert generations_in(str(tmp_path))[2].folder == str(tmp_path / "span-3" / "version-11")


def test_tfx_finds_the_same_newest_one(tmp_path):
    for span, version in ((1, 7), (3, 1), (3, 2)):
        _shards(tmp_path / f"span-{span}" / f"version-{version}")
    pattern = "span-{SPAN}/version-{VERSION}/"
    splits = [
        example_gen_pb2.Input.Split(name="train", pattern=pattern + TRAIN_SHARDS),
        example_gen_pb2.Input.Split(name="eval", pattern=pattern + VALIDATION_SHARDS),
    ]
    _, span, version = utils.calculate_splits_fingerprint_span_and_version(str(tmp_path), splits)
    newest = generations_in(str(tmp_path))[0]
    assert (newest.span, newest.version) == (span, version) == (3, 2)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/data/span-007", (7, None)),
        ("/data/span-7/version-02/", (7, 2)),
        ("gs://bucket/span-3", (3, None)),
        ("/data/version-2", None),
        ("/data/span-1/more", None),
        ("/", None),
    ],
)
def test_a_folder_says_its_generation(folder, expected):
    found = generation_of(folder)
    assert (found and (found.span, found.version)) == expected


def test_a_span_under_two_names_is_refused(tmp_path):
    (tmp_path / "span-1").mkdir()
    (tmp_path / "span-01").mkdir()
    with pytest.raises(InputError, match="span 1 is there twice"):
        generations_in(str(tmp_path))
    with pytest.raises(InputError, match="is no folder; expected one of span-1"):
        generations_in(str(tmp_path / "none"))


def test_marks_change_with_a_shard_and_need_all_of_them(tmp_path):
    _shards(tmp_path / "span-1")
    generation = Generation(1, None, str(tmp_path / "span-1"))
    before = marks(generation)
    assert [name for name, *_ in before] == [
        "train-00000-of-00002",
        "train-00001-of-00002",
        "validation-00000-of-00001",
    ]
    assert marks(generation) == before
    (tmp_path / "span-1" / "train-00001-of-00002").write_bytes(b"yy")
    assert marks(generation) != before
    (tmp_path / "span-1" / "train-00001-of-00002").unlink()
    with pytest.raises(InputError, match="1 of the 2 training shards is missing"):
        marks(generation)
