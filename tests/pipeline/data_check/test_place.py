"""Where the result goes: never among the data, never over anything else, and whole or not at all."""

import os
import signal
import subprocess
import sys
import time

import pytest
from helpers.record_sets import check, encoded, figures, noise, record, write

from components.checking import look
from components.datasets.layouts import IMAGENET
from models.errors import InputError
from pipeline.data_check.place import place_for


@pytest.fixture
def folder(tmp_path):
    records = [record(IMAGENET, encoded(noise(seed)), 0, f"{seed}.jpg") for seed in range(2)]
    return write(tmp_path / "data", IMAGENET, train=[records[:1]], validation=[records[1:]])


def left(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_default_is_the_data_s_name_in_the_current_folder(folder, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert place_for("../data", None) == tmp_path / "here" / "data-check"
    assert place_for("gs://bucket/imagenet/", None) == tmp_path / "here" / "imagenet-check"


@pytest.mark.parametrize("out", [".", "check", "a/b", "../data"])
def test_never_among_the_data(folder, monkeypatch, out):
    monkeypatch.chdir(folder)
    result = check(folder, out)
    assert isinstance(result.exception, InputError)
    assert "lies in the data's folder" in str(result.exception)
    assert left(folder) == ["train-00000-of-00001", "validation-00000-of-00001"]


def test_a_link_into_the_data_is_seen(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(InputError, match="lies in the data's folder"):
        place_for(str(folder), tmp_path / "link" / "check")


def test_something_else_is_not_replaced(folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "check.json").write_text('{"schema": "another"}')
    result = check(folder, tmp_path / "out")
    assert isinstance(result.exception, InputError)
    assert left(tmp_path / "out") == ["check.json"]
    (tmp_path / "file").touch()
    assert isinstance(check(folder, tmp_path / "file").exception, InputError)


def test_an_earlier_result_is_replaced(folder, tmp_path):
    check(folder, tmp_path / "out")
    (tmp_path / "out" / "sheets" / "9.jpg").touch()
    assert check(folder, tmp_path / "out", "--seed", "3", "--thumbnails", "0").return_value == 0
    assert figures(tmp_path / "out")["seed"] == 3
    assert left(tmp_path / "out") == ["check.json", "index.html", "sheets"]
    assert left(tmp_path / "out" / "sheets") == []
    assert left(tmp_path) == ["data", "out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, InputError("no"), RuntimeError("odd")], ids=str)
def test_what_ends_early_leaves_nothing_and_keeps_an_earlier_result(folder, tmp_path, monkeypatch, error):
    check(folder, tmp_path / "out")
    before = (tmp_path / "out" / "check.json").read_bytes()

    def fails(*_, **__):
        raise error

    monkeypatch.setattr(look, "draw_sheets", fails)
    result = check(folder, tmp_path / "out")
    if error is KeyboardInterrupt:
        assert result.return_value == 130
        assert "nothing was written; run again to begin anew" in result.stderr
    else:
        assert str(error) in str(result.exception)
    assert (tmp_path / "out" / "check.json").read_bytes() == before
    assert left(tmp_path) == ["data", "out"]


@pytest.mark.slow
def test_ctrl_c_while_shards_are_read(tmp_path):
    """As soon as the workers have told of images, of which there are enough for many seconds."""
    photograph = encoded(noise(1, 900, 900))
    records = [record(IMAGENET, photograph, 0, f"{number}.jpg") for number in range(1500)]
    folder = write(tmp_path / "data", IMAGENET, train=[records], validation=[records[:1]])
    words = [sys.executable, "-c", "from pipeline.commands.vgg import main; main()", "data", "check"]
    process = subprocess.Popen(
        [*words, str(folder), "--out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job, as these tests may run in, starts with SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (told := list(tmp_path.glob(".out.partial-*/work/progress"))) or not os.path.getsize(told[0]):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "vgg: interrupted; nothing was written; run again to begin anew"
    assert left(tmp_path) == ["data"]
