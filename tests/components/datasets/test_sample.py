import io

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image
from scipy.ndimage import label, median_filter

from components.datasets import sample
from components.datasets.sample import Source
from pipeline.commands.data import data


def make(out, *options: str):
    arguments = [
        "sample",
        "--out",
        str(out),
        "--train-per-class",
        "3",
        "--validation-per-class",
        "1",
        *options,
    ]
    return CliRunner().invoke(data, arguments, catch_exceptions=False)


def features(pattern) -> list:
    paths = sorted(tf.io.gfile.glob(str(pattern)))
    records = tf.data.TFRecordDataset(paths)
    return [tf.train.Example.FromString(record.numpy()).features.feature for record in records]


def labels(examples) -> list[int]:
    return [example["image/class/label"].int64_list.value[0] for example in examples]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample") / "set"
    result = make(out)
    assert result.exit_code == 0
    return out, result.output


def test_the_labels_are_one_to_ten(made):
    assert sorted(labels(features(made[0] / "validation-*"))) == list(range(1, 11))
    assert sorted(labels(features(made[0] / "train-*"))) == sorted(3 * list(range(1, 11)))


def test_there_are_four_shards_to_train_and_two_to_validate(made):
    names = sorted(path.name for path in made[0].iterdir())
    assert names == [
        "dataset.json",
        *(f"train-0000{shard}-of-00004" for shard in range(4)),
        *(f"validation-0000{shard}-of-00002" for shard in range(2)),
    ]


def test_no_shard_is_sorted_by_class(made):
    for shard in range(4):
        found = labels(features(made[0] / f"train-0000{shard}-*"))
        assert found != sorted(found)
        assert len(set(found)) > 3


def test_the_keys_tell_the_truth_about_the_jpeg(made):
    for example in features(made[0] / "*-of-*"):
        image = Image.open(io.BytesIO(example["image/encoded"].bytes_list.value[0]))
        assert image.format == "JPEG"
        assert example["image/format"].bytes_list.value[0] == b"JPEG"
        assert example["image/width"].int64_list.value[0] == image.width
        assert example["image/height"].int64_list.value[0] == image.height
        space = b"Grayscale" if image.mode == "L" else b"RGB"
        assert example["image/colorspace"].bytes_list.value[0] == space
        assert example["image/channels"].int64_list.value[0] == len(image.getbands())
        assert (
            example["image/object/bbox/label"].int64_list.value
            == example["image/class/label"].int64_list.value
        )


def test_the_class_names_follow_the_labels(made):
    texts = {}
    for example in features(made[0] / "validation-*"):
        texts[labels([example])[0]] = example["image/class/text"].bytes_list.value[0].decode()
    assert texts[1] == "disc"
    assert texts[8] == "checkerboard"


def test_the_summary_says_what_was_made(made):
    for line in (
        str(made[0]),
        "30 images in 4 shards",
        "10 images in 2 shards",
        "10: disc, ring",
        " MB",
        " s",
    ):
        assert line in made[1]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(made, tmp_path):
    def content(folder):
        return [path.read_bytes() for path in sorted(folder.glob("*-of-*"))]

    make(tmp_path / "same")
    make(tmp_path / "other", "--seed", "1")
    assert content(tmp_path / "same") == content(made[0])
    assert not set(content(tmp_path / "other")) & set(content(made[0]))


def test_a_second_run_says_that_it_is_there_and_touches_nothing(made):
    before = {path: path.stat().st_mtime_ns for path in (made[0], *made[0].iterdir())}
    assert "already there" in make(made[0]).output
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_picture_does_not_depend_on_how_many_there_are(made):
    pictures = [sample.draw(Source(0, "validation", index)) for index in range(10)]
    written = {example["image/encoded"].bytes_list.value[0] for example in features(made[0] / "validation-*")}
    assert {picture.encoded for picture in pictures} == written


def test_training_and_validation_share_no_picture():
    assert sample.draw(Source(0, "train", 0)).encoded != sample.draw(Source(0, "validation", 0)).encoded


def test_sizes_are_those_of_photographs_and_a_tenth_is_greyscale():
    pictures = [sample.draw(Source(0, "train", index)) for index in range(300)]
    shorter = [min(picture.width, picture.height) for picture in pictures]
    longer = [max(picture.width, picture.height) for picture in pictures]
    assert 200 <= min(shorter) < 220
    assert 350 < max(shorter) <= 400
    assert max(long / short for long, short in zip(longer, shorter, strict=True)) <= 16 / 9 + 0.01
    assert 0.3 < sum(picture.width < picture.height for picture in pictures) / 300 < 0.5
    assert 0.05 < sum(picture.channels == 1 for picture in pictures) / 300 < 0.15
    assert 5_000 < sum(len(picture.encoded) for picture in pictures) / 300 < 30_000


def test_the_box_lies_round_the_object():
    for index in range(20):
        picture = sample.draw(Source(0, "train", index))
        (box,) = picture.boxes
        assert 0 <= box.xmin < box.xmax <= 1
        assert 0 <= box.ymin < box.ymax <= 1
        width, height = (box.xmax - box.xmin) * picture.width, (box.ymax - box.ymin) * picture.height
        assert max(width, height) > 0.3 * min(picture.width, picture.height)


FULL, LIGHT = {"disc", "square"}, {"ring", "cross", "stripes", "checkerboard", "dots"}
"""Classes that fill more than 0.6 of a box of their own, however they are turned, and less."""


def found_again(picture, box, other) -> tuple[np.ndarray, float]:
    """How far what is bright at a box and round it lies from its sides, pixels, and how much of it is bright.

    The background is the ring of these pixels; of the object the brighter half of the box is.
    """
    image = Image.open(io.BytesIO(picture.encoded)).convert("L")
    pixels = median_filter(np.asarray(image, float), 3)
    sides, others = (
        np.array([one.xmin, one.ymin, one.xmax, one.ymax]) * [*image.size, *image.size]
        for one in (box, other)
    )
    left, top, right, bottom = np.round(others).astype(int)
    beside = np.s_[top:bottom, left:right]
    left, top, right, bottom = np.round(sides).astype(int)
    inside = np.s_[top:bottom, left:right]
    round_it = np.zeros(pixels.shape, bool)
    round_it[max(top - 10, 0) : bottom + 10, max(left - 10, 0) : right + 10] = True
    round_it[beside] = False
    ring = round_it.copy()
    ring[inside] = False
    threshold = (np.median(pixels[ring]) + np.quantile(pixels[inside], 0.9)) / 2
    bright = (pixels > threshold) & round_it
    near, _ = label(bright)
    counts = np.bincount(near.ravel())
    counts[0] = 0
    bright &= counts[near] > 12  # no scraps of the background
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    corners = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return corners - sides, float(bright[inside].mean())


def test_two_objects_are_found_again_in_the_pixels():
    """Each at its box, and the class of each box in how much of it is filled."""
    names, off, seen = list(sample.SHAPES), [], 0
    for index in range(40):
        picture = sample.draw(Source(0, "train", index, two_objects=True))
        first, second = picture.boxes
        assert first.label == picture.label == 1 + index % 10
        assert second.label != first.label
        assert (
            first.xmax <= second.xmin
            or second.xmax <= first.xmin
            or (first.ymax <= second.ymin or second.ymax <= first.ymin)
        )
        shares = {}
        for box, other in ((first, second), (second, first)):
            corners, shares[names[box.label - 1]] = found_again(picture, box, other)
            off += np.abs(corners).tolist()
        full, light = FULL & set(shares), LIGHT & set(shares)
        if full and light:
            seen += 1
            assert shares[full.pop()] > 0.6 > shares[light.pop()]
    assert seen >= 5
    assert np.mean(np.array(off) <= 2.5) > 0.9, "a scrap of the background beside a shape may be as bright"


def test_two_objects_are_written_with_their_classes(tmp_path):
    assert make(tmp_path / "two", "--two-objects").exit_code == 0
    for example in features(tmp_path / "two" / "*-of-*"):
        first, second = example["image/object/bbox/label"].int64_list.value
        assert [first] == labels([example])
        assert first != second
    assert "holds another data set" in str(make_again(tmp_path / "two").exception)


def make_again(out):
    words = ["sample", "--out", str(out), "--train-per-class", "3", "--validation-per-class", "1"]
    return CliRunner().invoke(data, words)
