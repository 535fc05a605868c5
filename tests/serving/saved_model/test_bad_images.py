"""A request with images that cannot be used: refused before any forward pass, each bad one named."""

import io
import struct
import time
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, IMAGES, encode, example
from PIL import Image

from models import scoring
from serving.saved_model.signatures import requests, signatures

CUT = IMAGES[0][: len(IMAGES[0]) // 3]
UNDECODABLE = "not a JPEG or PNG image that can be decoded"


def _refusal(function, images: list[bytes]) -> str:
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        function(image_bytes=tf.constant(images, tf.string))
    return str(caught.value).split("assertion failed: [")[1].split("]\n")[0]


def _saved(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (70, 70)).save(buffer, form)
    return buffer.getvalue()


def _declares(height: int, width: int) -> bytes:
    """A JPEG of 70 x 90 with another size in its header."""
    encoded = bytearray(IMAGES[0])
    at = encoded.index(b"\xff\xc0")
    encoded[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(encoded)


@pytest.mark.parametrize("signature", ["serving_default", "single_scale", "features"])
def test_the_bad_ones_are_named(loaded, signature):
    message = _refusal(loaded.signatures[signature], [IMAGES[0], CUT, IMAGES[1], b""])
    assert message == f"image_bytes[1]: {UNDECODABLE}; image_bytes[3]: {UNDECODABLE}"


@pytest.mark.parametrize(
    "bad", [b"", b"\0", b"no image", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", CUT, IMAGES[1][:-40]]
)
def test_what_does_not_decode_is_refused(loaded, bad):
    assert _refusal(loaded.signatures["single_scale"], [bad]) == f"image_bytes[0]: {UNDECODABLE}"


@pytest.mark.parametrize("form", ["GIF", "BMP", "WEBP"])
def test_other_forms_are_refused(loaded, form):
    assert _refusal(loaded.signatures["single_scale"], [_saved(form)]) == f"image_bytes[0]: {UNDECODABLE}"


def test_a_bomb_is_refused_by_its_header_within_a_second(loaded):
    function = loaded.signatures["serving_default"]
    function(image_bytes=tf.constant(IMAGES[:1]))  # the first request of all makes the graph ready
    begin = time.process_time()
    message = _refusal(function, [IMAGES[0], _declares(65_500, 65_400)])
    assert message == "image_bytes[1]: 65400 x 65500 pixels; expected at most 67108864 in all"
    assert time.process_time() - begin < 1


def test_a_jpeg_of_more_scans_than_take_seconds_is_refused(loaded):
    """The last of a progressive JPEG's scans again and again: 1000 times at 8000 x 8000 pixels."""
    buffer = io.BytesIO()
    Image.new("L", (8000, 8000), 77).save(buffer, "JPEG", progressive=True, quality=50)
    plain = buffer.getvalue()
    tables = plain.rindex(b"\xff\xc4")
    message = _refusal(
        loaded.signatures["single_scale"], [plain[:-2] + plain[tables:-2] * 1000 + b"\xff\xd9"]
    )
    assert message == "image_bytes[0]: 8000 x 8000 pixels; more scans than 256 of 67108864 pixels"


def test_many_scans_of_a_small_image_are_decoded(loaded):
    plain = encode(70, 90, "JPEG", seed=1, progressive=True)
    scans = plain[:-2] + plain[plain.rindex(b"\xff\xda") : -2] * 300 + b"\xff\xd9"
    function = loaded.signatures["single_scale"]
    found = function(image_bytes=tf.constant([plain, scans]))["probabilities"]
    np.testing.assert_allclose(found.numpy().sum(axis=1), 1, atol=1e-5)


def test_a_fault_behind_the_decoding_does_not_pass_for_a_bad_image(convolutional, monkeypatch):
    """In rescaling, of any image: the request fails, and no image is called undecodable."""

    def faulty(image, **look):
        with tf.control_dependencies([tf.debugging.Assert(tf.shape(image)[0] < 0, ["a fault"])]):
            return tf.cast(image, tf.float32)[tf.newaxis]

    monkeypatch.setattr(scoring, "views", faulty)
    for name, given in (("single_scale", IMAGES[0]), ("examples", example(IMAGES[0]))):
        function, specs = signatures(convolutional, HEAD)[name]
        with pytest.raises(tf.errors.InvalidArgumentError, match="a fault") as caught:
            tf.function(function, input_signature=specs)(tf.constant([given]))
        assert UNDECODABLE not in str(caught.value)


def test_the_index_counts_from_the_requests_start(loaded):
    images = [IMAGES[4]] * requests.AT_A_TIME + [IMAGES[4], CUT]
    message = _refusal(loaded.signatures["single_scale"], images)
    assert message == f"image_bytes[{requests.AT_A_TIME + 1}]: {UNDECODABLE}"


def test_the_budget_is_the_heads(convolutional):
    head = replace(HEAD, shorter_sides=(64,), most_pixels=70 * 90 - 1)
    predict = tf.function(signatures(convolutional, head)["single_scale"][0])
    assert predict(image_bytes=tf.constant([IMAGES[4]]))["probabilities"].shape == (1, 7)
    message = _refusal(predict, [IMAGES[0]])
    assert message == "image_bytes[0]: 90 x 70 pixels; expected at most 6299 in all"


def test_a_refused_request_leaves_the_next_one_alone(loaded, expected):
    function = loaded.signatures["serving_default"]
    for _ in range(3):
        _refusal(function, [CUT] * 4)
        found = function(image_bytes=tf.constant(IMAGES[:2]))["probabilities"]
        np.testing.assert_allclose(found, expected[:2].mean(axis=1), atol=1e-5)


def test_an_undecodable_example_has_no_best_class_and_leaves_its_neighbours_alone(loaded, expected):
    bad = [CUT, None, b"no image", _declares(65_500, 65_500)]
    batch = [example(image) for image in (IMAGES[0], bad[0], IMAGES[1], *bad[1:], IMAGES[2])]
    found = loaded.signatures["examples"](examples=tf.constant(batch))
    assert set(found) == {"probabilities", "probabilities_q64", "probabilities_q80", "probabilities_q96"}
    for name, values in found.items():
        of_bad = values.numpy()[[1, 3, 4, 5]]
        np.testing.assert_allclose(of_bad, np.full((4, 7), 1 / 7), rtol=1e-6, err_msg=name)
        assert (of_bad == of_bad[:, :1]).all()  # ties in every bit, which count against the net
    good = found["probabilities"].numpy()[[0, 2, 6]]
    np.testing.assert_allclose(good, expected[:3].mean(axis=1), atol=1e-5)


def test_mutated_images_are_answered_or_refused(loaded):
    """400 JPEGs and PNGs with a few bytes changed or cut off."""
    generator = np.random.default_rng(7)
    answered, messages = 0, []
    for number in range(400):
        damaged = bytearray(IMAGES[number % len(IMAGES)])
        for place in generator.integers(0, len(damaged), generator.integers(1, 6)):
            damaged[place] = generator.integers(256)
        cut = int(generator.integers(len(damaged))) if number % 4 == 0 else len(damaged)
        try:
            found = loaded.signatures["single_scale"](image_bytes=tf.constant([bytes(damaged[:cut])]))
        except tf.errors.InvalidArgumentError as error:
            messages.append(str(error))
        else:
            answered += 1
            np.testing.assert_allclose(found["probabilities"].numpy().sum(), 1, atol=1e-5)
    assert min(answered, len(messages)) > 20
    assert all("image_bytes[0]: " in message for message in messages)


def test_an_image_of_one_row_is_within_the_budget(loaded):
    """1 x 60,000 pixels, which rescaled whole to Q = 64 would be 246 million."""
    strip = encode(1, 60_000, "PNG")
    found = loaded.signatures["serving_default"](image_bytes=tf.constant([strip]))
    np.testing.assert_allclose(found["probabilities"].numpy().sum(), 1, atol=1e-5)
