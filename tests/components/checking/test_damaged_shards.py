"""Damage within shards: named with shard, record and offset, and every other record is still looked at."""

import gzip
import json
import shutil
import zlib

import pytest
from helpers.record_sets import check, encoded, figures, noise, offsets, record, write

from components.datasets.layouts import IMAGENET
from models.errors import InputError

pytestmark = pytest.mark.beam

TRAIN = [record(IMAGENET, encoded(noise(seed)), seed % 2, f"{seed}.jpg") for seed in range(6)]
VALIDATION = [record(IMAGENET, encoded(noise(10 + seed)), seed, f"{seed}.jpg") for seed in range(2)]
WHERE = offsets(TRAIN)
SHARD = "train-00000-of-00002"


@pytest.fixture
def folder(tmp_path):
    """The first shard has all but two of the training records."""
    return write(tmp_path / "data", IMAGENET, train=[TRAIN[:4], TRAIN[4:]], validation=[VALIDATION])


def flip(folder, *places: int, shard: str = SHARD) -> None:
    content = bytearray((folder / shard).read_bytes())
    for place in places:
        content[place] ^= 1
    (folder / shard).write_bytes(content)


def manifest(**shards: dict[str, int]) -> str:
    return json.dumps({"splits": {split: {"shards": sizes} for split, sizes in shards.items()}})


def damaged(found: dict) -> list[tuple]:
    return [
        (one["place"]["shard"], one["place"]["record"], one["place"]["offset"], one["what"], one["unread"])
        for one in found["damaged"]
    ]


def test_a_whole_data_set(folder, tmp_path):
    result = check(folder, tmp_path / "out")
    assert result.return_value == 0
    assert "problems    none" in result.stdout
    assert figures(tmp_path / "out")["splits"]["train"]["decoded"] == 6


def test_flipped_bytes_in_data_and_in_a_head(folder, tmp_path):
    flip(folder, WHERE[1] + 40, WHERE[2] + 1)
    result = check(folder, tmp_path / "out")
    found = figures(tmp_path / "out")
    assert result.return_value == 4
    assert damaged(found) == [
        (SHARD, 2, WHERE[1], "its data or their checksum is damaged", WHERE[2] - WHERE[1]),
        (SHARD, 3, WHERE[2], "its length or the length's checksum is damaged", WHERE[3] - WHERE[2]),
    ]
    assert found["splits"]["train"]["decoded"] == 4
    line = f"{SHARD}, record 3, at byte {WHERE[2]}: its length or the length's checksum is damaged; "
    assert line + f"{WHERE[3] - WHERE[2]} bytes not read" in result.stdout


def test_a_cut_file(folder, tmp_path):
    content = (folder / SHARD).read_bytes()
    (folder / SHARD).write_bytes(content[: WHERE[3] + 100])
    check(folder, tmp_path / "out")
    found = figures(tmp_path / "out")
    size = WHERE[4] - WHERE[3]
    what = f"is cut short: the file ends after 100 of its {size} bytes"
    assert damaged(found) == [(SHARD, 4, WHERE[3], what, 100)]
    assert found["splits"]["train"]["decoded"] == 5


def test_a_first_record_that_is_damaged_does_not_hide_the_layout(folder, tmp_path):
    flip(folder, 2)
    check(folder, tmp_path / "out")
    assert figures(tmp_path / "out")["splits"]["train"]["decoded"] == 5


def test_shards_in_other_forms(folder, tmp_path):
    """A gzipped one is read; one that is compressed in another way is damaged."""
    size = (folder / SHARD).write_bytes(zlib.compress((folder / SHARD).read_bytes()))
    other = folder / "train-00001-of-00002"
    other.write_bytes(gzip.compress(other.read_bytes()))
    check(folder, tmp_path / "out")
    found = figures(tmp_path / "out")
    assert damaged(found) == [(SHARD, 1, 0, "is zlib-compressed", size)]
    assert found["splits"]["train"]["decoded"] == 2


def test_shards_unlike_the_manifest_are_told_and_read(folder, tmp_path):
    size = (folder / SHARD).stat().st_size
    (folder / "dataset.json").write_text(manifest(train={SHARD: 7}))
    result = check(folder, tmp_path / "out")
    assert result.return_value == 4
    found = figures(tmp_path / "out")
    assert len(found["manifest"]) == 1
    assert "dataset.json does not list train-00001-of-00002" in found["manifest"][0]
    assert found["splits"]["train"]["decoded"] == 6
    other = folder / "train-00001-of-00002"
    (folder / "dataset.json").write_text(manifest(train={SHARD: 7, other.name: other.stat().st_size}))
    check(folder, tmp_path / "out")
    (line,) = figures(tmp_path / "out")["manifest"]
    assert f"{SHARD} has {size} bytes; expected the 7" in line


def test_nothing_that_can_be_read_is_refused(folder, tmp_path):
    for path in folder.iterdir():
        path.write_bytes(zlib.compress(path.read_bytes()))
    result = check(folder, tmp_path / "out")
    assert isinstance(result.exception, InputError)
    assert "none of its shards holds a record that can be read" in str(result.exception)
    assert "record 1, at byte 0: is zlib-compressed" in str(result.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_an_unknown_layout_is_refused(folder, tmp_path):
    shutil.rmtree(folder)
    other = record(IMAGENET, b"", 0, "").replace(b"image/", b"photo/")
    write(folder, IMAGENET, train=[[other]], validation=[[other]])
    result = check(folder, tmp_path / "out")
    assert isinstance(result.exception, InputError)
    assert "feature keys photo/class/label, photo/encoded, photo/filename" in str(result.exception)
    assert not (tmp_path / "out").exists()
