"""A data set is in its place whole or not at all."""

import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from helpers.planned_pictures import PARAMETERS, picture, plan

from components.datasets import tfrecords
from components.datasets.staging import staged
from models.errors import InputError


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
