"""features: the descriptor of appendix B, fc7 averaged and normalised."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from helpers.serving.exported import HEAD, IMAGES, pixels

from serving.saved_model.signatures import signatures


def test_features_are_fc7_averaged_over_places_flips_and_q_and_of_length_1(loaded, convolutional):
    fc7 = keras.Model(convolutional.inputs, convolutional.get_layer("fc7").output)
    descriptors = []
    for number in (1, 4):
        by_q = []
        for side in HEAD.shorter_sides:
            image = pixels(IMAGES[number], side)
            both = fc7(np.stack([image, image[:, ::-1]])).numpy()
            by_q.append(both.mean(axis=(0, 1, 2)))
        descriptors.append(np.mean(by_q, axis=0))
    expected = [descriptor / np.sqrt((descriptor**2).sum()) for descriptor in descriptors]
    found = loaded.signatures["features"](image_bytes=tf.constant([IMAGES[1], IMAGES[4]]))["features"].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 0.01  # or the images would prove nothing


def test_at_one_q_and_place_they_are_the_trained_nets_fc7(trained, convolutional):
    """64 x 64 at Q = 64, by the net with Dense layers."""
    fc7 = keras.Model(trained.inputs, trained.get_layer("fc7").output)
    image = pixels(IMAGES[4])
    expected = fc7(np.stack([image, image[:, ::-1]])).numpy().mean(axis=0)
    function, _ = signatures(convolutional, replace(HEAD, shorter_sides=(64,)))["features"]
    found = tf.function(function)(tf.constant([IMAGES[4]]))["features"][0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


def test_an_empty_request_has_an_empty_answer(loaded):
    assert loaded.signatures["features"](image_bytes=tf.constant([], tf.string))["features"].shape == (0, 256)
