"""score_map: the bare network on pixels that somebody else has decoded."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, softmax


def test_it_does_not_rescale(loaded, convolutional):
    pixels = np.random.default_rng(8).integers(0, 256, (2, 96, 130, 3), np.uint8)
    found = loaded.signatures["score_map"](images=tf.constant(pixels))
    # floor(96 / 32) - 2 + 1 = 2 and floor(130 / 32) - 2 + 1 = 3 places.
    assert found["scores"].shape == (2, 2, 3, 7)
    scores = convolutional(pixels.astype(np.float32) - np.float32(HEAD.mean_rgb)).numpy()
    np.testing.assert_allclose(found["scores"], scores, atol=1e-4)
    np.testing.assert_allclose(found["probabilities"], softmax(scores.mean(axis=(1, 2))), atol=1e-5)


@pytest.mark.parametrize(
    "shape", [(0, 64, 64), (1, 63, 64), (1, 64, 63), (1, 0, 0), (1, 1449, 1449), (33, 256, 256)]
)
def test_no_image_a_small_one_or_too_many_pixels_are_refused(loaded, shape):
    given = " x ".join(map(str, shape))
    wanted = f"images: {given}; expected at least 1 x 64 x 64 and at most 2097152 pixels in all"
    with pytest.raises(tf.errors.InvalidArgumentError, match=wanted):
        loaded.signatures["score_map"](images=tf.zeros([*shape, 3], tf.uint8))


def test_the_nets_field_is_enough(loaded):
    found = loaded.signatures["score_map"](images=tf.zeros([1, 64, 64, 3], tf.uint8))
    assert found["scores"].shape == (1, 1, 1, 7)
