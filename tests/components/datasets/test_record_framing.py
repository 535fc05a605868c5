"""Damaged TFRecord files: the file, the record, its offset and what is wrong, at every door that reads data.

Offsets are counted by hand: a record takes 12 bytes of head, its data, and 4 bytes of checksum.
"""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from components.datasets.record_framing import check_heads, check_records, compression_of, unpack, walk
from components.evaluation.model_evaluation import find_examples
from models.errors import InputError
from pipeline.running.preflight import check_data

DATA = 300  # bytes of each record
RECORD = 12 + DATA + 4
COUNT = 5


def _example() -> bytes:
    """A tf.Example of the schema, of DATA bytes."""
    example = tf.train.Example()
    feature = example.features.feature
    feature["image/class/label"].int64_list.value.append(1)
    feature["image/filename"].bytes_list.value.append(b"a.jpg")
    feature["image/encoded"].bytes_list.value.append(bytes(DATA - 87))
    assert example.ByteSize() == DATA
    return example.SerializeToString()


def _write(path: Path) -> Path:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(COUNT):
            writer.write(_example())
    assert path.stat().st_size == COUNT * RECORD
    return path


@pytest.fixture
def data(tmp_path) -> Path:
    """Two whole shards a split."""
    for split in ("train", "validation"):
        for number in range(2):
            _write(tmp_path / f"{split}-0000{number}-of-00002")
    return tmp_path


def _flip(offset: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:offset] + bytes([content[offset] ^ 4]) + content[offset + 1 :]


def _cut(length: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:length]


THIRD = 2 * RECORD
SEEN_BY_HEADS = {
    "length": (_flip(THIRD), 3, THIRD, "its length or the length's checksum is damaged"),
    "length checksum": (_flip(THIRD + 8), 3, THIRD, "its length or the length's checksum is damaged"),
    "cut in the data": (
        _cut(THIRD + 112),
        3,
        THIRD,
        f"is cut short: the file ends after 112 of its {RECORD} bytes",
    ),
    "cut in the checksum": (
        _cut(2 * RECORD - 1),
        2,
        RECORD,
        f"ends after {RECORD - 1} of its {RECORD} bytes",
    ),
    "cut in the head": (
        _cut(4 * RECORD + 5),
        5,
        4 * RECORD,
        "is cut short: the file ends after 5 bytes of its head",
    ),
    "cut in the first head": (_cut(11), 1, 0, "is no TFRecord, or its head is damaged"),
    "cut in the first record": (
        _cut(100),
        1,
        0,
        f"is cut short: the file ends after 100 of its {RECORD} bytes",
    ),
    "first length": (_flip(1), 1, 0, "is no TFRecord, or its head is damaged"),
    "first data": (_flip(50), 1, 0, "its data or their checksum is damaged"),
    "first data checksum": (_flip(RECORD - 1), 1, 0, "its data or their checksum is damaged"),
    "text": (lambda _: b"version https://git-lfs", 1, 0, "the file begins with b'version http'"),
    "gzip, cut": (lambda data: gzip.compress(data)[:60], 1, 0, "is gzipped, and cut short or damaged"),
    "gzip of text": (lambda _: gzip.compress(b"a text"), 1, 0, "is no TFRecord, or its head is damaged"),
    "zlib": (zlib.compress, 1, 0, "is zlib-compressed"),
}
SEEN_BY_CHECKSUMS = {
    "data": (_flip(THIRD + 12 + 50), 3, THIRD, "its data or their checksum is damaged"),
    "in gzip": (
        lambda data: gzip.compress(_flip(THIRD + 12 + 50)(data)),
        3,
        THIRD,
        "its data or their checksum is damaged",
    ),
    "last byte": (_flip(COUNT * RECORD - 1), 5, 4 * RECORD, "its data or their checksum is damaged"),
}
ALL = SEEN_BY_HEADS | SEEN_BY_CHECKSUMS


def _damage(path: Path, how: Callable[[bytes], bytes]) -> None:
    path.write_bytes(how(path.read_bytes()))


def _expect(call: Callable[[], None], path: Path, record: int, offset: int, what: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(f"data file {path}: record {record}, at byte {offset}: ")
    assert what in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))


@pytest.mark.parametrize("kind", ALL)
def test_reading_everything_sees_all(data, kind):
    how, *expected = ALL[kind]
    files = sorted(map(str, data.glob("train-*")))
    check_records(files)
    _damage(Path(files[1]), how)
    _expect(lambda: check_records(files), files[1], *expected)


@pytest.mark.parametrize("split", ["train", "validation"])
@pytest.mark.parametrize("kind", SEEN_BY_HEADS)
def test_before_a_run(data, kind, split):
    how, *expected = SEEN_BY_HEADS[kind]
    check_data(data)
    path = data / f"{split}-00001-of-00002"
    _damage(path, how)
    _expect(lambda: check_data(data), path, *expected)


@pytest.mark.parametrize("kind", ALL)
def test_evaluation(data, kind):
    how, *expected = ALL[kind]
    assert find_examples(str(data)).labels.images == 2 * COUNT
    path = data / "validation-00001-of-00002"
    _damage(path, how)
    _expect(lambda: find_examples(str(data)), path, *expected)


def test_evaluation_on_another_file_system(data):
    """file:// stands for gs://."""
    path = data / "validation-00001-of-00002"
    _damage(path, _flip(THIRD + 12 + 50))
    folder = f"file://{data}"
    _expect(lambda: find_examples(folder), f"{folder}/{path.name}", 3, THIRD, "its data or their checksum")


@pytest.mark.parametrize(("shard", "number"), [(0, 0), (1, 0), (1, 2)])
@pytest.mark.parametrize("record", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0 a JPEG"])
def test_evaluation_of_whole_records_that_are_no_examples(data, shard, number, record):
    path = data / f"validation-0000{shard}-of-00002"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for each in range(4):
            writer.write(record if each == number else _example())
    with pytest.raises(InputError) as caught:
        find_examples(str(data))
    assert str(caught.value).startswith(f"data file {path}: record {number + 1} is no tf.Example")
    assert "\n" not in str(caught.value)


def test_heads_alone_are_read_after_the_first_record(data):
    """The data are not: damage there is found when they are used."""
    path = data / "train-00000-of-00002"
    _damage(path, _flip(THIRD + 12 + 50))
    check_heads([str(path)])


@pytest.mark.parametrize(("most", "seen"), [(COUNT + 2, False), (COUNT + 3, True)])
def test_the_number_of_heads_is_bounded(data, most, seen):
    """Five of the first file, then two or three of the second."""
    files = sorted(map(str, data.glob("train-*")))
    _damage(Path(files[1]), _flip(THIRD))
    if seen:
        _expect(lambda: check_heads(files, most), files[1], 3, THIRD, "length")
    else:
        check_heads(files, most)


def test_the_first_record_of_each_file_is_always_read(data):
    files = sorted(map(str, data.glob("train-*")))
    _damage(Path(files[1]), zlib.compress)
    _expect(lambda: check_heads(files, 1), files[1], 1, 0, "zlib")


def test_a_gzipped_file_is_walked_through_as_what_it_holds(data, tmp_path):
    plain, *_ = sorted(map(str, data.glob("train-*")))
    gzipped = tmp_path / "train-00000-of-00001"
    gzipped.write_bytes(gzip.compress(Path(plain).read_bytes()))
    assert list(walk(str(gzipped), checksums=True)) == list(walk(plain))
    assert [compression_of(path) for path in (plain, str(gzipped))] == ["", "GZIP"]
    check_heads([str(gzipped)])
    unpack(str(gzipped), str(tmp_path / "unpacked"))
    assert (tmp_path / "unpacked").read_bytes() == Path(plain).read_bytes()


def test_a_gzipped_file_without_its_end_is_damaged(data):
    """TensorFlow reads all of its records and says nothing."""
    path = min(data.glob("train-*"))
    _damage(path, lambda content: gzip.compress(content)[:-4])
    _expect(lambda: check_records([str(path)]), path, 6, 5 * RECORD, "is gzipped, and cut short or damaged")


def test_a_record_whose_length_begins_as_gzip_does_is_a_record(tmp_path):
    path = str(tmp_path / "file")
    with tf.io.TFRecordWriter(path) as writer:
        writer.write(bytes(0x088B1F))
    assert Path(path).read_bytes().startswith(b"\x1f\x8b\x08")
    assert compression_of(path) == ""
    assert list(walk(path)) == [(0, 0x088B1F)]


def test_an_empty_shard_is_whole(tmp_path):
    (tmp_path / "empty").touch()
    check_records([str(tmp_path / "empty")])


def test_a_long_record_is_read_in_pieces(tmp_path):
    path = tmp_path / "long"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(bytes(9 << 20))
    check_records([str(path)])
    _damage(path, _flip(8 << 20))
    _expect(lambda: check_records([str(path)]), path, 1, 0, "its data or their checksum is damaged")
