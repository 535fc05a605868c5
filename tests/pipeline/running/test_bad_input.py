"""What a user's mistake looks like from the shell: one line, an exit status, nothing half-written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("command", [["tfx", "run", "create", "--pipeline", "vgg"], ["vgg", "run"]])
def test_an_unknown_experiment(tmp_path, command):
    for name in ("train-00000-of-00001", "validation-00000-of-00001"):
        (tmp_path / name).touch()
    variables = {"VGG_EXPERIMENT": "nonsense", "VGG_DATA": str(tmp_path)}
    _expect(tmp_path, command, ["'nonsense'", "demo", "vgg experiments"], **variables)


def test_a_missing_data_folder(tmp_path):
    missing = tmp_path / "nowhere"
    command = ["tfx", "run", "create", "--pipeline", "vgg"]
    _expect(tmp_path, command, [str(missing), "vgg data sample"], VGG_DATA=str(missing))


def test_a_model_to_start_from_that_is_none(tmp_path):
    for name in ("train-00000-of-00001", "validation-00000-of-00001"):
        (tmp_path / name).touch()
    variables = {"VGG_DATA": str(tmp_path), "VGG_INIT_FROM": str(tmp_path)}
    _expect(tmp_path, ["vgg", "run"], [str(tmp_path), "vgg.json", "VGG_INIT_FROM"], **variables)


def test_an_empty_data_folder(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    _expect(tmp_path, ["vgg", "run", "--data", str(empty)], [str(empty), "train", "vgg data sample"])


def test_a_missing_shard(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train-00000-of-00003", "train-00002-of-00003", "validation-00000-of-00001"):
        (data / name).touch()
    words = ["1 of the 3 training shards is missing: train-00001-of-00003"]
    _expect(tmp_path, ["vgg", "run", "--data", str(data)], words)


def test_a_file_that_is_no_tfrecord(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train-00000-of-00001", "validation-00000-of-00001"):
        (data / name).write_text("photographs, honestly\n" * 10)
    _expect(tmp_path, ["vgg", "run", "--data", str(data)], ["train-00000-of-00001", "TFRecord"])


def test_a_record_that_is_found_damaged_while_it_is_read(tmp_path):
    """Its head is whole, so that nothing is seen before the run; Beam would print the whole photograph."""
    data = tmp_path / "data"
    made = subprocess.run(
        [str(BIN / "vgg"), "data", "sample", "--out", str(data), "--train-per-class", "3"], check=False
    )
    assert made.returncode == 0
    shard = sorted(data.glob("train-*"))[-1]
    content = bytearray(shard.read_bytes())
    second = 12 + int.from_bytes(content[:8], "little") + 4
    content[second + 12 + 100] ^= 1
    shard.write_bytes(content)
    words = [f"data file {shard}: record 2, at byte {second}: its data or their checksum is damaged"]
    _expect(tmp_path, ["vgg", "run", "--data", str(data)], words, started=True)
    assert not (tmp_path / "home" / "serving").exists()


def _expect(
    folder: Path, command: list[str], words: list[str], *, started: bool = False, **variables: str
) -> None:
    home = folder / "home"
    environment = {
        **os.environ,
        "LOCAL_HOME": str(folder / "tfx"),
        "VGG_HOME": str(home),
        **variables,
    }
    ended = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert line.startswith("vgg: ")
    assert all(word in line for word in words), line
    assert home.exists() == started
