"""The image functions against hand-worked numbers, eagerly and inside tf.data."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models import images


def _jpeg(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, options.pop("format", "JPEG"), **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [
        ((480, 640), 256, (256, 341)),
        ((500, 375), 224, (299, 224)),
        ((100, 100), 384, (384, 384)),
        ((3, 1000), 6, (6, 2000)),
    ],
)
def test_rescale_makes_the_shorter_side_s_and_keeps_the_shape(size, side, expected):
    image = np.zeros((*size, 3), np.uint8)
    assert images.rescale(tf.constant(image), side).shape[:2] == expected


def test_rescale_of_a_constant_image_is_that_constant():
    scaled = images.rescale(tf.constant(np.full((90, 70, 3), 77, np.uint8)), 32)
    np.testing.assert_allclose(scaled, 77.0, atol=1e-3)


def test_rescale_averages_fine_texture_and_does_not_alias_it():
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    scaled = images.rescale(tf.constant(stripes), 64).numpy()
    assert np.abs(scaled - 127.5).max() < 10


def test_half_size_by_hand():
    """Bilinear and widened to the new pixel: weights 1 3 3 1 over 8 on the four pixels around each."""
    row = np.repeat(np.array([0, 80, 160, 240], np.uint8)[np.newaxis, :, np.newaxis], 4, axis=0)
    scaled = images.rescale(tf.constant(np.repeat(row, 3, axis=2)), 2).numpy()
    # Left: pixels 0, 80, 160 with weights 3, 3, 1 over 7, as the fourth lies outside.
    np.testing.assert_allclose(scaled[0, :, 0], [400 / 7, 240 - 400 / 7], rtol=1e-4)


def test_with_flip_mirrors_left_and_right():
    image = tf.constant(np.arange(12, dtype=np.float32).reshape(2, 2, 3))
    both = images.with_flip(image).numpy()
    np.testing.assert_array_equal(both[0], image)
    np.testing.assert_array_equal(both[1], image.numpy()[:, ::-1])


def test_subtract_mean():
    image = tf.constant(np.full((1, 1, 3), 100, np.uint8))
    np.testing.assert_allclose(
        images.subtract_mean(image, [123.68, 116.779, 103.939])[0, 0], [-23.68, -16.779, -3.939], rtol=1e-5
    )


def test_training_scale_covers_its_range_evenly():
    drawn = [int(images.training_scale(256, 260, tf.constant([1, n]))) for n in range(500)]
    counts = np.bincount(np.array(drawn) - 256, minlength=5)
    assert set(drawn) == {256, 257, 258, 259, 260}
    assert counts.min() > 70  # 100 expected of each
    assert {int(images.training_scale(256, 256, tf.constant([1, n]))) for n in range(5)} == {256}


def test_training_crop_repeats_with_its_seed_eagerly_and_in_tf_data():
    image = tf.constant(np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8))

    def crop(seed):
        return images.training_crop(image, scales=(64, 80), size=64, seed=seed)

    seeds = tf.constant([[1, n] for n in range(6)], tf.int64)
    eager = [crop(seed).numpy() for seed in seeds]
    in_tf_data = list(tf.data.Dataset.from_tensor_slices(seeds).map(crop).as_numpy_iterator())
    for one, other in zip(eager, in_tf_data, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
    assert eager[0].shape == (64, 64, 3)
    assert not np.allclose(eager[0], eager[1])


def test_random_crop_reaches_every_place_and_flip_happens_half_the_time():
    image = tf.constant(np.arange(9, dtype=np.float32).reshape(3, 3, 1).repeat(3, axis=2))
    corners = {float(images.random_crop(image, 2, tf.constant([0, n]))[0, 0, 0]) for n in range(60)}
    assert corners == {0.0, 1.0, 3.0, 4.0}
    flipped = sum(float(images.random_flip(image, tf.constant([0, n]))[0, 0, 0]) == 2.0 for n in range(400))
    assert 160 < flipped < 240


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_grey_and_colour_decode_to_rgb(form):
    grey = np.full((16, 16), 90, np.uint8)
    decoded = images.decode(tf.constant(_jpeg(grey, format=form))).numpy()
    assert decoded.shape == (16, 16, 3)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, 90)


def test_undecodable_images_keep_their_place_in_a_graph():
    good = _jpeg(np.full((16, 24, 3), 50, np.uint8))
    batch = tf.constant([good, good[: len(good) // 3], b"", b"no image", good])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def side(batch):
        return images.if_decodable(
            batch, lambda image: tf.cast(tf.shape(images.decode(image))[1], tf.float32), tf.constant(-1.0)
        )

    sizes, decodable = side(batch)
    np.testing.assert_array_equal(sizes, [24, -1, -1, -1, 24])
    np.testing.assert_array_equal(decodable, [True, False, False, False, True])
    assert side(tf.constant([], tf.string))[0].shape == (0,)
