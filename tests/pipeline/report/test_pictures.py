"""The report's pictures: what is drawn is what the net says."""

import base64
import io

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.model_server import VERSION
from PIL import Image

from pipeline.report.pictures import filters, thumbnail
from pipeline.report.score_maps import MOST_OPAQUE, RGB, Scorer, overlay


def opened(uri: str) -> Image.Image:
    kind, _, data = uri.partition(";base64,")
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert kind == f"data:image/{image.format.lower()}"
    return image


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def test_an_overlay_is_as_opaque_as_the_map_is_high():
    pixels = np.array(opened(overlay(np.array([[0.0, 1.0, 0.5], [0.2, 2.0, -1.0]]))))
    assert pixels[..., 3].tolist() == [[0, 150, 75], [30, 150, 0]]
    assert MOST_OPAQUE < 255, "the photograph must be seen through it"
    assert tuple(pixels[0, 1, :3]) == RGB


def test_thumbnails_lie_as_their_score_maps_do():
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(buffer, "JPEG", exif=exif)
    found = thumbnail(b"1", buffer.getvalue())
    assert (found.width, found.height) == (30, 40)


def test_thumbnails_keep_the_shape_of_the_photograph():
    key = bytes(range(16))
    for pixels, kind in ((np.zeros([500, 1000, 3], np.uint8), "JPEG"), (np.zeros([60, 30], np.uint8), "PNG")):
        found = thumbnail(key, encoded(pixels, kind))
        image = opened(found.uri)
        assert image.size == (found.width, found.height)
        assert image.mode == "RGB"
        assert found.id == "i000102030405"
    assert (found.width, found.height) == (30, 60), "a small one is not enlarged"
    wide = thumbnail(key, encoded(np.zeros([500, 1000, 3], np.uint8), "JPEG"))
    assert (wide.width, wide.height) == (200, 100)


def test_each_filter_is_stretched_to_its_own_range():
    kernel = np.zeros([3, 3, 3, 18], np.float32)
    kernel[0, 0, :, 1] = 0.001
    kernel[2, 2, 0, 17] = -5
    sheet = np.array(opened(filters(kernel, side=2, columns=16)))
    assert sheet.shape == (2 * 8, 16 * 8, 3)
    assert sheet[1, 9].tolist() == [255, 255, 255]
    assert sheet[5, 9].tolist() == [0, 0, 0]
    assert sheet[8 + 5, 8 + 5].tolist() == [0, 255, 255]
    assert sheet[1:7, 1:7].max() == 0, "a filter of zeros is black, and no NaN"
    assert sheet[9, 17:].min() == 255, "no third filter in the second row"


def test_score_maps_are_the_served_models(pushed):
    """64 x 96 pixels at Q = 64: 64 / 32 - 1 by 96 / 32 - 1 places of the net with crops of 64."""
    model = str(pushed / str(VERSION))
    pixels = np.random.default_rng(0).integers(0, 256, [64, 96, 3], np.uint8)
    small, large = Scorer(model).maps(encoded(pixels, "PNG"), {"its class": 2}, (64, 96))
    served = tf.saved_model.load(model).signatures["score_map"]
    scores = served(images=tf.constant(pixels[np.newaxis]))["scores"].numpy()[0].astype(np.float64)
    places = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    assert (small.rows, small.columns) == places.shape[:2] == (1, 2)
    assert small.lowest == pytest.approx(places[..., 2].min(), rel=1e-5)
    assert small.highest == pytest.approx(places[..., 2].max(), rel=1e-5)
    assert (small.class_name, small.shorter_side, small.role) == ("shark", 64, "its class")
    assert (large.rows, large.columns) == (2, 3)
    assert opened(small.uri).size == (2, 1)
