"""Section 3.1's training crop from an encoded photograph, without decoding or rescaling what it leaves out.

Gives the pixels of `images.rescale` to S, cut at a random place and flipped at random. All of that is drawn
from a stateless seed and the photograph's size, which a JPEG's header tells, so only the window of the source
that the crop's pixels are weighted means of is decoded, and only the crop is computed.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from models import exif_orientation, image_header, images
from models.errors import InputError

# Pixels that a window is wider than the filter reaches: at its edge the decoder lacks the neighbours that
# it interpolates a colour channel stored at half size from.
CHROMA_MARGIN = 2
END_OF_JPEG = b"\xff\xd9"


class CropPlace(NamedTuple):
    """Where a crop lies in the rescaled photograph; (y, x) each, int32 [2], pixels.

    Attributes:
        scaled: the rescaled photograph's height and width.
        corner: the crop's upper left corner in it.
    """

    scaled: tf.Tensor
    corner: tf.Tensor


class Window(NamedTuple):
    """Where a crop lies in its source, and how the source's pixels become the crop's; (y, x) each.

    Attributes:
        start, size: of the window of the source, int32 [2], pixels.
        scale: crop pixels a source pixel, float32 [2].
        translation: of the window's rescaled pixels to the crop's, float32 [2], crop pixels.
        place: of the crop.
    """

    start: tf.Tensor
    size: tf.Tensor
    scale: tf.Tensor
    translation: tf.Tensor
    place: CropPlace


class DecodedCrop(NamedTuple):
    """A crop's part of the photograph, decoded and not yet rescaled.

    Attributes:
        pixels: of the window, uint8 [h, w, 3].
        scale, translation, place: the Window's.
        mirrored: bool.
    """

    pixels: tf.Tensor
    scale: tf.Tensor
    translation: tf.Tensor
    place: CropPlace
    mirrored: tf.Tensor


def training_crop(
    image_bytes: tf.Tensor, *, scales: tuple[int, int], size: int, seed: tf.Tensor
) -> tf.Tensor:
    """Rescaled to S, a random crop, a random flip: float32 [size, size, 3] in 0..255. See `decode_crop`."""
    return resample(decode_crop(image_bytes, scales=scales, size=size, seed=seed), size=size)


def decode_crop(
    image_bytes: tf.Tensor, *, scales: tuple[int, int], size: int, seed: tf.Tensor
) -> DecodedCrop:
    """The half of `training_crop` that fails on a photograph that does not decode.

    Args:
        image_bytes: string, whatever `images.decode` takes.
        scales: S is drawn evenly from [smallest; largest] (scale jittering), or fixed where both are equal.
        size: side of the crop, pixels; at most the smallest S.
        seed: stateless, int [2].

    Raises:
        InputError: a crop that does not fit.
        tf.errors.InvalidArgumentError: see `images.decode`.
    """
    if size > scales[0]:
        raise InputError(f"crops of {size} from S = {scales[0]}: expected S of at least the crop's side")
    drawn = draw(seed)
    pixels, window = source_pixels(
        image_bytes, lambda whole: crop_window(whole, scales=scales, size=size, drawn=drawn)
    )
    return DecodedCrop(pixels, window.scale, window.translation, window.place, drawn[3] < 0.5)


def draw(seed: tf.Tensor) -> tf.Tensor:
    """float32 [4], even in [0; 1): for S, the place's y and x, the flip."""
    return tf.random.stateless_uniform([4], seed)


def crop_window(source_size: tf.Tensor, *, scales: tuple[int, int], size: int, drawn: tf.Tensor) -> Window:
    """The window of a source, int32 [2] (H, W), that the crop drawn is made of.

    The crop's place is drawn evenly from all in the rescaled image that it fits in.
    """
    shorter_side = scales[0] + tf.cast(drawn[0] * (scales[1] - scales[0] + 1), tf.int32)
    scaled = images.scaled_size(source_size, shorter_side)
    place = tf.cast(drawn[1:3] * tf.cast(scaled - size + 1, tf.float32), tf.int32)
    scale = tf.cast(scaled, tf.float64) / tf.cast(source_size, tf.float64)
    top_left = tf.cast(place, tf.float64)
    # The triangle filter reaches one source pixel from a sample, or one crop pixel when it shrinks.
    reach = tf.maximum(1.0 / scale, 1.0) + CHROMA_MARGIN
    start = tf.maximum(tf.cast(tf.floor(top_left / scale - reach), tf.int32), 0)
    end = tf.minimum(tf.cast(tf.math.ceil((top_left + size) / scale + reach), tf.int32), source_size)
    translation = tf.cast(start, tf.float64) * scale - top_left
    return Window(
        start,
        end - start,
        tf.cast(scale, tf.float32),
        tf.cast(translation, tf.float32),
        CropPlace(scaled, place),
    )


def source_pixels(
    image_bytes: tf.Tensor, window_of: Callable[[tf.Tensor], Window]
) -> tuple[tf.Tensor, Window]:
    """The window's pixels, uint8 [h, w, 3], and the window.

    Of a JPEG nothing else is decoded, but of the few that EXIF says to turn.
    """

    def window_alone():
        shape = tf.io.extract_jpeg_shape(image_bytes)
        with tf.control_dependencies(images.check_header(image_bytes, shape)):
            readable = image_header.with_adobe_marker(image_bytes, shape[2])
        window = window_of(shape[:2])
        place = tf.concat([window.start, window.size], 0)
        pixels = tf.io.decode_and_crop_jpeg(readable, place, channels=3, dct_method=images.DCT)
        return pixels, window

    def whole():
        image = _decode(image_bytes)
        window = window_of(tf.shape(image)[:2])
        pixels = tf.slice(image, tf.pad(window.start, [[0, 1]]), tf.concat([window.size, [3]], 0))
        return pixels, window

    # A JPEG that does not end as one may be cut off below the window: it must fail whatever is drawn.
    ends = tf.strings.substr(image_bytes, -2, 2) == END_OF_JPEG
    upright = exif_orientation.orientation(image_bytes) == exif_orientation.UPRIGHT
    return tf.cond(tf.io.is_jpeg(image_bytes) & ends & upright, window_alone, whole)


def resample(crop: DecodedCrop, *, size: int) -> tf.Tensor:
    """The crop, float32 [size, size, 3] in 0..255, by the filter of `images.rescale`.

    ScaleAndTranslate is fast along the rows of an image and slow along its columns, where it handles three
    numbers at a time: rows, transposed, rows, transposed gives the same bits in less than half the time.
    """
    height, width = tf.unstack(tf.shape(crop.pixels)[:2])
    across = tf.reshape(crop.pixels, [height, 3 * width])
    rows = _rows(across, crop.scale[0], crop.translation[0], size)
    turned = tf.reshape(tf.transpose(rows), [width, 3 * size])
    columns = _rows(turned, crop.scale[1], crop.translation[1], size)
    columns = tf.raw_ops.Reverse(tensor=columns, dims=tf.stack([crop.mirrored, False]))
    return tf.reshape(tf.transpose(tf.reshape(columns, [3 * size, size])), [size, size, 3])


# Not inlined: its operations would take 6 us an image where the branch is not taken, too.
@tf.function(
    input_signature=[tf.TensorSpec([], tf.string)],
    autograph=False,
    experimental_attributes={"_noinline": True},
)
def _decode(image_bytes: tf.Tensor) -> tf.Tensor:
    return images.decode(image_bytes)


def _rows(image: tf.Tensor, scale: tf.Tensor, translation: tf.Tensor, size: int) -> tf.Tensor:
    """[h, n] to float32 [size, n]."""
    scaled = tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis, :, tf.newaxis],
        size=[size, 1],
        scale=tf.stack([scale, 1.0]),
        translation=tf.stack([translation, 0.0]),
        kernel_type="triangle",
        antialias=True,
    )
    return scaled[0, :, 0]
