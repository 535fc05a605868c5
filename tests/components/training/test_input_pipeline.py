"""Training and validation crops out of TFRecord shards."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.datasets.layouts import IMAGENET, TFDS, Layout
from components.datasets.record_index import index_of
from components.training.input_pipeline import Augmentation, Source, training_crops, validation_crops
from models import images

MEAN = (120.0, 110.0, 100.0)
SIZE = 32


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _constant(grey: int) -> bytes:
    return _png(np.full((34 + grey % 5, 40 - grey % 7, 3), grey, np.uint8))


def _texture(seed: int, height: int = 48, width: int = 40) -> bytes:
    return _png(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def _source(folder, shards: list[list[tuple[bytes, int]]], layout: Layout = IMAGENET) -> Source:
    """Shards of (photograph, label as written)."""
    files = []
    for number, shard in enumerate(shards):
        files.append(str(folder / f"train-{number:05d}-of-{len(shards):05d}"))
        with tf.io.TFRecordWriter(files[-1]) as writer:
            for encoded, label in shard:
                example = tf.train.Example()
                example.features.feature[layout.image].bytes_list.value.append(encoded)
                example.features.feature[layout.label].int64_list.value.append(label)
                writer.write(example.SerializeToString())
    return Source(index_of(files), layout)


def _augmentation(mean=MEAN, seed: int = 0, scales=(SIZE, 40), colours=None) -> Augmentation:
    return Augmentation(scales=scales, size=SIZE, mean_rgb=mean, colours=colours, seed=seed)


def _epoch(source: Source, epoch: int = 0, first: int = 0, **drawn) -> list[tuple[np.ndarray, int, int]]:
    return list(training_crops(source, _augmentation(**drawn), epoch, first).as_numpy_iterator())


def _epochs(source: Source, wanted: list[tuple[int, int]], **drawn) -> list[list]:
    """`_epoch` of each (epoch, first place), out of one iterator as in a training: to make one ready takes
    seconds.
    """
    augmentation = _augmentation(**drawn)
    numbered = np.array([(number, *pair) for number, pair in enumerate(wanted)])

    def of_one(row):
        crops = training_crops(source, augmentation, row[1], row[2])
        return crops.map(lambda *crop: (row[0], *crop))

    found = [[] for _ in wanted]
    for number, *crop in tf.data.Dataset.from_tensor_slices(numbered).flat_map(of_one).as_numpy_iterator():
        found[number].append(tuple(crop))
    return found


def _greys(crops: Iterable[tuple]) -> list[int]:
    return [round(float(crop[0, 0, 0])) for crop, *_ in crops]


def _textures(folder) -> Source:
    """Two shards of six."""
    return _source(folder, [[(_texture(10 * k + n), 1) for n in range(6)] for k in range(2)])


@pytest.fixture(scope="module")
def textures(tmp_path_factory) -> Source:
    return _textures(tmp_path_factory.mktemp("textures"))


FIRST = (1, 5, 11, 12)


@pytest.fixture(scope="module")
def of_seed_4(textures) -> list[list]:
    """Epoch 2, epoch 3, and epoch 3 again from each place of FIRST on."""
    return _epochs(textures, [(2, 0), (3, 0), *((3, first) for first in FIRST)], seed=4)


@pytest.fixture(scope="module")
def epochs_of_classes(tmp_path_factory) -> list[list]:
    """Three epochs of eight shards of ten images, one class a shard; image n is of the constant grey n."""
    shards = [[(_constant(10 * k + n), k + 1) for n in range(10)] for k in range(8)]
    source = _source(tmp_path_factory.mktemp("classes"), shards)
    return _epochs(source, [(epoch, 0) for epoch in range(3)], mean=(0, 0, 0))


def test_a_seed_and_an_epoch_give_the_same_crops_again(textures, of_seed_4):
    """From an iterator of its own, too."""
    first, again = of_seed_4[0], _epoch(textures, seed=4, epoch=2)
    assert len(first) == 12
    for (crop, *_), (other, *_) in zip(first, again, strict=True):
        np.testing.assert_array_equal(crop, other)


def test_another_epoch_gives_other_crops(of_seed_4):
    first, other, *_ = ({crop.tobytes() for crop, *_ in crops} for crops in of_seed_4)
    assert len(first) == len(other) == 12
    assert first.isdisjoint(other)


@pytest.mark.parametrize(("seed", "epoch"), [(5, 2), (2, 4)])
def test_another_seed_gives_other_crops(textures, of_seed_4, seed, epoch):
    first = {crop.tobytes() for crop, *_ in of_seed_4[0]}
    other = _epoch(textures, seed=seed, epoch=epoch)
    assert len(other) == 12
    assert first.isdisjoint(crop.tobytes() for crop, *_ in other)


def test_one_image_is_cropped_differently_at_each_position(tmp_path):
    source = _source(tmp_path, [[(_texture(1), 1)] * 8])
    assert len({crop.tobytes() for crop, *_ in _epoch(source)}) == 8


def test_each_image_is_there_once_an_epoch(epochs_of_classes):
    for crops in epochs_of_classes:
        assert sorted(_greys(crops)) == list(range(80))
        assert all(label == grey // 10 for grey, (_, label, _) in zip(_greys(crops), crops, strict=True))


def test_the_order_is_random_even_with_shards_sorted_by_class(epochs_of_classes):
    orders = [_greys(crops) for crops in epochs_of_classes[:2]]
    for order in orders:
        # 79 neighbours, each of the same class with probability 9/79: 9 are expected, 2.8 its deviation.
        same_class = sum(a // 10 == b // 10 for a, b in zip(order, order[1:], strict=False))
        assert same_class < 24
        # Nor is there a trend, as in an interleaving that is not shuffled.
        assert abs(np.corrcoef(order, np.arange(80))[0, 1]) < 0.45
        assert len({grey // 10 for grey in order[:20]}) >= 5
    assert sum(a == b for a, b in zip(*orders, strict=True)) < 10


@pytest.mark.parametrize(("number", "first"), enumerate(FIRST, 2))
def test_an_epoch_goes_on_at_any_place(of_seed_4, number, first):
    whole, rest = of_seed_4[1], of_seed_4[number]
    assert [place for *_, place in whole] == list(range(12))
    assert [place for *_, place in rest] == list(range(first, 12))
    for (crop, *_), (other, *_) in zip(whole[first:], rest, strict=True):
        np.testing.assert_array_equal(crop, other)


def test_places_count_images_that_do_not_decode_too(tmp_path):
    source = _source(tmp_path, [[(b"no image", 1), *[(_constant(grey), 1) for grey in range(5)]]])
    whole, *rests = _epochs(source, [(0, first) for first in range(7)], mean=(0, 0, 0))
    (hole,) = set(range(6)) - {place for *_, place in whole}
    assert len(whole) == 5
    for first, rest in enumerate(rests, 1):
        assert _greys(rest) == _greys(crop for crop in whole if crop[2] >= first)
    assert 0 <= hole <= 5


def test_the_colour_shift_is_one_number_for_a_channel_of_a_crop_and_differs_between_crops(tmp_path):
    """One component along red alone, 10 grey levels: the shift is N(0, 0.1) times it."""
    colours = np.zeros((3, 3), np.float32)
    colours[0, 2] = 10
    source = _source(tmp_path, [[(_constant(100), 1)] * 200])
    plain = _epoch(source, colours=None)
    shifts = []
    for (crop, *_), (other, *_) in zip(plain, _epoch(source, colours=colours), strict=True):
        shift = other - crop
        np.testing.assert_allclose(shift[..., 0], shift[0, 0, 0], atol=1e-3)
        np.testing.assert_allclose(shift[..., 1:], 0, atol=1e-3)
        shifts.append(shift[0, 0, 0])
    assert abs(np.mean(shifts)) < 0.25  # the deviation of the mean is 0.07
    assert 0.8 < np.std(shifts) < 1.2  # the deviation of the deviation is 0.05


def test_the_colour_shift_does_not_depend_on_where_the_crop_was_taken(tmp_path):
    """Two components, along red and along green: what they are drawn from is none of the crop's four numbers.

    The pixel at (y, x) of a picture is (0, 0, y) without the shift, and S is the picture's own side, so that
    blue's least value is the crop's top. Of 300 the deviation of a correlation is 0.06.
    """
    y = np.broadcast_to(np.arange(232, dtype=np.uint8)[:, np.newaxis], (232, 232))
    source = _source(tmp_path, [[(_png(np.stack([0 * y, 0 * y, y], axis=2)), 1)] * 300])
    colours = np.zeros((3, 3), np.float32)
    colours[0, 0] = colours[1, 1] = 10
    crops = _epoch(source, colours=colours, scales=(232, 232), mean=(0, 0, 0))
    tops = np.array([crop[0, 0, 2] for crop, *_ in crops])
    shifts = np.array([crop[0, 0, :2] for crop, *_ in crops])
    assert np.std(tops) > 40
    radius, angle = np.hypot(*shifts.T), np.arctan2(*shifts.T)
    for drawn in (*shifts.T, radius, angle, np.abs(angle), np.abs(shifts[:, 0]), np.abs(shifts[:, 1])):
        assert abs(np.corrcoef(drawn, tops)[0, 1]) < 0.3


def test_images_that_do_not_decode_are_left_out(tmp_path):
    whole = _texture(0)
    shard = [(_constant(7), 1), (b"no image", 1), (whole[: len(whole) // 2], 2), (b"", 2), (_constant(9), 2)]
    source = _source(tmp_path, [shard])
    assert sorted(_greys(_epoch(source, mean=(0, 0, 0)))) == [7, 9]
    assert _greys(validation_crops(source, side=36, size=SIZE, mean_rgb=(0, 0, 0)).as_numpy_iterator()) == [
        7,
        9,
    ]


def test_crops_are_the_image_less_the_mean(tmp_path):
    source = _source(tmp_path, [[(_constant(100), 1)]])
    training = training_crops(source, _augmentation(), epoch=0)
    validation = validation_crops(source, side=48, size=SIZE, mean_rgb=MEAN)
    for crops in (training, validation):
        ((crop, label, *_),) = crops.as_numpy_iterator()
        assert (crop.shape, crop.dtype, label.dtype) == ((SIZE, SIZE, 3), np.float32, np.int64)
        np.testing.assert_allclose(crop, np.broadcast_to([-20, -10, 0], crop.shape), atol=1e-3)
        assert crops.element_spec[0].shape == (SIZE, SIZE, 3)


def test_training_crops_are_pieces_of_the_image_or_of_its_mirror_image(tmp_path):
    """With S the image's own side nothing is resampled; the pixel at (y, x) is (y, x, 0)."""
    y, x = np.mgrid[:40, :50].astype(np.uint8)
    source = _source(tmp_path, [[(_png(np.stack([y, x, 0 * x], axis=2)), 1)] * 40])
    crops = _epoch(source, seed=1, scales=(40, 40), mean=(0, 0, 0))
    mirrored = 0
    for crop, *_ in crops:
        flipped = crop[0, 0, 1] > crop[0, 1, 1]
        mirrored += flipped
        piece = crop[:, ::-1] if flipped else crop
        top, left = piece[0, 0, :2].round().astype(int)
        np.testing.assert_allclose(piece[..., 0], y[top : top + SIZE, left : left + SIZE], atol=1e-3)
        np.testing.assert_allclose(piece[..., 1], x[top : top + SIZE, left : left + SIZE], atol=1e-3)
    assert 8 < mirrored < 32


def test_validation_crops_are_the_centre_in_a_fixed_order(tmp_path):
    """Pictures of 40 x 50 and 52 x 40 at S = 40: not resampled; the centre begins at (40 - 32) / 2 = 4."""
    wide = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    tall = np.random.default_rng(1).integers(0, 256, (52, 40, 3), np.uint8)
    source = _source(tmp_path, [[(_png(wide), 1), (_png(tall), 2)]])
    crops = validation_crops(source, side=40, size=SIZE, mean_rgb=MEAN)
    for _ in range(2):
        (first, label), (second, other) = crops.as_numpy_iterator()
        np.testing.assert_allclose(first, wide[4:36, 9:41] - np.float32(MEAN), atol=1e-3)
        np.testing.assert_allclose(second, tall[10:42, 4:36] - np.float32(MEAN), atol=1e-3)
        assert (label, other) == (0, 1)


@pytest.mark.parametrize(("layout", "written"), [(IMAGENET, (1, 2, 3)), (TFDS, (0, 1, 2))])
def test_labels_start_at_0_in_both_layouts(tmp_path, layout, written):
    source = _source(tmp_path, [[(_constant(50), label) for label in written]], layout)
    validation = validation_crops(source, side=36, size=SIZE, mean_rgb=MEAN)
    assert [label for _, label in validation.as_numpy_iterator()] == [0, 1, 2]
    assert sorted(label for _, label, _ in _epoch(source)) == [0, 1, 2]


def test_a_record_that_cannot_be_read_ends_the_epoch(tmp_path):
    """Cut off in the last of its records: the shard is damaged, and no image of it is."""
    textures = _textures(tmp_path)
    shard = Path(textures.records.files[1])
    shard.write_bytes(shard.read_bytes()[:-400])
    for crops in (
        training_crops(textures, _augmentation(), epoch=0),
        validation_crops(textures, side=36, size=SIZE, mean_rgb=MEAN),
    ):
        with pytest.raises(tf.errors.OpError):
            list(crops.as_numpy_iterator())


def test_a_record_without_a_label_ends_the_epoch(tmp_path):
    shard = str(tmp_path / "train-00000-of-00001")
    with tf.io.TFRecordWriter(shard) as writer:
        example = tf.train.Example()
        example.features.feature[IMAGENET.image].bytes_list.value.append(_texture(1))
        writer.write(example.SerializeToString())
    with pytest.raises(tf.errors.InvalidArgumentError, match=IMAGENET.label):
        _epoch(Source(index_of([shard]), IMAGENET))


def test_a_fault_behind_the_decoding_ends_the_epoch(tmp_path, monkeypatch):
    """Of the white image alone: it does not pass for one that does not decode."""
    source = _source(tmp_path, [[(_texture(1), 1), (_constant(255), 1), (_texture(2), 1)]])
    subtract = images.subtract_mean

    def faulty(image, mean):
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_min(image) < 254, ["a fault"])]):
            return subtract(image, mean)

    monkeypatch.setattr(images, "subtract_mean", faulty)
    for crops in (
        training_crops(source, _augmentation(), epoch=0),
        validation_crops(source, side=48, size=SIZE, mean_rgb=MEAN),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match="a fault"):
            list(crops.as_numpy_iterator())


def test_the_validation_crop_of_a_strip_is_of_its_middle(tmp_path):
    """1 x 60,000 pixels at S = 32 would be 2 million; white but for 4 pixels around the centre, from 0 to 90.

    By hand: a pixel becomes 32 columns, so that the crop goes from half a pixel left of the centre to half a
    pixel right of it: from the middle of the second of the four to that of the third.
    """
    strip = np.full((1, 60_000, 3), 255, np.uint8)
    strip[0, 29_998:30_002] = np.array([0, 30, 60, 90], np.uint8)[:, np.newaxis]
    source = _source(tmp_path, [[(_png(strip), 1)]])
    ((crop, _),) = validation_crops(source, side=SIZE, size=SIZE, mean_rgb=(0, 0, 0)).as_numpy_iterator()
    expected = 30 + 30 * (np.arange(SIZE) + 0.5) / SIZE
    np.testing.assert_allclose(crop, np.broadcast_to(expected[:, np.newaxis], crop.shape), atol=0.01)
