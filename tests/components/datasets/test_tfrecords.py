import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
import tensorflow as tf

from components.datasets import tfrecords
from components.datasets.manifest import Account, Category
from components.datasets.staging import staged
from components.datasets.tfrecords import Box, Picture, Plan, Split, Watcher
from models.errors import InputError

CATEGORIES = [Category("n01", "tench"), Category("n02", "goldfish")]
PARAMETERS = {"made": "here"}


def plan() -> Plan:
    return Plan(CATEGORIES, [Split("train", range(5), 2), Split("validation", range(2), 1)])


def picture(index: int, **values) -> Picture:
    defaults = {
        "encoded": b"bytes %d" % index,
        "label": 1 + index % 2,
        "filename": f"{index}.JPEG",
        "height": 3,
        "width": 4,
        "format": "JPEG",
        "colorspace": "RGB",
        "channels": 3,
    }
    return Picture(**(defaults | values))


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


def test_another_data_set_is_never_overwritten(tmp_path):
    made = tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture)
    with pytest.raises(InputError, match="made is here there and elsewhere here.*choose another --out"):
        tfrecords.write(tmp_path / "out", {"made": "elsewhere"}, plan, picture)
    assert len(list(made.folder.iterdir())) == 4


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(InputError, match="not a data set"):
        tfrecords.write(tmp_path, PARAMETERS, plan, picture)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="not a data set"):
        tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture)


def test_a_damaged_data_set_is_not_taken_for_whole(tmp_path):
    made = tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture)
    (made.folder / "train-00001-of-00002").write_bytes(b"cut")
    with pytest.raises(InputError, match="damaged.*train-00001-of-00002"):
        tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture)


def test_an_empty_folder_and_a_link_to_one_can_be_filled(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    tfrecords.write(tmp_path / "link", PARAMETERS, plan, picture)
    assert (tmp_path / "real" / "dataset.json").is_file()
    assert (tmp_path / "link").is_symlink()


def test_what_is_not_accepted_leaves_nothing(tmp_path):
    def refuse(made):
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        tfrecords.write(tmp_path / "out", PARAMETERS, plan, picture, accept=refuse)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path):
    def read(index):
        if index == 4:
            raise KeyboardInterrupt
        return picture(index)

    with pytest.raises(KeyboardInterrupt):
        tfrecords.write(tmp_path / "out", PARAMETERS, plan, read)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^\S+: .*choose another --out$"):
        tfrecords.write(tmp_path / "file" / "out", PARAMETERS, plan, picture)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    """A limit on the size of files fails a write as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(InputError, match=r"^\S+: cannot write[^\n]*choose another --out$"):
            tfrecords.write(
                tmp_path / "out", PARAMETERS, plan, lambda index: picture(index, encoded=bytes(90_000))
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == []


SLOW_WRITER = """
import sys, time
from pathlib import Path
from components.datasets import tfrecords
from components.datasets.manifest import Account, Category
from components.datasets.tfrecords import Plan, Split

def read(index):
    Path(sys.argv[2]).touch()
    time.sleep(60)

plan = Plan([Category("a", "a")], [Split("train", range(9), 1)])
tfrecords.write(Path(sys.argv[1]), {}, lambda: plan, read)
"""


@pytest.mark.slow
def test_a_killed_run_leaves_no_data_set_and_does_not_hinder_the_next(tmp_path):
    place, started = tmp_path / "place", tmp_path / "started"
    command = [sys.executable, "-c", SLOW_WRITER, str(place / "out"), str(started)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not started.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    left = list(place.iterdir())
    assert len(left) == 1
    assert left[0].name.startswith(".out.partial-")
    tfrecords.write(place / "out", PARAMETERS, plan, picture)
    assert [path.name for path in place.iterdir()] == ["out"]


def test_of_two_runs_at_once_the_first_to_end_stays(tmp_path):
    def slower():
        with staged(tmp_path / "out") as mine:
            with staged(tmp_path / "out") as other:
                (other / "theirs").touch()
            assert mine.exists()

    with pytest.raises(InputError, match="cannot write"):
        slower()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["theirs"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


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
