"""`vgg predict --features`: the descriptors of photographs as a file, and what is not taken for one."""

import io
import json
import sys

import numpy as np
import pytest
import tensorflow as tf
from helpers.pipeline.predict_calls import run
from helpers.serving.model_server import VERSION, picture, serving
from helpers.serving.small_model import write_small_model

from models.errors import InputError
from pipeline.prediction.descriptors import read_descriptors
from serving.saved_model.description import fingerprint

KEYS = {"names", "paths", "features", "model", "fingerprint"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """With a stand-in for the exported model, which loads at once, as version 3."""
    base = tmp_path_factory.mktemp("served") / "vgg"
    write_small_model(base / "3", seed=1)
    return base


@pytest.fixture(scope="module")
def server(base):
    with serving(base) as started:
        yield ["--server", f"127.0.0.1:{started.grpc_port}"], [
            "--server", f"127.0.0.1:{started.rest_port}", "--rest"
        ]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(picture(number, 90 + 10 * number))
    return folder


@pytest.fixture(scope="module")
def expected(base, folder):
    """The stand-in's own descriptors, float32 [3, C]."""
    return descriptors_of(base / "3", folder)


def descriptors_of(model, folder):
    images = tf.constant([file.read_bytes() for file in sorted(folder.iterdir())])
    return tf.saved_model.load(str(model)).signatures["features"](image_bytes=images)["features"].numpy()


def check(out, folder, expected):
    """Whether the file holds these descriptors; returns what it says of the model."""
    with np.load(out, allow_pickle=False) as found:
        assert set(found) == KEYS
        names = [str(folder / f"{number}.jpg") for number in range(3)]
        assert found["names"].tolist() == found["paths"].tolist() == names
        assert found["features"].dtype == np.float32
        np.testing.assert_allclose(found["features"], expected, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(found["features"], axis=1), 1, atol=1e-5)
        return str(found["model"]), str(found["fingerprint"])


def test_the_pushed_model_describes_a_folder(pushed, folder, tmp_path, capsys):
    out, version = tmp_path / "found.npz", pushed / str(VERSION)
    status, text, err = run([folder, "--features", out, "--model", pushed], capsys)
    expected = descriptors_of(version, folder)
    assert (status, text, err) == (0, f"Descriptors: {out}, 3 x {expected.shape[1]}\n", "")
    assert check(out, folder, expected) == (str(version), fingerprint(str(version)))


def test_a_server_describes_it_by_the_version_that_is_named(server, folder, expected, tmp_path, capsys):
    for number, way in enumerate(server):
        out = tmp_path / f"{number}.npz"
        assert run([folder, "--features", out, *way], capsys)[0] == 0
        assert check(out, folder, expected) == (f"{way[1]}, model vgg, version 3", "")


def test_what_cannot_be_used_is_named_and_left_out(server, folder, expected, tmp_path, capsys):
    (tmp_path / "bad.jpg").write_text("no")
    out = tmp_path / "found.npz"
    status, text, err = run(
        [folder / "2.jpg", tmp_path / "bad.jpg", "--features", out, "--json", *server[0]], capsys
    )
    assert status == 2
    assert str(tmp_path / "bad.jpg") in err.splitlines()[0]
    first, second = json.loads(text)["images"]
    assert (set(first), set(second)) == ({"image"}, {"image", "error"})
    np.testing.assert_allclose(read_descriptors(out).features, expected[2:], atol=1e-5)
    status, _, err = run([tmp_path / "bad.jpg", "--features", tmp_path / "none.npz", *server[0]], capsys)
    assert (status, "not written" in err) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jpg", "found.npz"]


def test_classes_beside_them_where_top_is_asked_for(server, folder, expected, tmp_path, capsys, monkeypatch):
    """Standard input can be read once."""
    content = (folder / "1.jpg").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    out = tmp_path / "found.npz"
    status, text, err = run(["-", "--top", "2", "--features", out, "--json", *server[0]], capsys)
    assert status == 0
    assert f"Descriptors: {out}" in err
    (image,) = json.loads(text)["images"]
    assert len(image["classes"]) == 2
    found = read_descriptors(out)
    assert (found.names, found.paths) == (("standard input",), ("",))
    np.testing.assert_allclose(found.features, expected[1:2], atol=1e-5)


def test_a_file_that_is_there_or_called_otherwise_is_refused_at_once(folder, tmp_path, capsys):
    (tmp_path / "there.npz").write_bytes(b"mine")
    for out, why in (("there.npz", "is there already"), ("a.txt", ".npz"), ("no/a.npz", "is no folder")):
        status, _, err = run([folder, "--features", tmp_path / out, "--model", tmp_path], capsys)
        assert (status, len(err.splitlines()), why in err) == (2, 1, True), err
    assert (tmp_path / "there.npz").read_bytes() == b"mine"


def test_what_is_no_file_of_descriptors_is_one_line(tmp_path):
    whole = {
        "names": np.array(["a", "b"]),
        "paths": np.array(["/a", "/b"]),
        "features": np.eye(2, dtype=np.float32),
        "model": np.array("m"),
        "fingerprint": np.array(""),
    }
    changes = {
        "fewer": {"names": np.array(["a"])},
        "numbers": {"features": np.eye(2)},
        "nan": {"features": np.full([2, 2], np.nan, np.float32)},
        "pickled": {"names": np.array(["a", None], object)},
    }
    for name, change in changes.items():
        np.savez(tmp_path / f"{name}.npz", **{**whole, **change})
    np.savez(tmp_path / "whole.npz", **whole)
    assert read_descriptors(tmp_path / "whole.npz").paths == ("/a", "/b")
    content = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "other.npz").write_bytes(b"PK, nearly")
    np.savez(tmp_path / "foreign.npz", x=np.eye(2))
    for name in (*changes, "cut", "other", "foreign", "missing"):
        with pytest.raises(InputError, match="is no file of descriptors") as raised:
            read_descriptors(tmp_path / f"{name}.npz")
        assert len(str(raised.value).splitlines()) == 1
