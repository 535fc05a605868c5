"""What training and validation crops out of TFRecord shards show."""

import numpy as np
import pytest
from helpers.training_shards import MEAN, SIZE, augmentation, constant, crops_of_epoch, png, source_of

from components.datasets.layouts import IMAGENET, TFDS
from components.training.input_pipeline import training_crops, validation_crops


def test_the_colour_shift_is_one_number_for_a_channel_of_a_crop_and_differs_between_crops(tmp_path):
    """One component along red alone, 10 grey levels: the shift is N(0, 0.1) times it."""
    colours = np.zeros((3, 3), np.float32)
    colours[0, 2] = 10
    source = source_of(tmp_path, [[(constant(100), 1)] * 200])
    plain = crops_of_epoch(source, colours=None)
    shifts = []
    for (crop, *_), (other, *_) in zip(plain, crops_of_epoch(source, colours=colours), strict=True):
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
    source = source_of(tmp_path, [[(png(np.stack([0 * y, 0 * y, y], axis=2)), 1)] * 300])
    colours = np.zeros((3, 3), np.float32)
    colours[0, 0] = colours[1, 1] = 10
    crops = crops_of_epoch(source, colours=colours, scales=(232, 232), mean=(0, 0, 0))
    tops = np.array([crop[0, 0, 2] for crop, *_ in crops])
    shifts = np.array([crop[0, 0, :2] for crop, *_ in crops])
    assert np.std(tops) > 40
    radius, angle = np.hypot(*shifts.T), np.arctan2(*shifts.T)
    for drawn in (*shifts.T, radius, angle, np.abs(angle), np.abs(shifts[:, 0]), np.abs(shifts[:, 1])):
        assert abs(np.corrcoef(drawn, tops)[0, 1]) < 0.3


def test_crops_are_the_image_less_the_mean(tmp_path):
    source = source_of(tmp_path, [[(constant(100), 1)]])
    training = training_crops(source, augmentation(), epoch=0)
    validation = validation_crops(source, side=48, size=SIZE, mean_rgb=MEAN)
    for crops in (training, validation):
        ((crop, label, *_),) = crops.as_numpy_iterator()
        assert (crop.shape, crop.dtype, label.dtype) == ((SIZE, SIZE, 3), np.float32, np.int64)
        np.testing.assert_allclose(crop, np.broadcast_to([-20, -10, 0], crop.shape), atol=1e-3)
        assert crops.element_spec[0].shape == (SIZE, SIZE, 3)


def test_training_crops_are_pieces_of_the_image_or_of_its_mirror_image(tmp_path):
    """With S the image's own side nothing is resampled; the pixel at (y, x) is (y, x, 0)."""
    y, x = np.mgrid[:40, :50].astype(np.uint8)
    source = source_of(tmp_path, [[(png(np.stack([y, x, 0 * x], axis=2)), 1)] * 40])
    crops = crops_of_epoch(source, seed=1, scales=(40, 40), mean=(0, 0, 0))
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
    source = source_of(tmp_path, [[(png(wide), 1), (png(tall), 2)]])
    crops = validation_crops(source, side=40, size=SIZE, mean_rgb=MEAN)
    for _ in range(2):
        (first, label), (second, other) = crops.as_numpy_iterator()
        np.testing.assert_allclose(first, wide[4:36, 9:41] - np.float32(MEAN), atol=1e-3)
        np.testing.assert_allclose(second, tall[10:42, 4:36] - np.float32(MEAN), atol=1e-3)
        assert (label, other) == (0, 1)


@pytest.mark.parametrize(("layout", "written"), [(IMAGENET, (1, 2, 3)), (TFDS, (0, 1, 2))])
def test_labels_start_at_0_in_both_layouts(tmp_path, layout, written):
    source = source_of(tmp_path, [[(constant(50), label) for label in written]], layout)
    validation = validation_crops(source, side=36, size=SIZE, mean_rgb=MEAN)
    assert [label for _, label in validation.as_numpy_iterator()] == [0, 1, 2]
    assert sorted(label for _, label, _ in crops_of_epoch(source)) == [0, 1, 2]


def test_the_validation_crop_of_a_strip_is_of_its_middle(tmp_path):
    """1 x 60,000 pixels at S = 32 would be 2 million; white but for 4 pixels around the centre, from 0 to 90.

    By hand: a pixel becomes 32 columns, so that the crop goes from half a pixel left of the centre to half a
    pixel right of it: from the middle of the second of the four to that of the third.
    """
    strip = np.full((1, 60_000, 3), 255, np.uint8)
    strip[0, 29_998:30_002] = np.array([0, 30, 60, 90], np.uint8)[:, np.newaxis]
    source = source_of(tmp_path, [[(png(strip), 1)]])
    ((crop, _),) = validation_crops(source, side=SIZE, size=SIZE, mean_rgb=(0, 0, 0)).as_numpy_iterator()
    expected = 30 + 30 * (np.arange(SIZE) + 0.5) / SIZE
    np.testing.assert_allclose(crop, np.broadcast_to(expected[:, np.newaxis], crop.shape), atol=0.01)
