"""Images more than four times longer than wide: four squares at even distances in place of the whole."""

import io

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, encode, example, pixels, rescaled, softmax
from PIL import Image

from models.scoring import views

Q = 64


def _turned(png: bytes) -> bytes:
    return tf.io.encode_png(tf.image.transpose(tf.io.decode_png(png))).numpy()


def _squares(png: bytes) -> np.ndarray:
    """Of an image 40 pixels high and 205 wide, less the mean: 165 / 3 = 55 pixels from one to the next."""
    image = np.asarray(Image.open(io.BytesIO(png)), np.float32)
    parts = [rescaled(image[:, start : start + 40], Q) for start in range(0, 166, 55)]
    assert len(parts) == 4
    return np.stack(parts) - np.float32(HEAD.mean_rgb)


@pytest.fixture(scope="module")
def long() -> bytes:
    return encode(40, 205, "PNG", seed=3)


def test_the_squares_go_evenly_from_end_to_end(long):
    image = tf.io.decode_png(long)
    found = views(image, shorter_side=Q, mean_rgb=HEAD.mean_rgb)
    np.testing.assert_allclose(found, _squares(long), atol=1e-3)
    tall = views(tf.image.transpose(image), shorter_side=Q, mean_rgb=HEAD.mean_rgb)
    np.testing.assert_allclose(tall, np.swapaxes(_squares(long), 1, 2), atol=1e-3)


def test_four_times_as_long_is_looked_at_whole():
    image = tf.io.decode_png(encode(40, 160, "PNG", seed=3))
    found = views(image, shorter_side=Q, mean_rgb=HEAD.mean_rgb)
    np.testing.assert_allclose(found[0], pixels(tf.io.encode_png(image).numpy(), Q), atol=1e-3)
    assert found.shape == (1, 64, 256, 3)


def test_scores_are_averaged_over_the_places_of_all_squares(loaded, convolutional, long):
    squares = _squares(long)
    flips = [convolutional(batch).numpy().mean(axis=(0, 1, 2)) for batch in (squares, squares[:, :, ::-1])]
    found = loaded.signatures["examples"](examples=tf.constant([example(long)]))["probabilities_q64"]
    np.testing.assert_allclose(found[0], softmax(np.stack(flips)).mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("turned", [False, True])
def test_their_score_maps_lie_side_by_side(loaded, convolutional, long, turned):
    squares = _squares(long)
    image = long
    if turned:
        image, squares = _turned(long), np.swapaxes(squares, 1, 2)
    found = loaded.signatures["top_score_maps"](image_bytes=tf.constant([image]))
    best = [HEAD.class_names.index(name.decode()) for name in found["top_classes"].numpy()[0]]
    maps = convolutional(squares).numpy()[..., best]
    np.testing.assert_allclose(
        found["score_map_q64"][0], np.concatenate(maps, axis=0 if turned else 1), atol=1e-4
    )
    assert found["score_map_q96"].shape == ((1, 8, 2, 5) if turned else (1, 2, 8, 5))
