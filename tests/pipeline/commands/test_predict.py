"""`vgg predict` as its users call it: files, folders, standard input; from a server or the pushed model."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.pipeline.predict_calls import run
from helpers.serving.certificates import write_certificate
from helpers.serving.model_server import CLASSES, VERSION, picture, serving
from helpers.serving.small_model import write_small_model

from pipeline.prediction.pushed_versions import newest_version


@pytest.fixture(scope="module")
def home(pushed, tmp_path_factory):
    """VGG_HOME with an older version, which is none, a half-pushed one, and the newest."""
    folder = tmp_path_factory.mktemp("home")
    base = folder / "serving" / "vgg"
    shutil.copytree(pushed, base)
    (base / "999").mkdir()
    (base / "999" / "saved_model.pb").write_bytes(b"not a model")
    (base / ".pushing-1800000000").mkdir()
    (base / "1900000000").mkdir()
    return folder


@pytest.fixture(scope="module")
def server(home):
    with serving(home / "serving" / "vgg") as started:
        yield started


@pytest.fixture(scope="module")
def loaded(home):
    """The pushed model in this process."""
    return tf.saved_model.load(str(home / "serving" / "vgg" / str(VERSION)))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of three in two folders, with other files among them."""
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "garden" / ".cache").mkdir(parents=True)
    (folder / "b.jpg").write_bytes(picture(1))
    (folder / "garden" / "a.PNG").write_bytes(picture(2, 64, 200, "PNG"))
    (folder / "garden" / "z.jpeg").write_bytes(picture(3))
    for name in ("notes.txt", "garden/.hidden.jpg", "garden/.cache/c.jpg"):
        (folder / name).write_text("no photograph")
    return folder


@pytest.fixture
def small(tmp_path) -> Path:
    """A stand-in for the pushed model, for tests of what lies between the command and a server."""
    write_small_model(tmp_path / "vgg" / "1", seed=1)
    return tmp_path / "vgg"


def ways(home, server) -> dict[str, list]:
    """The options of each way to an answer."""
    return {
        "model": ["--home", home],
        "grpc": ["--server", f"127.0.0.1:{server.grpc_port}"],
        "rest": ["--server", f"127.0.0.1:{server.rest_port}", "--rest"],
    }


@pytest.mark.parametrize("signature", ["serving_default", "single_scale"])
@pytest.mark.parametrize("way", ["model", "grpc", "rest"])
def test_every_way_gives_what_the_model_gives(home, server, loaded, photographs, capsys, way, signature):
    more = ["--single-scale"] if signature == "single_scale" else []
    status, out, err = run([photographs, "--json", *more, *ways(home, server)[way]], capsys)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["signature"] == signature
    files = [photographs / name for name in ("b.jpg", "garden/a.PNG", "garden/z.jpeg")]
    assert [image["image"] for image in document["images"]] == [str(file) for file in files]
    images = tf.constant([file.read_bytes() for file in files])
    rows = loaded.signatures[signature](image_bytes=images)["probabilities"].numpy()
    for image, row in zip(document["images"], rows, strict=True):
        best = np.argsort(-row)[:5]
        assert [each["class"] for each in image["classes"]] == [CLASSES[label] for label in best]
        values = [each["probability"] for each in image["classes"]]
        np.testing.assert_allclose(values, row[best], atol=1e-5)


@pytest.mark.parametrize("way", ["model", "grpc", "rest"])
def test_an_image_that_cannot_be_used_is_named_and_the_others_are_answered(
    home, server, tmp_path, photographs, capsys, way
):
    (tmp_path / "cut.jpg").write_bytes(picture(1)[:300])
    (tmp_path / "list.txt").write_text("milk, bread")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder").mkdir()
    named = [tmp_path / name for name in ("cut.jpg", "list.txt", "empty.png", "folder", "missing.jpg")]
    given = [*named[:3], "https://example.org/a.jpg", photographs / "b.jpg", *named[3:]]
    status, out, err = run([*given, *ways(home, server)[way]], capsys)
    assert status == 2
    lines, good = err.splitlines(), photographs / "b.jpg"
    assert [line.split(": ")[1] for line in lines] == [str(each) for each in given if each != good]
    assert all(line.startswith("vgg: ") and len(line) < 400 for line in lines)
    words = ["", "", "is empty", "not fetched", "no photographs", "No such file"]
    assert all(word in line for word, line in zip(words, lines, strict=True))
    assert [line for line in out.splitlines() if line and not line.startswith(" ")] == [str(good)]


def test_unusable_images_are_in_the_document_of_json_too(home, server, tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(picture(1))
    (tmp_path / "b.jpg").write_text("no")
    status, out, err = run([tmp_path, "--json", *ways(home, server)["grpc"]], capsys)
    assert status == 2
    assert len(err.splitlines()) == 1
    first, second = json.loads(out)["images"]
    assert len(first["classes"]) == 5
    assert second.keys() == {"image", "error"}


def test_standard_input_is_one_photograph(home, server, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(picture(1))))
    status, out, _ = run(["-", "--json", *ways(home, server)["grpc"]], capsys)
    assert status == 0
    (image,) = json.loads(out)["images"]
    assert image["image"] == "standard input"
    assert len(image["classes"]) == 5


def test_many_images_come_in_their_order(home, server, tmp_path, capsys):
    for number in range(30):
        (tmp_path / f"{number:02}.jpg").write_bytes(picture(number % 3))
    status, out, _ = run([tmp_path, "--json", *ways(home, server)["grpc"]], capsys)
    assert status == 0
    images = json.loads(out)["images"]
    assert [Path(image["image"]).name for image in images] == [f"{number:02}.jpg" for number in range(30)]
    for number, image in enumerate(images):
        assert image["classes"] == images[number % 3]["classes"]
    assert images[0]["classes"] != images[1]["classes"]


def test_a_pipe_gets_whole_names_and_no_bars(home, server, photographs, capsys):
    status, out, _ = run([photographs / "b.jpg", *ways(home, server)["grpc"]], capsys)
    first, *lines = out.rstrip("\n").split("\n")
    assert (status, first) == (0, str(photographs / "b.jpg"))
    assert len(lines) == 5
    for line in lines:
        assert re.fullmatch(r" {2}[ \d]{2}\d\.\d %  (" + "|".join(CLASSES) + ")", line), line


def test_an_unknown_model_or_signature_is_one_line_and_status_2(home, server, photographs, capsys):
    for way in ("grpc", "rest"):
        options = ways(home, server)[way]
        status, _, err = run([photographs, "--model-name", "resnet", *options], capsys)
        assert status == 2
        (line,) = err.splitlines()
        assert "resnet" in line
        assert "--model-name" in line


def test_a_token_is_read_from_a_file(home, small, photographs, tmp_path, capsys):
    (tmp_path / "token").write_text("open sesame\n")
    with serving(small, token_file=str(tmp_path / "token")) as server:
        for way in ("grpc", "rest"):
            options = [photographs / "b.jpg", *ways(home, server)[way]]
            status, _, err = run(options, capsys)
            assert (status, "--token-file" in err) == (2, True)
            assert len(err.splitlines()) == 1
            assert run([*options, "--token-file", tmp_path / "token"], capsys)[0] == 0


def test_tls_trusts_the_authority_that_is_named(home, small, photographs, tmp_path, capsys):
    for name in ("own", "other"):
        write_certificate(tmp_path, name)
    files = {"tls_certificate": str(tmp_path / "own.pem"), "tls_key": str(tmp_path / "own.key")}
    with serving(small, **files) as server:
        for way in ("grpc", "rest"):
            options = [photographs / "b.jpg", *ways(home, server)[way]]
            assert run([*options, "--tls-ca", tmp_path / "own.pem"], capsys)[0] == 0
            for wrong in (["--tls-ca", tmp_path / "other.pem"], []):
                status, _, err = run([*options, *wrong], capsys)
                assert (status, len(err.splitlines())) == (1, 1), err


def test_the_newest_whole_version_answers(home):
    base = home / "serving" / "vgg"
    assert newest_version(base) == base / str(VERSION)
    assert newest_version(base / "999") == base / "999"


def test_a_folder_that_cannot_be_read_is_not_called_empty(photographs, capsys):
    """TensorFlow knows no such file system; an object store that cannot be reached is the same to it."""
    status, out, err = run([photographs, "--model", "nowhere://bucket/vgg"], capsys)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "model nowhere://bucket/vgg: cannot be read (File system scheme 'nowhere' not implemented" in err


def test_a_model_that_does_not_load_is_one_line(home, photographs, capsys):
    status, out, err = run([photographs, "--model", home / "serving" / "vgg" / "999"], capsys)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "does not load" in err
