"""The image functions against hand-worked numbers, eagerly and inside tf.data."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models import images, undecodable


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


def test_subtract_mean():
    image = tf.constant(np.full((1, 1, 3), 100, np.uint8))
    np.testing.assert_allclose(
        images.subtract_mean(image, [123.68, 116.779, 103.939])[0, 0], [-23.68, -16.779, -3.939], rtol=1e-5
    )


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
        return undecodable.if_decodable(
            batch, lambda image: tf.cast(tf.shape(image)[1], tf.float32), tf.constant(-1.0)
        )

    sizes, decodable = side(batch)
    np.testing.assert_array_equal(sizes, [24, -1, -1, -1, 24])
    np.testing.assert_array_equal(decodable, [True, False, False, False, True])
    assert side(tf.constant([], tf.string))[0].shape == (0,)


def test_a_fault_behind_the_decoding_does_not_pass_for_an_undecodable_image():
    def fault(image):
        with tf.control_dependencies([tf.debugging.Assert(tf.shape(image)[0] != 16, ["a fault"])]):
            return tf.constant(1.0)

    good = tf.constant([_jpeg(np.full((side, 24, 3), 50, np.uint8)) for side in (8, 16, 32)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="a fault"):
        undecodable.if_decodable(good, fault, tf.constant(-1.0))


def test_decoded_images_keep_their_order_whatever_is_decoded_together():
    """Of 60 numbers those that 3 divides fail and those from 20 to 29, so that some blocks are empty."""
    elements = tf.data.Dataset.range(60)

    def decode(number):
        with tf.control_dependencies(
            [tf.debugging.Assert((number % 3 != 0) & (number // 10 != 2), ["fails"])]
        ):
            return (number + 0,)

    expected = [2 * n for n in range(60) if n % 3 and n // 10 != 2]
    for together, at_once in ((1, 4), (4, 3), (8, tf.data.AUTOTUNE), (100, 2)):
        found = undecodable.decode_each(
            elements, decode, lambda number: 2 * number, at_once=at_once, together=together
        )
        assert list(found.as_numpy_iterator()) == expected


def test_a_fault_before_the_decoding_is_raised():
    def read(number):
        with tf.control_dependencies([tf.debugging.Assert(number != 7, ["a fault"])]):
            return number + 0

    found = undecodable.decode_each(
        tf.data.Dataset.range(20).map(read), lambda n: (n,), lambda n: n, at_once=2, together=4
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="a fault"):
        list(found.as_numpy_iterator())


@pytest.mark.parametrize(
    ("size", "middle"), [((2, 20), (slice(0, 2), slice(6, 14))), ((7, 1), (slice(1, 5), slice(0, 1)))]
)
def test_a_strip_is_cut_to_four_times_its_shorter_side(size, middle):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    np.testing.assert_array_equal(images.shortened(tf.constant(image)), image[middle])


def test_four_to_one_is_not_cut():
    image = np.random.default_rng(0).integers(0, 256, (5, 20, 3), np.uint8)
    np.testing.assert_array_equal(images.shortened(tf.constant(image)), image)
