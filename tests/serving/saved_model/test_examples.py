"""examples and labels: what TFMA and InfraValidator send."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, IMAGES, example, pixels, softmax

from serving.saved_model.signatures import signatures


def test_examples_give_each_q_and_the_mean_of_them(loaded, expected):
    found = loaded.signatures["examples"](examples=tf.constant([example(image) for image in IMAGES]))
    for row, q in enumerate(HEAD.shorter_sides):
        np.testing.assert_allclose(found[f"probabilities_q{q}"], expected[:, row], atol=1e-5)
    mean = np.mean([found[f"probabilities_q{q}"] for q in (64, 80, 96)], axis=0)
    np.testing.assert_allclose(found["probabilities"], mean, atol=1e-6)


def test_a_window_of_the_training_size_is_the_trained_nets_own_answer(trained, loaded):
    """64 x 64 at Q = 64: nothing is rescaled and there is one place. By the net with Dense layers."""
    image = pixels(IMAGES[4])
    posteriors = softmax(trained(np.stack([image, image[:, ::-1]])).numpy())
    found = loaded.signatures["examples"](examples=tf.constant([example(IMAGES[4])]))
    np.testing.assert_allclose(found["probabilities_q64"][0], posteriors.mean(axis=0), atol=1e-5)


def test_no_examples_have_no_answers(loaded):
    assert loaded.signatures["examples"](examples=tf.constant([], tf.string))["probabilities"].shape == (0, 7)


@pytest.mark.parametrize(
    ("image_key", "label_key", "first_label", "written"),
    [("image/encoded", "image/class/label", 1, [1, 7, 3]), ("image", "label", 0, [0, 6, 2])],
)
def test_labels_count_from_0_in_both_layouts(convolutional, image_key, label_key, first_label, written):
    head = replace(HEAD, image_key=image_key, label_key=label_key, first_label=first_label)
    function, (spec,) = signatures(convolutional, head)["labels"]
    assert (spec.name, spec.dtype, spec.shape.as_list()) == ("examples", tf.string, [None])
    batch = []
    for label in written:
        made = tf.train.Example()
        made.features.feature[label_key].int64_list.value.append(label)
        batch.append(made.SerializeToString())
    found = function(tf.constant(batch))["label"]
    assert found.dtype == tf.int64
    assert found.numpy().tolist() == [0, 6, 2]


def test_the_exported_labels(loaded):
    batch = tf.constant([example(b"", label) for label in (1, 7)])
    assert loaded.signatures["labels"](examples=batch)["label"].numpy().tolist() == [0, 6]
