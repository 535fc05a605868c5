"""The only place that knows the keys of ImageNet TFRecords and where their labels start.

Two layouts exist on disk. Which one a data set has is decided by the feature keys it was found to have,
never by its label values: a set whose smallest label is 1 may still count from 0.
"""

from collections.abc import Collection
from dataclasses import dataclass

from models.errors import InputError


@dataclass(frozen=True)
class BoxKeys:
    """Keys of the boxes of an image's objects (appendix A), which a data set may have.

    Attributes:
        corners: keys of the left, top, right and bottom sides, a number a box each; or one key of four
            numbers a box, top, left, bottom, right. Fractions of the image as its file stores it, whatever
            its EXIF says.
        label: key of the boxes' classes, numbered as the image's; where it is missing, the image's own.
    """

    corners: tuple[str, ...]
    label: str

    @property
    def all(self) -> tuple[str, ...]:
        """Every key."""
        return (*self.corners, self.label)


@dataclass(frozen=True)
class Layout:
    """Keys of one tf.Example schema.

    Attributes:
        name: for messages.
        image: key of the encoded photograph, bytes.
        label: key of the class number, int64.
        first_label: the number of the first class; internal labels are label - first_label.
        filename: key of the file name, bytes.
        class_text: key of the class's name, bytes, or None where the layout has none.
        synset: key of the class's WordNet id, bytes, or None.
        boxes: keys of the objects' boxes.
    """

    name: str
    image: str
    label: str
    first_label: int
    filename: str
    class_text: str | None
    synset: str | None
    boxes: BoxKeys

    @property
    def required(self) -> tuple[str, ...]:
        """Keys that each example must have exactly one value of."""
        return (self.image, self.label, self.filename)

    @property
    def optional(self) -> tuple[str, ...]:
        """Keys that are used where they exist."""
        return tuple(key for key in (self.class_text, self.synset) if key)


# build_imagenet_data.py of the TensorFlow models: labels 1..1000, 0 was kept for a background class.
IMAGENET = Layout(
    name="build_imagenet_data",
    image="image/encoded",
    label="image/class/label",
    first_label=1,
    filename="image/filename",
    class_text="image/class/text",
    synset="image/class/synset",
    boxes=BoxKeys(
        corners=tuple(f"image/object/bbox/{side}" for side in ("xmin", "ymin", "xmax", "ymax")),
        label="image/object/bbox/label",
    ),
)
# TensorFlow Datasets' imagenet2012: labels 0..999. It has no boxes; others of TFDS have them so.
TFDS = Layout(
    name="TFDS imagenet2012",
    image="image",
    label="label",
    first_label=0,
    filename="file_name",
    class_text=None,
    synset=None,
    boxes=BoxKeys(corners=("objects/bbox",), label="objects/label"),
)
LAYOUTS = (IMAGENET, TFDS)


def layout_of(keys: Collection[str], where: str) -> Layout:
    """The layout that shares most of its required keys with `keys`.

    One shared key is enough: a missing one is then reported as an anomaly of that layout.

    Raises:
        InputError: no key, or as many of one layout as of the other.
    """
    shared = [sum(key in keys for key in layout.required) for layout in LAYOUTS]
    if max(shared) == 0 or shared.count(max(shared)) > 1:
        expected = " or ".join(f"{', '.join(layout.required)} ({layout.name})" for layout in LAYOUTS)
        found = ", ".join(sorted(keys)) or "none"
        raise InputError(
            f"{where}: feature keys {found}; expected {expected}; "
            "write the TFRecords with `vgg data folders` or build_imagenet_data.py"
        )
    return LAYOUTS[shared.index(max(shared))]


# Splits of the Examples artifacts that the pipeline makes of them.
TRAIN_SPLIT, EVAL_SPLIT = "train", "eval"

# Names of the shards that both layouts come in: train-00000-of-01024 and
# imagenet2012-train.tfrecord-00000-of-01024.
TRAIN_SHARDS = "*train*-?????-of-?????"
VALIDATION_SHARDS = "*validation*-?????-of-?????"
