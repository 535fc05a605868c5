"""PASCAL VOC's folders as a data set: labels of all objects, difficult ones, the sets that are given."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.datasets.layouts import IMAGENET
from components.datasets.voc import write_voc
from components.transfer.described import labels_of
from models.errors import InputError

OBJECT = """<object><name>{name}</name><difficult>{difficult}</difficult>
<bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"""


def annotate(year, name, *things):
    """`things`: (class, corners, difficult) in an image of 50 x 40 pixels."""
    Image.new("RGB", (50, 40)).save(year / "JPEGImages" / f"{name}.jpg")
    objects = "".join(OBJECT.format(*corners, name=what, difficult=hard) for what, corners, hard in things)
    (year / "Annotations" / f"{name}.xml").write_text(
        f"<annotation><size><width>50</width><height>40</height></size>{objects}</annotation>"
    )


@pytest.fixture
def year(tmp_path):
    """Two images to train on, one of which has three objects, and one to test."""
    year = tmp_path / "VOC2007"
    for folder in ("ImageSets/Main", "JPEGImages", "Annotations"):
        (year / folder).mkdir(parents=True)
    annotate(
        year, "000005", ("dog", (1, 1, 10, 10), 0), ("cat", (11, 1, 40, 20), 0), ("sofa", (1, 1, 50, 40), 1)
    )
    annotate(year, "000007", ("sofa", (26, 21, 50, 40), 0), ("sofa", (1, 1, 5, 5), 1))
    annotate(year, "000001", ("dog", (1, 1, 50, 40), 1))
    (year / "ImageSets/Main/trainval.txt").write_text("000005\n000007\n")
    (year / "ImageSets/Main/test.txt").write_text("000001  1\n")
    return year


def records(folder, split) -> dict[str, tuple[bytes, dict]]:
    found = {}
    for file in sorted(folder.glob(f"{split}-*")):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            feature = tf.train.Example.FromString(record).features.feature
            found[feature["image/filename"].bytes_list.value[0].decode()] = (record, feature)
    return found


def test_all_classes_of_an_image_are_there_and_its_label_is_the_largest_certain_objects(year, tmp_path):
    made = write_voc(year, tmp_path / "data", train="trainval", test="test")
    assert [one.text for one in made.categories] == ["cat", "dog", "sofa"]
    train = records(tmp_path / "data", "train")
    assert {name: labels_of(record, IMAGENET) for name, (record, _) in train.items()} == {
        "000005.jpg": ([0, 1], [2]),
        "000007.jpg": ([2], []),
    }
    assert train["000005.jpg"][1]["image/class/text"].bytes_list.value[0] == b"cat"
    ((record, feature),) = records(tmp_path / "data", "validation").values()
    assert labels_of(record, IMAGENET) == ([], [1])
    assert feature["image/class/text"].bytes_list.value[0] == b"dog"
    assert feature["image/encoded"].bytes_list.value[0] == (year / "JPEGImages/000001.jpg").read_bytes()


def test_corners_are_counted_from_1_and_the_last_pixel_is_inside(year, tmp_path):
    write_voc(year, tmp_path / "data", train="trainval", test="test")
    feature = records(tmp_path / "data", "train")["000007.jpg"][1]
    sides = [
        feature[f"image/object/bbox/{side}"].float_list.value[0] for side in ("xmin", "ymin", "xmax", "ymax")
    ]
    np.testing.assert_allclose(sides, [0.5, 0.5, 1, 1])


def test_the_same_again_is_left_and_another_set_is_another_data_set(year, tmp_path):
    write_voc(year, tmp_path / "data", train="trainval", test="test")
    assert write_voc(year, tmp_path / "data", train="trainval", test="test").already_there
    with pytest.raises(InputError, match="holds another data set"):
        write_voc(year, tmp_path / "data", train="trainval", test="trainval")


def test_what_is_missing_or_broken_is_one_line_and_nothing_is_written(year, tmp_path):
    def refused(why, **sets):
        with pytest.raises(InputError, match=why) as raised:
            write_voc(year, tmp_path / "data", **{"train": "trainval", "test": "test", **sets})
        assert len(str(raised.value).splitlines()) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["VOC2007"]

    refused("minival.txt: cannot be read", test="minival")
    refused("no object of class cat in set test", train="test", test="trainval")
    (year / "JPEGImages/000001.jpg").write_bytes(b"cut")
    refused("000001.jpg: cannot be read")
    (year / "Annotations/000001.xml").write_text("<annotation>")
    refused("000001.xml: is no annotation")
    (year / "Annotations/000001.xml").unlink()
    refused("000001.xml: is no annotation")
