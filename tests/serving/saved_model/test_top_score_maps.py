"""top_score_maps: what serving_default gives, and the score maps of the best classes."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, IMAGES, PREDICTED, pixels, softmax


@pytest.mark.parametrize("number", range(len(IMAGES)))
def test_top_score_maps_gives_what_serving_default_gives(loaded, number):
    request = tf.constant([IMAGES[number]])
    found = loaded.signatures["top_score_maps"](image_bytes=request)
    predicted = loaded.signatures["serving_default"](image_bytes=request)
    assert set(found) == PREDICTED | {f"score_map_q{q}" for q in HEAD.shorter_sides}
    np.testing.assert_allclose(found["probabilities"], predicted["probabilities"], atol=1e-6)
    assert found["top_classes"].numpy().tolist() == predicted["top_classes"].numpy().tolist()


def test_the_maps_are_the_nets_scores_of_the_best_classes_unflipped(loaded, convolutional):
    found = loaded.signatures["top_score_maps"](image_bytes=tf.constant([IMAGES[1]]))
    best = [HEAD.class_names.index(name.decode()) for name in found["top_classes"].numpy()[0]]
    posteriors = []
    for side in HEAD.shorter_sides:
        image = pixels(IMAGES[1], side)
        plain, flipped = convolutional(np.stack([image, image[:, ::-1]])).numpy()
        np.testing.assert_allclose(found[f"score_map_q{side}"][0], plain[..., best], atol=1e-4)
        posteriors.append(softmax(np.stack([plain, flipped]).mean(axis=(1, 2))).mean(axis=0))
    # 200 x 64 at Q = 96 is 300 x 96: floor(300 / 32) - 2 + 1 = 8 and floor(96 / 32) - 2 + 1 = 2 places.
    assert found["score_map_q96"].shape == (1, 8, 2, 5)
    np.testing.assert_allclose(found["top_probabilities"][0], np.mean(posteriors, axis=0)[best], atol=1e-5)


@pytest.mark.parametrize("count", [0, 2])
def test_top_score_maps_takes_one_image(loaded, count):
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"image_bytes: {count} images; expected 1"):
        loaded.signatures["top_score_maps"](image_bytes=tf.constant(IMAGES[:count], tf.string))


def test_top_score_maps_of_a_bad_image_is_refused(loaded):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image_bytes\[0\]: not a JPEG"):
        loaded.signatures["top_score_maps"](image_bytes=tf.constant([b"no image"]))
