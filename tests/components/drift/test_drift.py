"""Served images against training images: distances worked by hand, TFDV's verdict, the command."""

import json

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from helpers.serving.running_server import picture
from tensorflow_serving.apis import prediction_log_pb2

from components.drift.comparison import Bounds, compare
from components.drift.drift import drift_of
from components.drift.features import Features
from components.drift.served_images import Count, count_images, drawn_images
from components.drift.statistics import FILE, images_in, read_statistics, statistics_of, write_statistics
from models.errors import InputError
from pipeline.commands.drift import drift

BOUNDS = Bounds(fewest=20)


def _rows(count: int, **values) -> list[Features]:
    """Of spread numbers, the same for the same count, with some features replaced."""
    random = np.random.default_rng(3)
    rows = []
    for number in range(count):
        spread = random.normal(100, 10, 7)
        row = dict(zip(Features.__dataclass_fields__, [*spread, "jpeg", "3", "owl"], strict=True))
        rows.append(Features(**{**row, **{name: of(number, row[name]) for name, of in values.items()}}))
    return rows


def _distances(trained: list[Features], served: list[Features], bounds: Bounds = BOUNDS) -> dict:
    return {each.feature: each for each in compare(statistics_of(trained), statistics_of(served), bounds)}


def test_the_same_images_are_at_no_distance():
    found = _distances(_rows(40), _rows(40))
    assert len(found) == 10
    assert all(each.distance == pytest.approx(0, abs=1e-6) and not each.drifted for each in found.values())


def test_a_words_distance_is_the_share_that_differs_most():
    """Training: half of them cats. Serving: four fifths; three tenths more."""
    trained = _rows(40, label=lambda number, _: "cat" if number % 2 else "owl")
    served = _rows(40, label=lambda number, _: "cat" if number % 5 else "owl")
    found = _distances(trained, served)
    assert found["label"].distance == pytest.approx(0.3, abs=1e-6)
    assert (found["label"].measure, found["label"].threshold) == ("L-infinity", 0.1)
    assert (found["label"].trained, found["label"].served) == ("owl 50%", "cat 80%")
    assert "The Linfty distance between training and serving is 0.3" in found["label"].words
    assert [name for name, each in found.items() if each.drifted] == ["label"]
    assert not _distances(trained, served, Bounds(words=0.31, fewest=20))["label"].drifted


def test_a_number_that_lies_elsewhere_has_the_largest_divergence():
    """Jensen-Shannon of distributions that share no value, in bits: 1."""
    found = _distances(_rows(40), _rows(40, height=lambda _, height: height + 1000))
    assert found["height"].distance == pytest.approx(1, abs=1e-3)
    assert found["height"].measure == "Jensen-Shannon"
    assert [name for name, each in found.items() if each.drifted] == ["height"]


def test_a_value_that_was_never_trained_on_is_named():
    found = _distances(_rows(40), _rows(40, format=lambda *_: "png"))
    assert found["format"].distance == pytest.approx(1)
    assert found["format"].served == "png 100%"


@pytest.mark.parametrize(("trained", "served", "whose"), [(19, 40, "training"), (40, 19, "served")])
def test_too_few_images_tell_nothing(trained, served, whose):
    with pytest.raises(InputError, match=f"19 {whose} images: too few to tell drift from chance"):
        _distances(_rows(trained), _rows(served))


def _log(path, images: list[bytes], best: str = "owl", signature: str = "") -> str:
    """A file as vgg serve writes it, of a request for each image, and one of another signature."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for image in images:
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([image]))
            names = tf.make_tensor_proto([[best, "second"]])
            log.predict_log.response.outputs["top_classes"].CopyFrom(names)
            writer.write(log.SerializeToString())
        other = prediction_log_pb2.PredictionLog()
        other.predict_log.request.inputs["images"].CopyFrom(tf.make_tensor_proto(np.zeros([1, 8, 8, 3])))
        writer.write(other.SerializeToString())
    return str(path)


def test_a_logs_images_are_read_with_their_best_class_and_drawn_by_the_seed(tmp_path):
    images = [picture(number, 8, 8) for number in range(30)]
    files = [_log(tmp_path / "a", images[:10]), _log(tmp_path / "b", images[10:], "cat")]
    assert count_images(files) == Count(images=30, other=2)
    found = list(drawn_images(files, 30, 100, 0))
    assert found == [(image, "owl") for image in images[:10]] + [(image, "cat") for image in images[10:]]
    draws = [[image for image, _ in drawn_images(files, 30, 3, seed)] for seed in range(20)]
    assert draws[0] == [image for image, _ in drawn_images(files, 30, 3, 0)]
    assert all(len(draw) == 3 and sorted(draw, key=images.index) == draw for draw in draws)
    # Of 30 images one is in none of 20 draws with a chance of 0.9 ** 20: 3.6 of them, and not half.
    assert len({image for draw in draws for image in draw}) > 15


def test_a_file_that_is_no_log_is_named(tmp_path):
    (tmp_path / "log").write_bytes(b"no TFRecord at all, and long enough to be one")
    with pytest.raises(InputError, match="request log .*log: cannot be read"):
        count_images([str(tmp_path / "log")])


@pytest.fixture
def model(tmp_path) -> str:
    """A folder with the statistics of fifty pictures."""
    from components.drift.features import features_of

    folder = str(tmp_path / "serving" / "vgg" / "7")
    pictures = [(picture(number), "owl") for number in range(50)]
    write_statistics(statistics_of(features_of(pictures)), folder)
    assert images_in(read_statistics(folder)) == 50
    return folder


def test_the_command_says_what_has_drifted_and_its_status_too(model, tmp_path):
    same = _log(tmp_path / "logs" / "same-1.tfrecord", [picture(100 + n) for n in range(50)])
    _log(tmp_path / "logs" / "other-1.tfrecord", [picture(n, 80, 100, "PNG") for n in range(50)])

    def called(*words: str):
        return CliRunner().invoke(
            drift, [*words, "--fewest", "20", "--numbers", "0.35"], standalone_mode=False
        )

    alike = called("--log", same, "--model", model)
    assert (alike.return_value, alike.output.splitlines()[-1]) == (
        0,
        "No drift: 50 served images are like the training images",
    )
    unlike = called("--log", str(tmp_path / "logs" / "other-*"), "--home", str(tmp_path), "--json")
    found = json.loads(unlike.output)
    assert unlike.return_value == 4
    assert found["drifted"] == ["height", "width", "format"]
    assert (found["model"], found["served"], found["logged"], found["other"]) == (model, 50, 50, 1)


def test_what_cannot_be_compared_is_refused_in_a_line(model, tmp_path):
    file = _log(tmp_path / "log", [picture(1)] * 30)
    with pytest.raises(InputError, match=f"no {FILE} in it"):
        drift_of(str(tmp_path), [file], BOUNDS)
    with pytest.raises(InputError, match="no such file"):
        drift_of(model, [str(tmp_path / "none-*")], BOUNDS)
    with pytest.raises(InputError, match="30 photographs in it; expected at least 31"):
        drift_of(model, [file], Bounds(fewest=31))
    empty = CliRunner().invoke(
        drift, ["--log", file, "--home", str(tmp_path / "empty")], standalone_mode=False
    )
    assert "no version in it" in str(empty.exception)
