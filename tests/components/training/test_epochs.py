"""An epoch of crops: each image once, in a random order that a seed repeats; what cannot be read ends it."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.training_shards import (
    MEAN,
    SIZE,
    augmentation,
    constant,
    crops_of_epoch,
    crops_of_epochs,
    greys,
    source_of,
    texture,
)

from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.training.input_pipeline import Source, training_crops, validation_crops
from models import images


def _textures(folder) -> Source:
    """Two shards of six."""
    return source_of(folder, [[(texture(10 * k + n), 1) for n in range(6)] for k in range(2)])


@pytest.fixture(scope="module")
def textures(tmp_path_factory) -> Source:
    return _textures(tmp_path_factory.mktemp("textures"))


FIRST = (1, 5, 11, 12)


@pytest.fixture(scope="module")
def of_seed_4(textures) -> list[list]:
    """Epoch 2, epoch 3, and epoch 3 again from each place of FIRST on."""
    return crops_of_epochs(textures, [(2, 0), (3, 0), *((3, first) for first in FIRST)], seed=4)


@pytest.fixture(scope="module")
def epochs_of_classes(tmp_path_factory) -> list[list]:
    """Three epochs of eight shards of ten images, one class a shard; image n is of the constant grey n."""
    shards = [[(constant(10 * k + n), k + 1) for n in range(10)] for k in range(8)]
    source = source_of(tmp_path_factory.mktemp("classes"), shards)
    return crops_of_epochs(source, [(epoch, 0) for epoch in range(3)], mean=(0, 0, 0))


def test_a_seed_and_an_epoch_give_the_same_crops_again(textures, of_seed_4):
    """From an iterator of its own, too."""
    first, again = of_seed_4[0], crops_of_epoch(textures, seed=4, epoch=2)
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
    other = crops_of_epoch(textures, seed=seed, epoch=epoch)
    assert len(other) == 12
    assert first.isdisjoint(crop.tobytes() for crop, *_ in other)


def test_one_image_is_cropped_differently_at_each_position(tmp_path):
    source = source_of(tmp_path, [[(texture(1), 1)] * 8])
    assert len({crop.tobytes() for crop, *_ in crops_of_epoch(source)}) == 8


def test_each_image_is_there_once_an_epoch(epochs_of_classes):
    for crops in epochs_of_classes:
        assert sorted(greys(crops)) == list(range(80))
        assert all(label == grey // 10 for grey, (_, label, _) in zip(greys(crops), crops, strict=True))


def test_the_order_is_random_even_with_shards_sorted_by_class(epochs_of_classes):
    orders = [greys(crops) for crops in epochs_of_classes[:2]]
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
    source = source_of(tmp_path, [[(b"no image", 1), *[(constant(grey), 1) for grey in range(5)]]])
    whole, *rests = crops_of_epochs(source, [(0, first) for first in range(7)], mean=(0, 0, 0))
    (hole,) = set(range(6)) - {place for *_, place in whole}
    assert len(whole) == 5
    for first, rest in enumerate(rests, 1):
        assert greys(rest) == greys(crop for crop in whole if crop[2] >= first)
    assert 0 <= hole <= 5


def test_images_that_do_not_decode_are_left_out(tmp_path):
    whole = texture(0)
    shard = [(constant(7), 1), (b"no image", 1), (whole[: len(whole) // 2], 2), (b"", 2), (constant(9), 2)]
    source = source_of(tmp_path, [shard])
    assert sorted(greys(crops_of_epoch(source, mean=(0, 0, 0)))) == [7, 9]
    assert greys(validation_crops(source, side=36, size=SIZE, mean_rgb=(0, 0, 0)).as_numpy_iterator()) == [
        7,
        9,
    ]


def test_a_record_that_cannot_be_read_ends_the_epoch(tmp_path):
    """Cut off in the last of its records: the shard is damaged, and no image of it is."""
    textures = _textures(tmp_path)
    shard = Path(textures.records.files[1])
    shard.write_bytes(shard.read_bytes()[:-400])
    for crops in (
        training_crops(textures, augmentation(), epoch=0),
        validation_crops(textures, side=36, size=SIZE, mean_rgb=MEAN),
    ):
        with pytest.raises(tf.errors.OpError):
            list(crops.as_numpy_iterator())


def test_a_record_without_a_label_ends_the_epoch(tmp_path):
    shard = str(tmp_path / "train-00000-of-00001")
    with tf.io.TFRecordWriter(shard) as writer:
        example = tf.train.Example()
        example.features.feature[IMAGENET.image].bytes_list.value.append(texture(1))
        writer.write(example.SerializeToString())
    with pytest.raises(tf.errors.InvalidArgumentError, match=IMAGENET.label):
        crops_of_epoch(Source(index_of([shard]), IMAGENET))


def test_a_fault_behind_the_decoding_ends_the_epoch(tmp_path, monkeypatch):
    """Of the white image alone: it does not pass for one that does not decode."""
    source = source_of(tmp_path, [[(texture(1), 1), (constant(255), 1), (texture(2), 1)]])
    subtract = images.subtract_mean

    def faulty(image, mean):
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_min(image) < 254, ["a fault"])]):
            return subtract(image, mean)

    monkeypatch.setattr(images, "subtract_mean", faulty)
    for crops in (
        training_crops(source, augmentation(), epoch=0),
        validation_crops(source, side=48, size=SIZE, mean_rgb=MEAN),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match="a fault"):
            list(crops.as_numpy_iterator())
