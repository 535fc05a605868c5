"""What a check of a data set comes to: figures, and lists of all that is wrong. As JSON it is check.json."""

from dataclasses import dataclass

SCHEMA = "vgg data check 1"
SIDES = ("height", "width", "shorter side")
TRAIN, VALIDATION = "train", "validation"


@dataclass(frozen=True)
class SplitFigures:
    """One split.

    Attributes:
        shards: files. bytes: of all of them.
        records: that begin in them, as far as their heads can be read.
        images: those of a known layout.
        decoded: images that decode.
    """

    shards: int
    bytes: int
    records: int
    images: int
    decoded: int


@dataclass(frozen=True)
class ClassFigures:
    """One class that has an image: its label, 0.., what its records call it, and its images in each split."""

    label: int
    name: str
    synset: str
    train: int
    validation: int


@dataclass(frozen=True)
class Spread:
    """Of a side in pixels, upright, over the images that decode; shares of them are below low and high."""

    smallest: int
    low: int  # 5 %
    median: int
    high: int  # 95 %
    largest: int
    mean: float


@dataclass(frozen=True)
class Histogram:
    """Images by one of SIDES; bin i has those of edges[i] <= pixels < edges[i + 1]."""

    edges: tuple[int, ...]
    train: tuple[int, ...]
    validation: tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """Where an image is: record from 1, offset in bytes; label 0.., None where it could not be read."""

    split: str
    shard: str
    record: int
    offset: int
    file: str
    label: int | None


@dataclass(frozen=True)
class Fault:
    """A record that is no image, or does not decode, and why; `unread` bytes are not read for it."""

    place: Place
    what: str
    unread: int = 0


@dataclass(frozen=True)
class BoxFigures:
    """The boxes of a split's images.

    Attributes:
        boxes: how many. images: how many have one. most: in one image.
        without_own: images that have boxes, none of which is of their class and has an area.
        area: mean share of its image that a box covers, 0..1, of the boxes that have an area in it.
        wrong: how many, by components.checking.boxes' kinds.
    """

    boxes: int
    images: int
    most: int
    without_own: int
    area: float
    wrong: dict[str, int]


@dataclass(frozen=True)
class Repeated:
    """Images that look the same, and how: kinds are components.checking.duplicates.KINDS."""

    kinds: tuple[str, ...]
    images: tuple[Place, ...]


@dataclass(frozen=True)
class Check:
    """A whole data set.

    Attributes:
        data: the folder. layout: of its records. written: when, local time. seconds: the check took.
        seed: of the sheets' choice.
        splits: by TRAIN and VALIDATION.
        classes: in label order.
        sizes: by split, then by SIDES; histograms: by SIDES.
        colour_modes, orientations: images by split; of the latter those that decode, by EXIF's number.
        pixels: of the training images that decode. mean_rgb: grey levels, covariance_rgb: their squares, as
            Transform has them; empty where there are no pixels.
        boxes: by split; empty where no image has one.
        manifest: shards that are not those of dataset.json; empty where nothing is wrong.
        damaged, odd, undecodable, wrong_boxes, repeated: what is wrong.
        remarks: what may be meant as it is.
    """

    data: str
    layout: str
    written: str
    seconds: float
    seed: int
    splits: dict[str, SplitFigures]
    classes: tuple[ClassFigures, ...]
    sizes: dict[str, dict[str, Spread]]
    histograms: dict[str, Histogram]
    colour_modes: dict[str, dict[str, int]]
    orientations: dict[str, dict[int, int]]
    pixels: int
    mean_rgb: tuple[float, ...]
    covariance_rgb: tuple[tuple[float, ...], ...]
    boxes: dict[str, BoxFigures]
    manifest: tuple[str, ...]
    damaged: tuple[Fault, ...]
    odd: tuple[Fault, ...]
    undecodable: tuple[Fault, ...]
    wrong_boxes: tuple[Fault, ...]
    repeated: tuple[Repeated, ...]
    remarks: tuple[str, ...]
    schema: str = SCHEMA

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        wrong = (self.manifest, self.damaged, self.odd, self.undecodable, self.wrong_boxes, self.repeated)
        return not any(wrong)
