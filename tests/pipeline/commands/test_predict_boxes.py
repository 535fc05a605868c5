"""`vgg predict --boxes`: what it prints, and the pictures that it draws."""

import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.drawn_boxes import drawn
from helpers.pipeline.predict_calls import run
from helpers.serving.model_server import picture, serving
from helpers.serving.small_model import BOXES, write_small_model
from PIL import Image

from pipeline.prediction.box_pictures import COLOURS, draw_boxes
from serving.locating import Located


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """Versions of a stand-in that localises."""
    base = tmp_path_factory.mktemp("localising") / "vgg"
    write_small_model(base / "1", seed=1, localises=True)
    return base


@pytest.fixture(scope="module")
def without(tmp_path_factory) -> Path:
    """Of one that does not."""
    base = tmp_path_factory.mktemp("classifying") / "vgg"
    write_small_model(base / "1", seed=1)
    return base


@pytest.fixture(scope="module")
def ways(model, without):
    """Options of each way to an answer, by (way, whether the model localises)."""
    with serving(model) as first, serving(without) as second:
        yield {
            (way, localises): options
            for localises, base, server in ((True, model, first), (False, without, second))
            for way, options in (
                ("model", ["--model", base]),
                ("grpc", ["--server", f"127.0.0.1:{server.grpc_port}"]),
                ("rest", ["--server", f"127.0.0.1:{server.rest_port}", "--rest"]),
            )
        }


@pytest.fixture
def photographs(tmp_path) -> Path:
    """Two of one name, of 90 x 70 pixels, in two folders."""
    folder = tmp_path / "photographs"
    (folder / "garden").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(picture(1))
    (folder / "garden" / "a.jpg").write_bytes(picture(2))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.boxes.png"))


@pytest.mark.parametrize("way", ["model", "grpc", "rest"])
def test_every_way_gives_the_models_boxes(ways, photographs, capsys, way):
    status, out, err = run([photographs, "--boxes", "--json", "--top", "2", *ways[way, True]], capsys)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["signature"] == "localise"
    first, second = document["images"]
    assert first["picture"] == f"{photographs}/a.jpg.boxes.png"
    for image in (first, second):
        assert [one["box"] for one in image["classes"]] == [pytest.approx(box) for box in BOXES[:2]]
        for one in image["classes"]:
            assert one["box_score"] == pytest.approx(2 * one["probability"])
    assert first["classes"] != second["classes"]
    assert names(photographs) == ["a.jpg.boxes.png", "garden/a.jpg.boxes.png"]


def test_boxes_are_printed_and_drawn_pictures_are_no_photographs(model, photographs, capsys):
    for _ in range(2):
        status, out, _ = run([photographs, "--boxes", "--model", model], capsys)
        assert status == 0
        assert out.count("Boxes: ") == 2
    lines = out.splitlines()
    assert lines[0] == f"{photographs}/a.jpg"
    assert lines[1].endswith("  at 5, 10 to 50, 60")
    assert lines[6] == f"  Boxes: {photographs}/a.jpg.boxes.png"


def test_a_folder_takes_pictures_of_one_name_from_two_folders(model, photographs, tmp_path, capsys):
    out = tmp_path / "new" / "drawn"
    assert run([photographs, "--boxes-in", out, "--model", model], capsys)[0] == 0
    assert names(out) == ["a.jpg-2.boxes.png", "a.jpg.boxes.png"]
    assert names(photographs) == []


@pytest.mark.parametrize("way", ["model", "grpc", "rest"])
def test_a_model_without_boxes_is_said_to_have_none(ways, photographs, capsys, way):
    status, out, err = run([photographs, "--boxes", *ways[way, False]], capsys)
    assert (status, out) == (2, "")
    assert "gives no boxes (it has no signature localise)" in err
    assert len(err.splitlines()) == 1
    assert names(photographs) == []


def test_an_image_that_cannot_be_used_is_named_and_the_others_are_drawn(model, photographs, capsys):
    (photographs / "b.png").write_text("no")
    status, _, err = run([photographs, "--boxes", "--model", model], capsys)
    assert status == 2
    assert err.startswith(f"vgg: {photographs}/b.png: not an image")
    assert names(photographs) == ["a.jpg.boxes.png", "garden/a.jpg.boxes.png"]


def test_standard_input_needs_a_folder(model, tmp_path, monkeypatch, capsys):
    status, _, err = run(["-", "--boxes", "--model", model], capsys)
    assert (status, "name one with --boxes-in" in err) == (2, True)

    class Given:
        buffer = io.BytesIO(picture(1))

    monkeypatch.setattr(sys, "stdin", Given())
    assert run(["-", "--boxes-in", tmp_path, "--model", model], capsys)[0] == 0
    assert names(tmp_path) == ["standard-input.boxes.png"]


def test_what_cannot_be_is_said(model, photographs, tmp_path, capsys):
    status, _, err = run([photographs, "--boxes", "--single-scale", "--model", model], capsys)
    assert (status, "--single-scale: boxes are found at" in err) == (2, True)
    (tmp_path / "file").touch()
    status, _, err = run([photographs, "--boxes-in", tmp_path / "file", "--model", model], capsys)
    assert (status, f"--boxes-in {tmp_path}/file" in err) == (2, True)


def test_a_picture_that_cannot_be_written_leaves_nothing(model, photographs, capsys):
    (photographs / "a.jpg.boxes.png").mkdir()
    status, _, err = run([photographs / "a.jpg", "--boxes", "--model", model], capsys)
    assert (status, "cannot be written" in err) == (2, True)
    assert [path.name for path in photographs.iterdir() if path.name.startswith(".")] == []
    shutil.rmtree(photographs / "a.jpg.boxes.png")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_drawn_box_lies_round_the_object(orientation):
    """The photograph of 100 x 60 pixels as stored is drawn 640 pixels long; the object is white on grey."""
    stored = [0.2, 0.5, 0.6, 0.75]
    encoded = drawn(100, 60, stored, orientation)
    upright = draw_boxes(encoded, [])
    white = np.argwhere(np.asarray(upright).min(axis=2) > 200)
    scale = max(upright.size) / 100
    (top, left), (bottom, right) = white.min(axis=0) / scale, (white.max(axis=0) + 1) / scale
    picture = np.asarray(draw_boxes(encoded, [Located("disc", 0.5, (left, top, right, bottom), 1.0)]))
    assert max(upright.size) == 640
    assert (upright.size[0] > upright.size[1]) == (orientation < 5)
    colour = [int(COLOURS[0][at : at + 2], 16) for at in (1, 3, 5)]
    found = np.argwhere((picture == colour).all(axis=2))
    # The label stands above the box and is no wider; the box is drawn on its edge.
    assert abs(found[:, 1].min() - white[:, 1].min()) <= 3
    assert abs(found[:, 0].max() - white[:, 0].max()) <= 3
    assert not (picture[white[:, 0].max() // 2 + white[:, 0].min() // 2] == colour).all()


def test_labels_do_not_lie_on_one_another():
    encoded = drawn(320, 240, [0.3, 0.3, 0.7, 0.7])
    box = (0.0, 0.0, 320.0, 240.0)
    apart = draw_boxes(encoded, [Located(f"class {n}", 0.2, box, 1.0) for n in range(5)])
    picture = np.asarray(apart)
    for text in COLOURS:
        colour = [int(text[at : at + 2], 16) for at in (1, 3, 5)]
        assert (picture == colour).all(axis=2).sum() > 400, "its label is covered"


def test_a_large_photograph_is_drawn_smaller():
    image = Image.new("RGB", (4000, 20), "grey")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    found = draw_boxes(buffer.getvalue(), [Located("line", 0.5, (0.0, 0.0, 4000.0, 20.0), 1.0)])
    assert found.size == (1600, 8)
