"""Bad data folders: each mistake is one line that names it, says what was expected and what to do."""

import json
from pathlib import Path

import pytest
import tensorflow as tf

from models.errors import InputError
from pipeline.running.preflight import check_classes, check_data

KEYS = ("image/encoded", "image/class/label", "image/filename")
TFDS_KEYS = ("image", "label", "file_name")
TRAIN, VALIDATION = "train-00000-of-00001", "validation-00000-of-00001"


def _example(keys=KEYS) -> bytes:
    example = tf.train.Example()
    for key in keys:
        example.features.feature[key].bytes_list.value.append(b"value of " + key.encode())
    return example.SerializeToString()


def _write(path: Path, *records: bytes, compression: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    return path


def _message(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        check_data(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A good data folder."""
    _write(tmp_path / "data" / TRAIN, _example(), _example())
    _write(tmp_path / "data" / VALIDATION, _example())
    return tmp_path / "data"


def test_good_folders_pass(data, tmp_path):
    check_data(data)
    tfds = tmp_path / "tfds"
    _write(tfds / "imagenet2012-train.tfrecord-00000-of-00001", _example(TFDS_KEYS))
    _write(tfds / "imagenet2012-validation.tfrecord-00000-of-00001", _example(TFDS_KEYS))
    check_data(tfds)


def test_other_files_beside_the_shards_do_not_matter(data):
    (data / "manifest.json").write_text("{}")
    (data / "train-00000-of-00001.part").write_text("half a file")
    check_data(data)


def test_a_missing_folder(tmp_path):
    message = _message(tmp_path / "nowhere")
    assert message.startswith(f"data folder {tmp_path / 'nowhere'}: is no folder")
    assert "vgg data sample" in message
    assert "VGG_DATA" in message


def test_a_file_in_the_folders_place(tmp_path):
    (tmp_path / "data").write_text("no folder")
    message = _message(tmp_path / "data")
    assert message.startswith(f"data folder {tmp_path / 'data'}: ")
    assert "VGG_DATA" in message


def test_an_empty_folder(tmp_path):
    message = _message(tmp_path)
    assert message.startswith(f"data folder {tmp_path}: no training shards")
    assert "*train*-?????-of-?????" in message
    assert "VGG_DATA" in message


@pytest.mark.parametrize(
    ("missing", "split", "pattern"),
    [
        (TRAIN, "training", "*train*-?????-of-?????"),
        (VALIDATION, "validation", "*validation*-?????-of-?????"),
    ],
)
def test_one_split_is_missing(data, missing, split, pattern):
    (data / missing).unlink()
    message = _message(data)
    assert message.startswith(f"data folder {data}: no {split} shards named {pattern}")
    assert "vgg data folders" in message


@pytest.mark.parametrize(("missing", "split"), [(TRAIN, "training"), (VALIDATION, "validation")])
def test_a_shard_is_missing(data, missing, split):
    (data / missing).rename(data / missing.replace("-of-00001", "-of-00004"))
    message = _message(data)
    assert f"3 of the 4 {split} shards are missing: " in message


def _text(path: Path) -> None:
    path.write_text("These are no TFRecords.\n" * 10)


def test_one_bad_shard_among_good_ones_is_named(data):
    (data / TRAIN).rename(data / "train-00000-of-00002")
    bad = data / "train-00001-of-00002"
    _text(bad)
    assert str(bad) in _message(data)


@pytest.mark.parametrize("name", [TRAIN, VALIDATION])
def test_a_split_without_records(data, name):
    (data / name).write_bytes(b"")
    message = _message(data)
    assert message.startswith(f"data folder {data}: feature keys none")
    assert "none" in message
    assert "expected image/encoded" in message


@pytest.mark.parametrize("record", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0 a JPEG"])
def test_records_that_are_no_examples(data, record):
    bad = _write(data / TRAIN, record)
    message = _message(data)
    assert message.startswith(f"data file {bad}: record 1 is no tf.Example")


def test_a_folder_named_like_a_shard(data):
    (data / TRAIN).rename(data / "train-00000-of-00002")
    (data / "train-00001-of-00002").mkdir()
    assert _message(data).startswith(f"data file {data / 'train-00001-of-00002'}: cannot be read")


@pytest.mark.parametrize("name", [TRAIN, VALIDATION])
def test_examples_of_unknown_keys(data, name):
    _write(data / name, _example(["pixels", "class"]))
    message = _message(data)
    assert message.startswith(f"data folder {data}: feature keys class, pixels; expected image/encoded")
    assert "image, label, file_name" in message
    assert "write the TFRecords with" in message


def _with_classes(folder: Path, *names: str) -> Path:
    (folder / "dataset.json").write_text(json.dumps({"class_names": names}))
    return folder


def test_another_number_of_classes_says_how_to_set_it(data):
    with pytest.raises(InputError) as error:
        check_classes(_with_classes(data, "ant", "bee", "cow"), "flowers", 5)
    assert str(error.value) == (
        f"data folder {data}: 3 classes; experiment flowers is for 5; run it with net.classes=3: "
        "`vgg run --set net.classes=3`, or VGG_SET=net.classes=3"
    )


def test_as_many_classes_or_an_unknown_number_pass(data):
    check_classes(data, "flowers", 5)  # there is no dataset.json
    check_classes(_with_classes(data, "ant", "bee"), "two", 2)
    (data / "dataset.json").write_text("another program's")
    check_classes(data, "flowers", 5)
