"""serving_default and single_scale: from encoded images to posteriors and the best classes."""

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, IMAGES, encode, pixels, softmax

from serving.saved_model.signatures import requests, signatures, top_classes


def test_the_test_images_have_clearly_different_answers(expected):
    """Else the comparisons below would prove nothing."""
    averaged = expected.mean(axis=1)
    assert np.abs(averaged - averaged.mean(axis=0)).max() > 0.01
    assert np.abs(expected - expected.mean(axis=1, keepdims=True)).max() > 0.003
    assert averaged.max() - averaged.min() > 0.1


def test_mixed_sizes_and_forms_in_one_request_are_as_computed_eagerly(loaded, expected):
    found = loaded.signatures["serving_default"](image_bytes=tf.constant(IMAGES))
    averaged = expected.mean(axis=1)
    np.testing.assert_allclose(found["probabilities"], averaged, atol=1e-5)
    np.testing.assert_allclose(found["probabilities"].numpy().sum(axis=1), 1, atol=1e-5)
    order = np.argsort(-averaged, axis=1)[:, :5]
    names = [[name.decode() for name in row] for row in found["top_classes"].numpy()]
    assert names == [[HEAD.class_names[index] for index in row] for row in order]
    np.testing.assert_allclose(
        found["top_probabilities"], np.take_along_axis(averaged, order, axis=1), atol=1e-5
    )


def test_an_image_does_not_depend_on_its_neighbours(loaded):
    predict = loaded.signatures["serving_default"]
    together = predict(image_bytes=tf.constant(IMAGES))["probabilities"]
    alone = [predict(image_bytes=tf.constant([image]))["probabilities"][0] for image in IMAGES]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_more_images_than_are_decoded_at_a_time_keep_their_order(loaded, expected):
    repeats = requests.AT_A_TIME // len(IMAGES) + 1
    found = loaded.signatures["serving_default"](image_bytes=tf.constant(IMAGES * repeats))
    np.testing.assert_allclose(
        found["probabilities"], np.tile(expected.mean(axis=1), (repeats, 1)), atol=1e-5
    )


def test_an_empty_request_has_an_empty_answer(loaded):
    for name in ("serving_default", "single_scale"):
        found = loaded.signatures[name](image_bytes=tf.constant([], tf.string))
        assert found["probabilities"].shape == (0, 7)
        assert found["top_classes"].shape == (0, 5)


def test_single_scale_is_the_middle_q_without_flip(loaded, convolutional):
    found = loaded.signatures["single_scale"](image_bytes=tf.constant([IMAGES[1], IMAGES[4]]))
    scores = [convolutional(pixels(IMAGES[n], 80)[np.newaxis]).numpy().mean(axis=(1, 2)) for n in (1, 4)]
    np.testing.assert_allclose(found["probabilities"], softmax(np.concatenate(scores)), atol=1e-5)


@pytest.mark.parametrize(("sides", "middle"), [((96, 64, 80), 80), ((64,), 64), ((96, 64), 64)])
def test_the_middle_q(sides, middle):
    assert replace(HEAD, shorter_sides=sides).middle_side == middle


def test_one_scale_without_flip_is_the_trained_nets_own_answer(trained, convolutional):
    """64 x 64 at Q = 64: nothing is rescaled and there is one place. By the net with Dense layers."""
    head = replace(HEAD, shorter_sides=(64,), flip=False)
    predict, _ = signatures(convolutional, head)["serving_default"]
    found = tf.function(predict)(tf.constant([IMAGES[4]]))["probabilities"]
    scores = trained(pixels(IMAGES[4])[np.newaxis]).numpy()
    np.testing.assert_allclose(found, softmax(scores), atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (8, 4)])
def test_an_image_smaller_than_the_nets_field_is_scaled_up(loaded, size):
    """A single colour, so that its enlargement is known without any filter."""
    tiny = tf.io.encode_png(tf.fill([*size, 3], tf.constant(200, tf.uint8))).numpy()
    side = 64 * np.array(size) // min(size)
    large = tf.io.encode_png(tf.fill([*side, 3], tf.constant(200, tf.uint8))).numpy()
    found = loaded.signatures["serving_default"](image_bytes=tf.constant([tiny, large]))["probabilities"]
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_a_photograph_on_its_side_is_turned_by_its_exif(loaded):
    """Stored turned to the left, with the note to turn it right."""
    upright = encode(70, 90, "PNG", seed=1)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    stored = tf.io.encode_png(tf.image.rot90(tf.io.decode_png(upright))).numpy()
    stored = stored[:33] + _chunk(b"eXIf", exif[6:]) + stored[33:]
    found = loaded.signatures["serving_default"](image_bytes=tf.constant([upright, stored]))["probabilities"]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_fewer_than_five_classes_have_fewer_top_classes():
    names, values = top_classes(tf.constant([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]), ("a", "b", "c"))
    assert names.numpy().tolist() == [[b"b", b"c", b"a"], [b"a", b"c", b"b"]]
    np.testing.assert_allclose(values, [[0.5, 0.3, 0.2], [0.6, 0.3, 0.1]])


def test_top_classes_of_one_name_are_told_apart_by_their_synsets(convolutional):
    head = replace(HEAD, class_names=("crane", "crane", *HEAD.class_names[2:]), shorter_sides=(64,))
    served = signatures(convolutional, head)
    for name in ("serving_default", "single_scale", "top_score_maps"):
        function, _ = served[name]
        found = tf.function(function)(tf.constant(IMAGES[4:]))
        shown = ("crane (n01)", "crane (n02)", *HEAD.class_names[2:])
        best = np.argsort(-found["probabilities"].numpy()[0])[:5]
        assert [each.decode() for each in found["top_classes"].numpy()[0]] == [shown[label] for label in best]
        assert {0, 1} & set(best), "one of them is shown"


def _chunk(name: bytes, content: bytes) -> bytes:

    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
