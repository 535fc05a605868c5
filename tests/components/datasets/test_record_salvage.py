"""What is still read of a damaged TFRecord file: every record but the damaged ones, byte for byte.

Offsets are counted by hand: a record takes 12 bytes of head, its data, and 4 bytes of checksum.
"""

import dataclasses
import gzip
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.datasets import record_salvage
from components.datasets.record_salvage import Damage, Record, record_at, salvage

LENGTHS = (300, 0, 70_000, 1, 300)
RECORDS = [np.random.default_rng(length).bytes(length) for length in LENGTHS]
OFFSETS = [0, 316, 332, 70_348, 70_365, 70_681]
"""Of each record, and the file's end."""


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "shard"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in RECORDS:
            writer.write(record)
    assert path.stat().st_size == OFFSETS[-1]
    return path


def whole(*places: int, numbers=None) -> list[Record]:
    numbers = numbers or [place + 1 for place in places]
    return [
        Record(number, OFFSETS[place], RECORDS[place]) for place, number in zip(places, numbers, strict=True)
    ]


def flip(path: Path, *offsets: int) -> None:
    content = bytearray(path.read_bytes())
    for offset in offsets:
        content[offset] ^= 4
    path.write_bytes(content)


HEAD_DAMAGED = "its length or the length's checksum is damaged"
DATA_DAMAGED = "its data or their checksum is damaged"


def test_a_whole_file(path):
    assert list(salvage(str(path))) == whole(0, 1, 2, 3, 4)


@pytest.mark.parametrize("place", [12, 311, 312, 315])
def test_damaged_data_are_passed_over(path, place):
    flip(path, place)
    assert list(salvage(str(path))) == [Damage(1, 0, DATA_DAMAGED, 316), *whole(1, 2, 3, 4)]


def test_damaged_data_at_the_end(path):
    flip(path, OFFSETS[-1] - 1)
    assert list(salvage(str(path))) == [*whole(0, 1, 2, 3), Damage(5, OFFSETS[4], DATA_DAMAGED, 316)]


@pytest.mark.parametrize("place", range(12))
def test_behind_a_damaged_head_the_next_one_is_found(path, place):
    flip(path, OFFSETS[2] + place)
    damage = Damage(3, OFFSETS[2], HEAD_DAMAGED, 70_016)
    assert list(salvage(str(path))) == [*whole(0, 1), damage, *whole(3, 4)]


def test_heads_of_short_and_of_long_records_are_found(path):
    """Of a length of 70,000, five zeros are the upper bytes, of one of 300, six."""
    flip(path, OFFSETS[1])
    assert list(salvage(str(path))) == [*whole(0), Damage(2, OFFSETS[1], HEAD_DAMAGED, 16), *whole(2, 3, 4)]


def test_a_damaged_first_head(path):
    flip(path, 3)
    first, *others = salvage(str(path))
    assert (first.number, first.offset, first.unread) == (1, 0, 316)
    assert first.what.startswith("is no TFRecord, or its head is damaged: the file begins with ")
    assert others == whole(1, 2, 3, 4)


def test_two_damaged_heads_beside_one_another_are_one_damage(path):
    """Nothing tells that there were two records; those behind count on from it."""
    flip(path, OFFSETS[1], OFFSETS[2] + 9)
    assert list(salvage(str(path))) == [
        *whole(0),
        Damage(2, OFFSETS[1], HEAD_DAMAGED, 16 + 70_016),
        *whole(3, 4, numbers=[3, 4]),
    ]


def test_a_damaged_last_head(path):
    flip(path, OFFSETS[4])
    assert list(salvage(str(path))) == [*whole(0, 1, 2, 3), Damage(5, OFFSETS[4], HEAD_DAMAGED, 316)]


@pytest.mark.parametrize(("bytes_", "ends"), [(100, "100 of its 316 bytes"), (5, "5 bytes of its head")])
def test_a_cut_file(path, bytes_, ends):
    os.truncate(path, OFFSETS[4] + bytes_)
    damage = Damage(5, OFFSETS[4], f"is cut short: the file ends after {ends}", bytes_)
    assert list(salvage(str(path))) == [*whole(0, 1, 2, 3), damage]


def test_data_that_lost_bytes(path):
    """A disk block that is missing: the record's head leads into the middle of another one."""
    content = path.read_bytes()
    middle = OFFSETS[2] + 20_000
    path.write_bytes(content[:middle] + content[middle + 100 :])
    found = list(salvage(str(path)))
    assert found[:3] == [*whole(0, 1), Damage(3, OFFSETS[2], DATA_DAMAGED, 70_016 - 100)]
    assert [(one.number, one.offset + 100, one.data) for one in found[3:]] == [
        (number, OFFSETS[number - 1], RECORDS[number - 1]) for number in (4, 5)
    ]


def test_damage_across_the_end_of_a_record(path):
    """A bad block: two records are lost, and those behind keep their numbers."""
    flip(path, OFFSETS[3] - 5, OFFSETS[3] + 3)
    assert list(salvage(str(path))) == [
        *whole(0, 1),
        Damage(3, OFFSETS[2], DATA_DAMAGED, 70_016),
        Damage(4, OFFSETS[3], HEAD_DAMAGED, 17),
        *whole(4),
    ]


@pytest.mark.parametrize("block", [12, 13, 316, 4096, 70_017])
def test_a_head_is_found_wherever_a_block_ends(path, monkeypatch, block):
    flip(path, OFFSETS[2])
    monkeypatch.setattr(record_salvage, "AT_ONCE", block)
    assert list(salvage(str(path)))[3:] == whole(3, 4)


def test_zeros_hold_no_head(path):
    content = path.read_bytes()
    path.write_bytes(content[: OFFSETS[1]] + bytes(5000) + content[OFFSETS[1] :])
    first, damage, *others = salvage(str(path))
    assert (first, damage) == (*whole(0), Damage(2, 316, HEAD_DAMAGED, 5000))
    assert [one.data for one in others] == RECORDS[1:]


def test_no_tfrecord(path):
    size = path.write_bytes(b"version https://git-lfs")
    (damage,) = salvage(str(path))
    assert (damage.number, damage.offset, damage.unread) == (1, 0, size)


def test_a_gzipped_file(path):
    content = path.read_bytes()
    path.write_bytes(gzip.compress(content))
    assert list(salvage(str(path))) == whole(0, 1, 2, 3, 4)


def test_damage_in_what_a_gzipped_file_holds(path):
    flip(path, OFFSETS[1], OFFSETS[2] + 500)
    os.truncate(path, OFFSETS[4] + 100)
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert list(salvage(str(path))) == [
        *whole(0),
        Damage(2, OFFSETS[1], HEAD_DAMAGED, 16),
        Damage(3, OFFSETS[2], DATA_DAMAGED, 70_016),
        *whole(3),
        Damage(5, OFFSETS[4], "is cut short: the file ends after 100 of its 316 bytes", 100),
    ]


def test_a_gzipped_file_that_was_cut(path):
    content = gzip.compress(path.read_bytes(), compresslevel=0)
    path.write_bytes(content[:60_000])
    *found, damage = salvage(str(path))
    assert found == whole(0, 1)
    assert (damage.number, damage.offset, damage.unread) == (3, OFFSETS[2], 0)
    assert damage.what.startswith("is gzipped, and cut short or damaged (")


def test_a_compressed_file_is_not_searched(path):
    size = path.write_bytes(zlib.compress(path.read_bytes(), level=0))
    assert list(salvage(str(path))) == [Damage(1, 0, "is zlib-compressed", size)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_one_record_by_its_place(path, pack):
    path.write_bytes(pack(path.read_bytes()))
    assert [record_at(str(path), offset) for offset in OFFSETS] == [
        *(dataclasses.replace(one, number=0) for one in whole(0, 1, 2, 3, 4)),
        None,
    ]


def test_a_file_that_is_not_there(tmp_path):
    (damage,) = salvage(str(tmp_path / "gone"))
    assert damage == Damage(1, 0, "cannot be read (No such file or directory)", 0)


def test_another_file_system(path):
    """file:// stands for gs://."""
    flip(path, OFFSETS[2])
    assert list(salvage(f"file://{path}")) == list(salvage(str(path)))
