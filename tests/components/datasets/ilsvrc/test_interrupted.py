"""From archives to shards, broken off: it goes on or says what is in the way, and what is finished stays."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.ilsvrc_archives import (
    contents,
    write_archives,
)

from components.beam_options import BEAM_HERE
from components.datasets.ilsvrc import shard_writer, write
from components.datasets.ilsvrc.labelled import Inputs
from components.datasets.ilsvrc.write import Options, write_ilsvrc
from models.errors import InputError

FEW = Options(train_shards=3, validation_shards=2, beam=BEAM_HERE)


@pytest.fixture
def archives(tmp_path) -> dict[str, Path]:
    return write_archives(tmp_path / "archives")


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(archives, tmp_path, monkeypatch):
    write_ilsvrc(tmp_path / "whole", Inputs(**archives), FEW)
    written, plain = [], shard_writer.to_example

    def killed_in_the_second_shard(picture, categories):
        written.append(picture.filename)
        if len(written) == 6:
            raise RuntimeError("killed")
        return plain(picture, categories)

    monkeypatch.setattr(shard_writer, "to_example", killed_in_the_second_shard)
    with pytest.raises(RuntimeError, match="killed"):
        write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    assert not (tmp_path / "out").exists()
    before = len(written)
    monkeypatch.setattr(shard_writer, "to_example", lambda *given: written.append(0) or plain(*given))
    write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert len(written) - before == 16 - 4  # the first shard's four were not written again
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archives", "out", "whole"]


def test_it_does_not_go_on_with_another_seed(archives, tmp_path, monkeypatch):
    def killed(*_):
        raise RuntimeError("killed")

    monkeypatch.setattr(write, "save", killed)
    with pytest.raises(RuntimeError, match="killed"):
        write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"unfinished data set of another call \(seed differs\)"):
        write_ilsvrc(tmp_path / "out", Inputs(**archives), Options(1, 3, 2, beam=BEAM_HERE))


def test_what_is_there_is_left_as_it_is(archives, tmp_path):
    first = write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    times = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    assert write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW).already_there
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == times


def test_an_archive_that_changes_meanwhile_is_named_and_what_is_finished_stays(
    archives, tmp_path, monkeypatch
):
    plan = write.make_plan

    def planned(*given):
        plan(*given)
        archives["val"].write_bytes(archives["val"].read_bytes()[:1000])

    monkeypatch.setattr(write, "make_plan", planned)
    with pytest.raises(
        InputError, match=r"ILSVRC2012_val_\d+.JPEG: \d+ bytes; expected the \d+ that were there"
    ):
        write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    assert len(list((tmp_path / ".out.unfinished").glob("train-*"))) == 3


def test_a_full_disk_is_one_line_and_what_is_finished_stays(archives, tmp_path, monkeypatch):
    """A stand-in for the disk: no room while a shard is there that is not finished."""
    write_text, full = Path.write_text, []

    def to_a_full_disk(picture, categories):
        full.append(picture.filename)
        if len(full) == 6:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return plain(picture, categories)

    def without_room(path, *given, **options):
        if any((tmp_path / ".out.unfinished").glob(".*-of-*.unfinished")) and path.name == write.FAILED:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_text(path, *given, **options)

    plain = shard_writer.to_example
    monkeypatch.setattr(shard_writer, "to_example", to_a_full_disk)
    monkeypatch.setattr(Path, "write_text", without_room)
    with pytest.raises(InputError, match="train-00001-of-00003: cannot be written .*No space left"):
        write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    left = sorted(path.name for path in (tmp_path / ".out.unfinished").iterdir())
    assert left == [".work", "train-00000-of-00003"]


def test_a_lack_of_memory_does_not_pass_for_a_damaged_image(archives, tmp_path, monkeypatch):
    def without_memory(*_):
        raise MemoryError

    monkeypatch.setattr(shard_writer, "_as_it_is", without_memory)
    with pytest.raises((MemoryError, RuntimeError), match="MemoryError|^$"):
        write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)


@pytest.mark.slow
def test_processes_that_are_killed_go_on_and_end_with_the_same_bytes(tmp_path):
    """The command itself, by SIGKILL, with a process for each core."""
    archives = write_archives(tmp_path / "archives", per_class=300)
    options = Options(0, 60, 2, beam=BEAM_HERE)
    write_ilsvrc(tmp_path / "whole", Inputs(**archives), options)
    words = [word for name, path in archives.items() for word in (f"--{name}", str(path))]
    command = [Path(sys.executable).with_name("vgg"), "data", "ilsvrc", *words, "--out", tmp_path / "out"]
    command += ["--train-shards", "60", "--validation-shards", "2"]
    first = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    unfinished = tmp_path / ".out.unfinished"
    while first.poll() is None and not list(unfinished.glob("train-*")):
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    times = {path.name: path.stat().st_mtime_ns for path in unfinished.glob("train-*")}
    assert 0 < len(times) < 60
    subprocess.run(command, check=True, capture_output=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in times} == times
