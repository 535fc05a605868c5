"""The training crop, of which only a window is decoded, against the whole image rescaled and cut."""

import io
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from models import images
from models.errors import InputError
from models.training_crop import draw, training_crop

SIZE = 32
# Grey levels: float32 places of samples, rounded differently in a window than in the whole image.
TOLERANCE = 0.02


def _encoded(pixels: np.ndarray, form: str = "JPEG", mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def _noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _crop(encoded: bytes, number: int, scales=(SIZE, 120)) -> np.ndarray:
    return _graph(scales)(tf.constant(encoded), tf.constant([3, number])).numpy()


@cache
def _graph(scales: tuple[int, int]) -> Callable:
    """As training runs it; one crop takes a millisecond, and 30 where each operation is run by itself."""
    specs = [tf.TensorSpec([], tf.string), tf.TensorSpec([2], tf.int32)]
    return tf.function(
        lambda encoded, seed: training_crop(encoded, scales=scales, size=SIZE, seed=seed),
        specs,
        autograph=False,
    )


@partial(tf.function, input_signature=[tf.TensorSpec([], tf.string), tf.TensorSpec([], tf.int32)])
def _rescaled(encoded: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    return images.rescale(images.decode(encoded), side)


def _expected(encoded: bytes, number: int, scales=(SIZE, 120)) -> np.ndarray:
    """The whole image rescaled, then NumPy's slice and mirror image."""
    drawn = draw(tf.constant([3, number])).numpy()
    side = scales[0] + int(drawn[0] * np.float32(scales[1] - scales[0] + 1))
    scaled = _rescaled(encoded, side).numpy()
    top, left = (drawn[1:3] * np.float32(np.array(scaled.shape[:2]) - SIZE + 1)).astype(int)
    crop = scaled[top : top + SIZE, left : left + SIZE]
    return crop[:, ::-1] if drawn[3] < 0.5 else crop


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", [(90, 131), (131, 90), (64, 64), (40, 47)])
def test_it_is_the_whole_image_rescaled_and_cut(subsampling, size):
    """S from 32 to 120 shrinks and enlarges each; 30 places, some at the border."""
    encoded = _encoded(_noise(*size), subsampling=subsampling, quality=95)
    for number in range(30):
        np.testing.assert_allclose(_crop(encoded, number), _expected(encoded, number), atol=TOLERANCE)


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_corners_of_the_image_are_reached_and_right(corner):
    """S = 33 of a square: two places along each side, each of them at a border."""
    encoded = _encoded(_noise(100, 100), subsampling="4:2:0")
    scaled = images.rescale(images.decode(tf.constant(encoded)), SIZE + 1).numpy()
    top, left = corner
    expected = scaled[top : top + SIZE, left : left + SIZE]
    crops = [_crop(encoded, number, (SIZE + 1, SIZE + 1)) for number in range(80)]
    for mirrored in (expected, expected[:, ::-1]):
        hits = sum(np.abs(crop - mirrored).max() < TOLERANCE for crop in crops)
        assert 2 <= hits <= 22  # 10 of 80 expected, deviation 3


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "L", {}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True}),
    ],
)
def test_each_form_gives_the_crop_of_what_decode_gives(form, mode, options):
    encoded = _encoded(_noise(70, 90), form, mode, **options)
    for number in range(10):
        np.testing.assert_allclose(_crop(encoded, number), _expected(encoded, number), atol=TOLERANCE)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_crop_shows_the_photograph_as_it_looks(form, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    encoded = _encoded(_noise(70, 90), form, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(encoded))))
    plain = _encoded(upright, "PNG")
    for number in range(5):
        np.testing.assert_allclose(_crop(encoded, number), _crop(plain, number), atol=TOLERANCE)


def test_bytes_behind_the_end_of_a_jpeg_change_nothing():
    encoded = _encoded(_noise(70, 90))
    for number in range(5):
        np.testing.assert_allclose(
            _crop(encoded + b"trailer", number), _crop(encoded, number), atol=TOLERANCE
        )


def test_a_damaged_image_is_refused_whatever_is_drawn():
    """Cut off in the last rows, below most windows."""
    whole = _encoded(_noise(200, 60))
    for damaged in (whole[: len(whole) * 9 // 10], whole[:300], b"", b"no image"):
        for number in range(20):
            with pytest.raises(tf.errors.InvalidArgumentError):
                _crop(damaged, number, scales=(SIZE, SIZE))


def test_a_seed_gives_the_same_crop_eagerly_and_in_tf_data_and_another_seed_another():
    encoded = tf.constant(_encoded(_noise(90, 120)))

    def crop(seed):
        return training_crop(encoded, scales=(64, 80), size=64, seed=seed)

    seeds = tf.constant([[1, n] for n in range(6)], tf.int64)
    eager = [crop(seed).numpy() for seed in seeds]
    in_tf_data = tf.data.Dataset.from_tensor_slices(seeds).map(crop)
    assert in_tf_data.element_spec.shape == (64, 64, 3)
    for one, other in zip(eager, in_tf_data.as_numpy_iterator(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
    assert eager[0].shape == (64, 64, 3)
    assert not np.allclose(eager[0], eager[1])


def test_s_the_place_and_the_flip_are_drawn_evenly_and_apart():
    drawn = np.stack([draw(tf.constant([1, number])) for number in range(1000)])
    assert drawn.min() >= 0
    assert drawn.max() < 1
    np.testing.assert_allclose(drawn.mean(0), 0.5, atol=0.04)  # deviation of the mean: 0.009
    np.testing.assert_allclose(drawn.var(0), 1 / 12, atol=0.01)
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.eye(4), atol=0.13)  # deviation 0.03


def test_an_image_that_declares_too_many_pixels_is_refused():
    encoded = bytearray(_encoded(_noise(70, 90)))
    at = encoded.index(b"\xff\xc0")
    encoded[at + 5 : at + 9] = (65_500).to_bytes(2, "big") * 2
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected 1 to 67108864 pixels"):
        _crop(bytes(encoded), 0)


def test_a_crop_larger_than_the_smallest_s_is_refused():
    with pytest.raises(InputError, match="crops of 32 from S = 31"):
        _crop(_encoded(_noise(50, 50)), 0, scales=(31, 40))
