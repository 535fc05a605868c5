"""Which layout a data set has, by its keys; the key names are those of platform.md, written out again."""

from fnmatch import fnmatchcase

import pytest

from components.datasets.layouts import IMAGENET, TFDS, TRAIN_SHARDS, VALIDATION_SHARDS, layout_of
from models.errors import InputError

BUILD_IMAGENET_KEYS = [
    "image/encoded",
    "image/class/label",
    "image/class/synset",
    "image/class/text",
    "image/object/bbox/xmin",
    "image/height",
    "image/width",
    "image/filename",
    "image/format",
    "image/colorspace",
    "image/channels",
]
TFDS_KEYS = ["image", "label", "file_name"]


@pytest.mark.parametrize(
    ("keys", "layout"),
    [
        (BUILD_IMAGENET_KEYS, IMAGENET),
        # imagenet_to_gcs.py: the same less text and boxes.
        ([key for key in BUILD_IMAGENET_KEYS if "text" not in key and "bbox" not in key], IMAGENET),
        (TFDS_KEYS, TFDS),
        ([*TFDS_KEYS, "another"], TFDS),
    ],
)
def test_the_keys_choose_the_layout(keys, layout):
    assert layout_of(keys, "here") is layout
    assert layout_of(frozenset(keys), "here") is layout


@pytest.mark.parametrize("missing", ["image/encoded", "image/class/label", "image/filename"])
def test_a_missing_required_key_leaves_the_layout_as_it_is(missing):
    assert layout_of(set(BUILD_IMAGENET_KEYS) - {missing}, "here") is IMAGENET


@pytest.mark.parametrize("missing", TFDS_KEYS)
def test_a_missing_tfds_key_leaves_the_layout_as_it_is(missing):
    assert layout_of(set(TFDS_KEYS) - {missing}, "here") is TFDS


def test_the_more_frequent_layout_wins():
    assert layout_of({"image", "image/encoded", "image/class/label"}, "here") is IMAGENET


@pytest.mark.parametrize("labels", [[0, 1, 2], [1, 2, 3], [1, 1000]])
def test_label_values_choose_nothing(labels):
    """A set whose smallest label is 1 may still count from 0, and one with a 0 may be wrong."""
    assert layout_of({"image": b"", "label": labels, "file_name": b""}, "here").first_label == 0
    imagenet = {"image/encoded": b"", "image/class/label": labels, "image/filename": b""}
    assert layout_of(imagenet, "here").first_label == 1


def test_a_thousand_classes_are_1_to_1000_and_0_to_999_on_disk():
    for layout, last in ((IMAGENET, 1000), (TFDS, 999)):
        internal = [label - layout.first_label for label in (layout.first_label, last)]
        assert internal == [0, 999]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (["pixels", "class"], "class, pixels"),
        ([], "none"),
        (["image/encoded", "label"], "image/encoded, label"),
        (["image/class/text", "image/class/synset"], "image/class/synset, image/class/text"),
        (
            [*TFDS_KEYS, "image/encoded", "image/class/label", "image/filename"],
            "file_name, image, image/class/label, image/encoded, image/filename, label",
        ),
    ],
)
def test_neither_layout_or_both_is_one_line(keys, found):
    with pytest.raises(InputError) as caught:
        layout_of(keys, "folder /data")
    message = str(caught.value)
    assert message.startswith(f"folder /data: feature keys {found}; expected ")
    assert "image/encoded, image/class/label, image/filename (build_imagenet_data)" in message
    assert "image, label, file_name (TFDS imagenet2012)" in message
    assert "`vgg data folders`" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "train", "validation"),
    [
        ("train-00000-of-01024", True, False),
        ("imagenet2012-train.tfrecord-01023-of-01024", True, False),
        ("validation-00000-of-00128", False, True),
        ("imagenet2012-validation.tfrecord-00000-of-00064", False, True),
        ("train-00000-of-01024.part", False, False),
        ("manifest.json", False, False),
        ("train", False, False),
    ],
)
def test_shards_are_known_by_their_names(name, train, validation):
    assert (fnmatchcase(name, TRAIN_SHARDS), fnmatchcase(name, VALIDATION_SHARDS)) == (train, validation)
