"""The signature `localise` of an exported model, beside the evaluation's functions."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.built_once import built_once
from helpers.drawn_boxes import write_weights
from helpers.serving.exported import encode
from helpers.serving.localising import CLASSES, HEAD, NET, SIDES, evaluation_of, write_localising_model
from PIL import Image

from models.errors import InputError
from serving.saved_model.description import ServedBoxNet, box_nets_of, describe, row_by_row
from serving.saved_model.export import export_again, read_weights

pytestmark = pytest.mark.slow  # an export

OUTPUTS = {"probabilities", "top_classes", "top_probabilities", "boxes", "box_scores", "image_sizes"}
PICTURES = [
    encode(70, 90, "JPEG", seed=1),
    encode(64, 64, "PNG", seed=2),
    encode(40, 205, "PNG", seed=3),  # in squares
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return built_once(
        tmp_path_factory, "localising", lambda folder: write_localising_model(folder, write_weights)
    )


@pytest.fixture(scope="module")
def loaded(folder):
    return tf.saved_model.load(str(folder / "model"))


@pytest.fixture(scope="module")
def found(loaded) -> dict[str, np.ndarray]:
    answer = loaded.signatures["localise"](image_bytes=tf.constant(PICTURES))
    return {name: value.numpy() for name, value in answer.items()}


def test_the_classes_are_those_that_predict_gives(loaded, found):
    predicted = loaded.signatures["serving_default"](image_bytes=tf.constant(PICTURES))
    assert set(found) == OUTPUTS
    assert found["top_classes"].tolist() == predicted["top_classes"].numpy().tolist()
    for name in ("probabilities", "top_probabilities"):
        np.testing.assert_allclose(found[name], predicted[name], atol=1e-6)


def test_the_boxes_are_those_that_the_evaluation_finds(folder, found):
    assert found["image_sizes"].tolist() == [[90, 70], [64, 64], [205, 40]]
    boxes_of = evaluation_of(folder / "classifier", folder / "boxes")
    for number, picture in enumerate(PICTURES):
        labels = [CLASSES.index(name.decode()) for name in found["top_classes"][number]]
        expected = boxes_of(picture, labels)
        np.testing.assert_allclose(found["boxes"][number], expected, atol=1e-2)
        assert np.abs(expected - boxes_of(picture, labels, SIDES[:1])).max() > 1
    assert (np.diff(found["boxes"].reshape(-1, 2, 2), axis=1) > 1).all()
    assert (found["box_scores"] > 0).all()


def test_boxes_are_of_the_photograph_as_it_looks(loaded):
    upright = Image.open(io.BytesIO(PICTURES[1])).resize((96, 64))
    turned = upright.transpose(Image.Transpose.ROTATE_90)  # which EXIF's 6 undoes
    buffers = [io.BytesIO(), io.BytesIO()]
    upright.save(buffers[0], "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(buffers[1], "PNG", exif=exif)
    answer = loaded.signatures["localise"](image_bytes=tf.constant([each.getvalue() for each in buffers]))
    assert answer["image_sizes"].numpy().tolist() == [[96, 64]] * 2
    np.testing.assert_allclose(answer["boxes"][0], answer["boxes"][1], atol=1e-3)


def test_the_score_maps_come_with_the_same_boxes(loaded, found):
    answer = loaded.signatures["top_score_maps"](image_bytes=tf.constant(PICTURES[2:]))
    assert set(answer) == OUTPUTS | {"score_map_q32", "score_map_q48"}
    for name in ("boxes", "box_scores", "image_sizes"):
        np.testing.assert_allclose(answer[name][0], found[name][2], atol=1e-3)


def test_a_bad_image_is_named(loaded):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image_bytes\[1\]: not a JPEG"):
        loaded.signatures["localise"](image_bytes=tf.constant([PICTURES[0], b"no image"]))


def test_the_description_says_that_it_localises_and_the_net_is_read_as_ever(folder):
    model = str(folder / "model")
    assert box_nets_of(model) == (ServedBoxNet("pcr", 32, SIDES),)
    assert describe(model) == (NET, HEAD)
    assert "localise" in row_by_row(model)
    assert "fc8_kernel" in read_weights(model)
    assert read_weights(model)["fc8_kernel"].shape[-1] == len(CLASSES)
    assert box_nets_of(str(folder / "classifier")) == ()
    with tf.io.gfile.GFile(str(folder / "warm-up"), "rb") as file:
        assert b"localise" in file.read()


def test_a_box_net_of_another_net_or_a_q_that_is_too_small_is_refused(folder, tmp_path):
    def export(sides: tuple[int, ...], boxes: str) -> None:
        export_again(
            str(folder / "classifier"), str(tmp_path / "model"), shorter_sides=(32,), flip=False,
            boxes=[(boxes, sides)],
        )  # fmt: skip

    with pytest.raises(InputError, match="Q 24: smaller than the net's field of 32 pixels"):
        export((24,), str(folder / "boxes"))
    other = tmp_path / "other"
    (other / "variables").mkdir(parents=True)
    for file in (folder / "boxes" / "variables").iterdir():
        (other / "variables" / file.name).symlink_to(file)
    described = json.loads((folder / "boxes" / "vgg_boxes.json").read_text())
    described["head"]["class_names"][0] = "another"
    (other / "vgg_boxes.json").write_text(json.dumps(described))
    with pytest.raises(InputError, match="box net of .*: expected one that was trained from"):
        export((32,), str(other))
    assert not (tmp_path / "model").exists()
