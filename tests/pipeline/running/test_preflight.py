"""Bad data folders: each mistake is one line that names it, says what was expected and what to do."""

import json
from pathlib import Path

import pytest
import tensorflow as tf

from components.datasets.shards import listed_classes
from models.errors import InputError
from pipeline.running.preflight import check_classes, check_data
from pipeline.running.run import run

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


def test_another_number_of_classes_than_the_experiment_fixes_says_what_to_do(data):
    with pytest.raises(InputError) as error:
        check_classes(data, "mine", 5, 3)
    assert str(error.value) == (
        f"data folder {data}: 3 classes; experiment mine fixes net.classes = 5; leave net.classes out of the "
        "experiment's file and of VGG_SET: the net has as many as the data"
    )


@pytest.mark.parametrize("there", [5, None])
def test_as_many_classes_or_an_unknown_number_pass(data, there):
    check_classes(data, "mine", 5, there)


def test_a_run_of_fixed_classes_that_the_data_do_not_have_ends_before_anything_starts(data):
    _with_classes(data, "ant", "bee", "cow")
    variables = {
        "VGG_DATA": str(data),
        "VGG_HOME": str(data / "home"),
        "VGG_EXPERIMENT": "flowers",
        "VGG_SET": "net.classes=5",
    }
    with pytest.raises(InputError, match="3 classes; experiment flowers-classes-5 fixes"):
        run(variables)
    assert not (data / "home").exists()


def test_the_manifest_of_vgg_data_lists_the_classes(data):
    assert listed_classes(str(data)) is None
    assert listed_classes(str(_with_classes(data, "ant", "bee"))) == 2
    (data / "dataset.json").write_text("another program's")
    assert listed_classes(str(data)) is None


def test_features_json_of_tensorflow_datasets_has_their_number(data):
    """As tfds.core.DatasetBuilder.download_and_prepare leaves it beside the shards."""
    label = {
        "pythonClassName": "tensorflow_datasets.core.features.class_label_feature.ClassLabel",
        "classLabel": {"numClasses": "1000"},
    }
    features = {"featuresDict": {"features": {"image": {"image": {"shape": {}}}, "label": label}}}
    (data / "features.json").write_text(json.dumps(features))
    assert listed_classes(str(data)) == 1000
    (data / "features.json").write_text(json.dumps({"featuresDict": {"features": {}}}))
    assert listed_classes(str(data)) is None
