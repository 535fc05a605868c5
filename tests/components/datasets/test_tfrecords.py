import json

import pytest
import tensorflow as tf
from helpers.planned_pictures import CATEGORIES, PARAMETERS, picture, plan

from components.datasets import tfrecords
from components.datasets.manifest import Account
from components.datasets.tfrecords import Box, Plan, Watcher
from models.errors import InputError


def filenames(path) -> list[str]:
    examples = [tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
    return [one.features.feature["image/filename"].bytes_list.value[0].decode() for one in examples]


def test_an_example_has_the_schema_of_build_imagenet_data():
    box = Box(xmin=0.25, ymin=0, xmax=0.5, ymax=1)
    example = tfrecords.to_example(picture(1, boxes=(box,)), CATEGORIES)
    found = {
        key: list(getattr(value, value.WhichOneof("kind")).value)
        for key, value in example.features.feature.items()
    }
    assert found == {
        "image/encoded": [b"bytes 1"],
        "image/class/label": [2],
        "image/class/synset": [b"n02"],
        "image/class/text": [b"goldfish"],
        "image/filename": [b"1.JPEG"],
        "image/height": [3],
        "image/width": [4],
        "image/format": [b"JPEG"],
        "image/colorspace": [b"RGB"],
        "image/channels": [3],
        "image/object/bbox/xmin": [0.25],
        "image/object/bbox/ymin": [0.0],
        "image/object/bbox/xmax": [0.5],
        "image/object/bbox/ymax": [1.0],
        "image/object/bbox/label": [2],
    }


def test_boxes_are_left_out_where_none_is_known():
    keys = tfrecords.to_example(picture(0), CATEGORIES).features.feature
    assert not [key for key in keys if "bbox" in key]


def test_shards_hold_the_sources_in_their_order(tmp_path):
    made = tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture)
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "dataset.json",
        "train-00000-of-00002",
        "train-00001-of-00002",
        "validation-00000-of-00001",
    ]
    assert filenames(made.folder / "train-00000-of-00002") == ["0.JPEG", "1.JPEG"]
    assert filenames(made.folder / "train-00001-of-00002") == ["2.JPEG", "3.JPEG", "4.JPEG"]
    assert made.splits["train"].per_class == {"n01": 3, "n02": 2}


def test_what_was_left_out_is_noted_and_told_again(tmp_path):
    account = Account(unreadable=[{"file": "3.JPEG", "reason": "is torn", "mendable": False}])
    told = []

    class Listener(Watcher):
        def unreadable(self, file, reason):
            told.append((file, reason))

    for _ in range(2):
        made = tfrecords.write(
            tmp_path / "out",
            PARAMETERS,
            lambda: Plan(CATEGORIES, plan().splits, account),
            picture,
            watcher=Listener(),
        )
        assert made.account == account
    assert told == [("3.JPEG", "is torn")]  # the first time by whoever planned it


def test_nothing_is_planned_where_the_data_set_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        tfrecords.write(tmp_path / "file" / "out", PARAMETERS, lambda: pytest.fail("planned"), picture)


def test_the_same_data_set_is_left_untouched(tmp_path):
    made = tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture)
    before = {path: path.stat().st_mtime_ns for path in (made.folder, *made.folder.iterdir())}
    again = tfrecords.write(tmp_path / "out", PARAMETERS, plan, lambda index: pytest.fail("was read again"))
    assert again.already_there
    assert again.splits == made.splits
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_data_set_of_an_older_version_is_known_by_its_parameters(tmp_path):
    """Its manifest lists the unreadable files of each split, and says nothing of the folders."""
    made = tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture)
    path = made.folder / "dataset.json"
    content = json.loads(path.read_text())
    kept = ("parameters", "class_names", "synsets", "splits", "other_files")
    older = {key: content[key] for key in kept} | {"other_files": {".txt": 1}}
    for report in older["splits"].values():
        report["unreadable"] = [{"file": "a/x.jpg", "reason": "is torn"}]
    path.write_text(json.dumps(older))
    again = tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture)
    assert again.already_there
    assert again.account == Account(other_files={".txt": 1})
    with pytest.raises(InputError, match="made is here there and elsewhere here"):
        tfrecords.write(tmp_path / "out", {"made": "elsewhere"}, plan, picture)
