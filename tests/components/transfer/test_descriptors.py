"""Descriptors on Beam against the exported model's own, their labels, and the SVM as a served model."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.model_server import VERSION, picture

from components.datasets.layouts import IMAGENET, TFDS
from components.evaluation.model_evaluation import local_pipeline
from components.transfer.described import labels_of, read_described
from components.transfer.descriptors import describe_splits
from components.transfer.svm import normalised
from components.transfer.svm_trainer import net_with_svm
from models.errors import InputError
from models.initial_weights import take_weights
from models.vgg import build
from serving.saved_model.description import describe
from serving.saved_model.export import export

SIDES = (64, 80, 96)  # the pushed model's


def record(label: int, encoded: bytes = b"", boxes=(), difficult=(), layout=IMAGENET) -> bytes:
    feature = {
        layout.image: tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded])),
        layout.label: tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        layout.filename: tf.train.Feature(bytes_list=tf.train.BytesList(value=[f"{label}.jpg".encode()])),
        "image/object/bbox/label": tf.train.Feature(int64_list=tf.train.Int64List(value=boxes)),
        "image/object/difficult": tf.train.Feature(int64_list=tf.train.Int64List(value=difficult)),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


@pytest.mark.parametrize(
    ("made", "layout", "labels"),
    [
        (record(3), IMAGENET, ([2], [])),
        (record(3, layout=TFDS), TFDS, ([3], [])),
        (record(3, boxes=[3, 3]), IMAGENET, ([2], [])),
        (record(3, boxes=[3, 1, 7], difficult=[0, 0, 0]), IMAGENET, ([0, 2, 6], [])),
        # Of class 7 nothing but a difficult object; of class 1 one of each.
        (record(3, boxes=[3, 1, 1, 7], difficult=[0, 1, 0, 1]), IMAGENET, ([0, 2], [6])),
        (record(3, boxes=[3], difficult=[1]), IMAGENET, ([], [2])),
    ],
)
def test_the_labels_of_an_image_are_its_own_and_those_of_its_objects(made, layout, labels):
    assert labels_of(made, layout) == labels


@pytest.fixture(scope="module")
def images():
    """Two patterns, three pictures of each, and a file that is none."""
    return [*(picture(seed % 2, 90 + 4 * seed, 70) for seed in range(6)), b"no picture"]


@pytest.fixture(scope="module")
def files(images, pushed, tmp_path_factory):
    """The descriptors' files of each Q."""
    folder = tmp_path_factory.mktemp("described")
    with tf.io.TFRecordWriter(str(folder / "data")) as writer:
        for number, encoded in enumerate(images):
            writer.write(record(1 + number % 2, encoded, boxes=[3] if number == 1 else []))
    found = []
    for side in SIDES:
        out = str(folder / f"Q{side}")
        with local_pipeline() as pipeline:
            describe_splits(
                pipeline, {"train": [str(folder / "data")]}, {"train": out}, str(pushed / str(VERSION)), side,
                flip=True,
            )  # fmt: skip
        found.append(tf.io.gfile.glob(f"{out}/*"))
    return found


@pytest.mark.beam
@pytest.mark.slow
def test_they_are_the_exported_models_features(files, images, pushed):
    run = tf.saved_model.load(str(pushed / str(VERSION))).signatures["features"]
    own = run(image_bytes=tf.constant(images[:6]))["features"].numpy()
    found = read_described(files, 3)
    assert found.decodes.sum() == 6
    assert not found.features[~found.decodes].any()
    features = normalised(found.features[found.decodes])
    # In the order of the keys, which are hashes.
    order = [int(np.argmax(features @ row)) for row in own]
    assert sorted(order) == list(range(6))
    np.testing.assert_allclose(features[order], own, atol=1e-4)
    has = found.has[found.decodes][order]
    assert has.tolist() == [[n % 2 == 0, n % 2 == 1, n == 1] for n in range(6)]
    assert found.several_labels


@pytest.mark.beam
@pytest.mark.slow
def test_those_of_other_images_or_classes_are_refused(files, tmp_path):
    with pytest.raises(InputError, match="expected 0..1"):
        read_described(files, 2)
    short = str(tmp_path / "short")
    records = list(tf.data.TFRecordDataset(files[0]).as_numpy_iterator())
    with tf.io.TFRecordWriter(short) as writer:
        for each in records[1:]:
            writer.write(each)
    with pytest.raises(InputError, match="of other images"):
        read_described([files[1], [short]], 3)


@pytest.mark.beam
@pytest.mark.slow
def test_the_exported_model_says_what_the_svm_says(files, images, pushed, tmp_path):
    """At one Q without the flip's average: the same class of each image."""
    base = str(pushed / str(VERSION))
    found = read_described(files[:1], 3)
    found = dataclasses.replace(found, has=found.has[:, :2], known=found.known[:, :2])
    weights, chosen, used = net_with_svm(base, found, 0, several_labels=False)
    assert used == 6
    net, head = describe(base)
    model = build(dataclasses.replace(net, classes=2))
    take_weights(model, weights)
    head = dataclasses.replace(head, class_names=("a", "b"), shorter_sides=(SIDES[0],), synsets=())
    export(model, dataclasses.replace(net, classes=2), head, str(tmp_path / "1"))
    run = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    served = run(image_bytes=tf.constant(images[:6]))["top_classes"].numpy()[:, 0]
    assert [each.decode() for each in served] == ["a", "b"] * 3
    scores = normalised(found.features[found.decodes]) @ chosen.weights
    assert (scores.argmax(axis=1) == found.has[found.decodes].argmax(axis=1)).all()
