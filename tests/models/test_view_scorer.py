"""Posteriors under each method against the training network and NumPy, and independent of the grouping."""

import io
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import rescaled
from PIL import Image

from models import view_scorer
from models.fully_convolutional import fully_convolutional
from models.net import Net
from models.protocols import Method, crop_places
from models.vgg import build
from models.view_scorer import ViewScorer

NET = Net("A", classes=5, width=16, input_size=32)
MEAN = (120.0, 110.0, 100.0)
Q = 40


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    """Random weights; fc8's are scaled so that the scores of noise spread over some nats."""
    model = build(NET, seed=1)
    noise = np.random.default_rng(3).uniform(-128, 127, (16, 32, 32, 3)).astype(np.float32)
    spread = np.ptp(model(noise).numpy(), axis=0).max()
    kernel, bias = model.get_layer("fc8").get_weights()
    model.get_layer("fc8").set_weights([kernel * (3 / spread), bias])
    return model


@pytest.fixture(scope="module")
def encoded() -> list[bytes]:
    """Images of three sizes; the fourth does not decode."""
    generator = np.random.default_rng(0)
    sizes = [(50, 70), (64, 48), (50, 70), None, (40, 40), (50, 70)]
    return [_png(generator, size) if size else b"no image" for size in sizes]


def _png(generator, size: tuple[int, int]) -> bytes:
    pixels = generator.integers(0, 255, (*size, 3)).astype(np.uint8)
    return tf.io.encode_png(pixels).numpy()


@cache
def _scorer(trained: keras.Model, method: Method, side: int = Q) -> ViewScorer:
    """The same for all tests, as its functions are traced for seconds."""
    net = fully_convolutional(trained, NET)
    return ViewScorer(net, method=method, shorter_side=side, input_size=NET.input_size, mean_rgb=MEAN)


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _pixels(image: bytes, side: int = Q) -> np.ndarray:
    return rescaled(np.asarray(Image.open(io.BytesIO(image)), np.float32), side) - np.array(MEAN, np.float32)


@pytest.mark.parametrize("method", [Method.MULTI_CROP, Method.TEN_CROP, Method.CENTRE_CROP])
def test_crops_are_the_training_networks_posteriors_averaged(trained, encoded, method):
    found = _scorer(trained, method)(encoded)
    for image, scores in zip(encoded, found, strict=True):
        if image == b"no image":
            assert scores is None
            continue
        pixels = _pixels(image)
        for whole, posterior in ((pixels, scores.plain), (pixels[:, ::-1], scores.flipped)):
            # A crop of the flipped image is the flip of the crop at the mirrored place.
            places = crop_places(method, *pixels.shape[:2], 32)
            if whole is not pixels:
                places = [(y, pixels.shape[1] - 32 - x) for y, x in places]
            crops = np.stack([whole[y : y + 32, x : x + 32] for y, x in places])
            expected = _softmax(trained(crops).numpy()).mean(axis=0)
            np.testing.assert_allclose(posterior, expected, atol=1e-5)


def test_dense_is_the_soft_max_of_the_mean_score(trained, encoded):
    side = 70
    found = _scorer(trained, Method.DENSE, side)(encoded)
    net = fully_convolutional(trained, NET)
    for image, scores in zip(encoded, found, strict=True):
        if scores is None:
            continue
        pixels = _pixels(image, side)
        for whole, posterior in ((pixels, scores.plain), (pixels[:, ::-1], scores.flipped)):
            map_ = net(whole[np.newaxis]).numpy()[0]
            assert map_.shape[0] * map_.shape[1] > 1
            np.testing.assert_allclose(posterior, _softmax(map_.mean(axis=(0, 1))), atol=1e-5)
    assert found[3] is None


def test_dense_at_the_crops_size_is_the_centre_crop(trained):
    image = _png(np.random.default_rng(2), (32, 32))
    dense, crop = (_scorer(trained, method, 32)([image])[0] for method in (Method.DENSE, Method.CENTRE_CROP))
    np.testing.assert_allclose(dense.plain, crop.plain, atol=1e-6)
    np.testing.assert_allclose(dense.flipped, crop.flipped, atol=1e-6)


@pytest.mark.parametrize("method", [Method.DENSE, Method.MULTI_CROP])
def test_the_result_does_not_depend_on_the_grouping(trained, encoded, method, monkeypatch):
    together = _scorer(trained, method)(encoded)
    # Room for one image or crop at a time.
    monkeypatch.setattr(view_scorer, "PIXELS_AT_ONCE", 1)
    singly = _scorer(trained, method)(encoded)
    for one, other in zip(together, singly, strict=True):
        if one is not None:
            np.testing.assert_allclose(one.plain, other.plain, atol=1e-6)
            np.testing.assert_allclose(one.flipped, other.flipped, atol=1e-6)


def test_posteriors_differ_between_images(trained, encoded):
    """Without this, the comparisons above could hold for a net that says nothing."""
    found = [scores.plain for scores in _scorer(trained, Method.DENSE)(encoded) if scores]
    assert np.ptp(np.stack(found), axis=0).max() > 1e-3


@pytest.mark.parametrize("method", [Method.DENSE, Method.CENTRE_CROP, Method.MULTI_CROP])
def test_a_long_image_is_looked_at_in_four_squares(trained, method):
    """20 x 140 pixels: squares of 20 at 0, 40, 80 and 120, and crops of each; beside an image of 40 x 40."""
    generator = np.random.default_rng(4)
    long, short = _png(generator, (20, 140)), _png(generator, (40, 40))
    whole = np.asarray(Image.open(io.BytesIO(long)), np.float32)
    parts = [whole[:, start : start + 20] for start in (0, 40, 80, 120)]
    squares = np.stack([rescaled(part, Q) for part in parts]) - np.array(MEAN, np.float32)
    found, _ = _scorer(trained, method)([long, short])
    for seen, posterior in ((squares, found.plain), (squares[:, :, ::-1], found.flipped)):
        if method is Method.DENSE:
            net = fully_convolutional(trained, NET)
            expected = _softmax(net(seen).numpy().mean(axis=(0, 1, 2)))
        else:
            crops = [seen[:, y : y + 32, x : x + 32] for y, x in crop_places(method, Q, Q, 32)]
            expected = _softmax(trained(np.concatenate(crops)).numpy()).mean(axis=0)
        np.testing.assert_allclose(posterior, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1)])
def test_a_strip_takes_no_more_than_four_squares(trained, size, monkeypatch):
    """Rescaled whole it would be 40 x 2,400,000 pixels."""
    seen = []
    score = ViewScorer._score
    monkeypatch.setattr(
        ViewScorer, "_score", lambda self, views: (seen.append(views.shape), score(self, views))[1]
    )
    (found,) = _scorer(trained, Method.DENSE)([_png(np.random.default_rng(0), size)])
    assert seen == [(1, 4, 40, 40, 3)]
    np.testing.assert_allclose([found.plain.sum(), found.flipped.sum()], 1, atol=1e-5)


def test_a_fault_behind_the_decoding_is_raised(trained, encoded, monkeypatch):
    """In rescaling: it does not pass for an image that does not decode."""

    def faulty(image, shorter_side):
        with tf.control_dependencies([tf.debugging.Assert(False, ["a fault"])]):
            return tf.cast(image, tf.float32)

    monkeypatch.setattr(view_scorer.images, "rescale", faulty)
    with pytest.raises(tf.errors.InvalidArgumentError, match="a fault"):
        _scorer.__wrapped__(trained, Method.DENSE)(encoded)  # traced with the fault
