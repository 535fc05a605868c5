"""A trial's figures are those of what the exported model answers, by its own signature."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, IMAGES, NET

from components.datasets.layouts import IMAGENET
from components.datasets.record_index import RecordIndex, index_of
from components.recipe import Evaluation
from components.tuning.objective import metrics_of_net
from models.protocols import Protocol
from serving.saved_model.export import read_network

LABELS = [1, 2, 3, 4, 5]


@pytest.fixture(scope="module")
def model(pushed) -> str:
    (version,) = (path for path in Path(pushed).iterdir() if path.is_dir())
    return str(version)


@pytest.fixture(scope="module")
def network(model):
    """The net, what it is and its head."""
    return read_network(model)


def write(path: Path, photographs: list[bytes], labels: list[int]) -> RecordIndex:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for encoded, label in zip(photographs, labels, strict=True):
            example = tf.train.Example()
            feature = example.features.feature
            feature[IMAGENET.image].bytes_list.value.append(encoded)
            feature[IMAGENET.label].int64_list.value.append(label)
            feature[IMAGENET.filename].bytes_list.value.append(b"a.jpg")
            writer.write(example.SerializeToString())
    return index_of([str(path)])


@pytest.fixture(scope="module")
def posteriors(model) -> np.ndarray:
    """[images, classes], averaged over HEAD's Q and the flip."""
    answer = tf.saved_model.load(model).signatures["serving_default"](tf.constant(IMAGES))
    return answer["probabilities"].numpy()


def test_the_figures_are_those_of_the_models_own_answers(network, posteriors, tmp_path):
    best = posteriors.argmax(axis=1)
    labels = [int(best[0]), int(best[1]), *(int((one + 1) % NET.classes) for one in best[2:])]
    records = write(tmp_path / "eval", IMAGES, [IMAGENET.first_label + label for label in labels])
    found = metrics_of_net(*network, records, IMAGENET, Evaluation(HEAD.shorter_sides))
    assert found["images"] == 5
    assert found["top1_error"] == pytest.approx(3 / 5)
    ranks = [(row > row[label]).sum() for row, label in zip(posteriors, labels, strict=True)]
    assert found["top5_error"] == pytest.approx(np.mean(np.array(ranks) >= 5))
    true = posteriors[np.arange(5), labels]
    assert found["cross_entropy"] == pytest.approx(-np.log(true).mean(), abs=1e-5)


def test_another_protocol_is_another_figure(network, tmp_path):
    records = write(tmp_path / "eval", IMAGES, LABELS)
    nats = {
        name: metrics_of_net(*network, records, IMAGENET, evaluation)["cross_entropy"]
        for name, evaluation in {
            "dense": Evaluation((80,)),
            "other Q": Evaluation((96,)),
            "unflipped": Evaluation((80,), flip=False),
            "crop": Evaluation((80,), protocol=Protocol.CENTRE_CROP),
        }.items()
    }
    assert len({round(value, 6) for value in nats.values()}) == 4


def test_an_image_that_does_not_decode_is_an_error(network, posteriors, tmp_path):
    records = write(tmp_path / "eval", [IMAGES[0], b"no photograph"], [1 + int(posteriors[0].argmax()), 1])
    found = metrics_of_net(*network, records, IMAGENET, Evaluation((64,)))
    assert (found["images"], found["top1_error"]) == (2, 0.5)
