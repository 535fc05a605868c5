"""The Exporter's model against NumPy over the net that was trained."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, NET, encode, example, pixels, softmax
from helpers.serving.localising import evaluation_of, write_boxes
from tfx.types import standard_artifacts

from components.datasets.record_index import index_of
from components.drift.statistics import images_in, read_statistics
from components.ingestion.shard_example_gen import write_index
from components.localisation.box_recipe import BoxEvaluation
from components.pushing.exporter import Exporter
from components.recipe import Evaluation, to_json
from models.vgg import build
from serving.saved_model.description import ServedBoxNet, box_nets_of, describe, experiment_of
from serving.saved_model.export import export, read_weights

pytestmark = pytest.mark.slow  # two exports

FOLDER = "Format-Serving"
# One place at Q = 64; the channels' means lie 90 apart, so that an order of channels shows.
PICTURE = encode(64, 64, "PNG", seed=5)
WIDE = encode(90, 130, "PNG", seed=6)
MEAN = (150.0, 110.0, 60.0)


def _examples(folder):
    """ShardExampleGen's of three images of two classes, one of which does not decode."""
    split = folder / "Split-train"
    split.mkdir(parents=True)
    file = str(split / "train-00000-of-00001")
    with tf.io.TFRecordWriter(file) as writer:
        for image, label in ((PICTURE, 1), (encode(80, 40, "JPEG", seed=6), 2), (b"no image", 2)):
            writer.write(example(image, label))
    write_index(str(folder), "train", index_of([file]))
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    return artifact


def _artifact(folder):
    artifact = standard_artifacts.Model()
    artifact.uri = str(folder)
    return artifact


@pytest.fixture(scope="module")
def trained():
    model = build(NET, seed=3)
    kernel, bias = model.get_layer("fc8").get_weights()
    model.get_layer("fc8").set_weights([kernel * 3, np.linspace(-0.5, 0.5, bias.size)])
    return model


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory) -> str:
    """By the Exporter at Q = 64 without the flip, of a Trainer's artifact of another protocol, with boxes at
    64 and 80."""
    folder = tmp_path_factory.mktemp("artifacts")
    head = dataclasses.replace(HEAD, mean_rgb=MEAN, shorter_sides=(80, 96), flip=True)
    export(trained, NET, head, str(folder / "trained" / FOLDER))
    # Of which the fully connected layers alone were trained.
    write_boxes(folder / "boxes" / FOLDER, NET, head, trained)
    Exporter.test_call(
        trained=_artifact(folder / "trained"),
        examples=_examples(folder / "examples"),
        model=_artifact(folder / "model"),
        evaluation=to_json(Evaluation((64,), flip=False)),
        experiment="mine",
        boxes=_artifact(folder / "boxes"),
        localisation=to_json(BoxEvaluation((64, 80))),
    )
    return str(folder / "model" / FOLDER)


def test_it_answers_as_the_trained_net_does_of_the_picture_less_the_mean_rgb(trained, exported):
    seen = pixels(PICTURE) + np.float32(HEAD.mean_rgb) - np.float32(MEAN)
    expected = softmax(trained(seen[np.newaxis]).numpy())
    loaded = tf.saved_model.load(exported)
    found = loaded.signatures["serving_default"](image_bytes=tf.constant([PICTURE]))["probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    in_other_order = pixels(PICTURE) + np.float32(HEAD.mean_rgb) - np.float32(MEAN[::-1])
    assert np.abs(softmax(trained(in_other_order[np.newaxis]).numpy()) - expected).max() > 1e-3


def test_the_weights_are_those_that_were_trained(trained, exported):
    found = read_weights(exported)
    for layer in ("conv1_1", "conv5_2", "fc8"):
        kernel, bias = trained.get_layer(layer).get_weights()
        np.testing.assert_array_equal(found[f"{layer}_kernel"].reshape(kernel.shape), kernel)
        np.testing.assert_array_equal(found[f"{layer}_bias"], bias)


def test_only_the_protocol_is_another(exported):
    expected = dataclasses.replace(HEAD, mean_rgb=MEAN, shorter_sides=(64,), flip=False)
    assert describe(exported) == (NET, expected)


def test_it_says_whose_model_it_is(exported):
    assert experiment_of(exported) == "mine"


def test_it_localises_at_the_experiments_q(exported):
    assert box_nets_of(exported) == (ServedBoxNet("pcr", 64, (64, 80)),)
    loaded = tf.saved_model.load(exported)
    found = loaded.signatures["localise"](image_bytes=tf.constant([WIDE]))
    labels = [HEAD.class_names.index(name.decode()) for name in found["top_classes"].numpy()[0]]
    folder = Path(exported).parents[1]
    boxes_of = evaluation_of(folder / "trained" / FOLDER, folder / "boxes" / FOLDER)
    np.testing.assert_allclose(found["boxes"][0], boxes_of(WIDE, labels, (64, 80)), atol=1e-2)
    answer = loaded.signatures["serving_default"](image_bytes=tf.constant([WIDE]))
    np.testing.assert_allclose(found["probabilities"], answer["probabilities"], atol=1e-6)


def test_convolutions_that_the_box_net_shares_are_stored_once(exported):
    stored = {name for name, _ in tf.train.list_variables(os.path.join(exported, "variables", "variables"))}
    of_boxes = {name.split("/")[2] for name in stored if name.startswith("box_weights/")}
    assert of_boxes == {f"{layer}_{kind}" for layer in ("fc6", "fc7", "fc8") for kind in ("kernel", "bias")}


def test_statistics_of_the_training_images_stay_with_the_model(exported):
    found = read_statistics(exported)
    assert images_in(found) == 2
    features = {each.path.step[0]: each for each in found.datasets[0].features}
    assert (features["height"].num_stats.min, features["height"].num_stats.max) == (64, 80)
    labels = features["label"].string_stats.rank_histogram.buckets
    assert {bucket.label: bucket.sample_count for bucket in labels} == {"tench": 1, "goldfish": 1}
