"""`vgg predict` as its users call it: files, folders, standard input; from a server or the pushed model."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from model_server import CLASSES, VERSION, picture, push_narrow_model, serving

from pipeline import predictors
from pipeline.cli import main
from pipeline.photographs import find_photographs


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """VGG_HOME with an older version, which is none, a half-pushed one, and the newest."""
    folder = tmp_path_factory.mktemp("home")
    base = folder / "serving" / "vgg"
    base.mkdir(parents=True)
    push_narrow_model(base)
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


def run(arguments, capsys) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in ["predict", *arguments]])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def ways(home, server) -> dict[str, list]:
    """The options of each way to an answer."""
    return {
        "model": ["--home", home],
        "grpc": ["--server", f"127.0.0.1:{server.grpc_port}"],
        "rest": ["--server", f"127.0.0.1:{server.rest_port}", "--rest"],
    }


@pytest.mark.parametrize("way", ["model", "grpc", "rest"])
def test_every_way_gives_what_the_model_gives(home, server, photographs, capsys, way):
    status, out, err = run([photographs, "--json", *ways(home, server)[way]], capsys)
    assert (status, err) == (0, "")
    found = json.loads(out)["images"]
    files = [photographs / name for name in ("b.jpg", "garden/a.PNG", "garden/z.jpeg")]
    assert [image["image"] for image in found] == [str(file) for file in files]
    model = tf.saved_model.load(str(home / "serving" / "vgg" / str(VERSION)))
    images = tf.constant([file.read_bytes() for file in files])
    rows = model.signatures["serving_default"](image_bytes=images)["probabilities"].numpy()
    for image, row in zip(found, rows, strict=True):
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


def test_a_server_that_is_not_there_is_one_line_and_status_1(photographs, capsys):
    for more in ([], ["--rest"]):
        status, out, err = run([photographs, "--server", "127.0.0.1:1", *more], capsys)
        assert (status, out) == (1, "")
        (line,) = err.splitlines()
        assert line.startswith("vgg: server 127.0.0.1:1: does not answer (")


def test_an_unknown_model_or_signature_is_one_line_and_status_2(home, server, photographs, capsys):
    for way in ("grpc", "rest"):
        options = ways(home, server)[way]
        status, _, err = run([photographs, "--model-name", "resnet", *options], capsys)
        assert status == 2
        (line,) = err.splitlines()
        assert "resnet" in line
        assert "--model-name" in line


def test_a_token_is_read_from_a_file(home, photographs, tmp_path, capsys):
    (tmp_path / "token").write_text("open sesame\n")
    with serving(home / "serving" / "vgg", token_file=str(tmp_path / "token")) as server:
        for way in ("grpc", "rest"):
            options = [photographs / "b.jpg", *ways(home, server)[way]]
            status, _, err = run(options, capsys)
            assert (status, "--token-file" in err) == (2, True)
            assert len(err.splitlines()) == 1
            assert run([*options, "--token-file", tmp_path / "token"], capsys)[0] == 0


def test_a_server_that_is_too_slow_is_one_line(photographs, capsys):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        for more in ([], ["--rest"]):
            options = [photographs / "b.jpg", "--server", address, "--timeout", "0.5", *more]
            status, _, err = run(options, capsys)
            assert status == 1
            assert len(err.splitlines()) == 1
            assert "--timeout" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rest"], ["--rest", "--server HOST:PORT"]),
        (["--server", "http://127.0.0.1:8501"], ["HOST:PORT"]),
        (["--server", "127.0.0.1"], ["HOST:PORT"]),
        (["--server", "a:1", "--model", "m"], ["--model m", "--model-name"]),
        (["--server", "a:1", "--token-file", "/nowhere"], ["--token-file /nowhere", "No such file"]),
        (["--server", "a:1", "--tls-ca", "/nowhere"], ["--tls-ca /nowhere", "No such file"]),
        (["--model", "/nowhere"], ["/nowhere", "no pushed version", "--server"]),
    ],
)
def test_options_that_do_not_fit_are_one_line(photographs, capsys, options, words):
    status, out, err = run([photographs, *options], capsys)
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("vgg: ")
    assert all(word in line for word in words), line


def test_the_newest_whole_version_answers(home):
    base = home / "serving" / "vgg"
    assert predictors.newest_version(base) == base / str(VERSION)
    assert predictors.newest_version(base / "999") == base / "999"


def test_a_model_that_does_not_load_is_one_line(home, photographs, capsys):
    status, out, err = run([photographs, "--model", home / "serving" / "vgg" / "999"], capsys)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "does not load" in err


def test_names_are_printed_on_one_line(tmp_path):
    (tmp_path / "a\nb\x1b.jpg").touch()
    (photograph,) = find_photographs([str(tmp_path)])
    assert photograph.name == f"{tmp_path}/a�b�.jpg"


def test_the_command_starts_without_tensorflow(tmp_path):
    """It takes longer to import than a server needs for an answer."""
    program = (
        "import sys; from pipeline.cli import main\n"
        f"try: main(['predict', {str(tmp_path / 'none.jpg')!r}, '--server', '127.0.0.1:1'])\n"
        "except SystemExit as ended: print(ended.code, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["2", "False"], done.stderr
