"""Writes one shard: reads its images wherever they lie, mends what is no RGB or grey JPEG, keeps an account.

A shard appears under its name when it is complete, after its account, so that a run that was killed goes on
behind the last finished one.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from io import BytesIO
from itertools import chain
from pathlib import Path

from PIL import ExifTags, Image

from components.datasets.ilsvrc.plan import SplitImages, planned_classes, planned_images
from components.datasets.re_encoding import written_anew
from components.datasets.resumed import work_of
from components.datasets.stored_file import ANEW
from components.datasets.tfrecords import Picture, record_writer, to_example
from models.errors import InputError, cause_of
from models.in_order import in_order

ACCOUNT = ".json"
TOGETHER, BLOCKS_AHEAD = 8, 8
"""Images that a thread reads in a turn, and turns ahead: with one in a turn a shard took 7 to 9 % longer."""
AS_THEY_ARE = {"RGB": 3, "L": 1}
"""Channels of the JPEGs that are stored as they are, by Pillow's mode."""


@dataclass(frozen=True)
class PlannedShard:
    """Number `number` of the `total` of a split."""

    split: str
    number: int
    total: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.split}-{self.number:05d}-of-{self.total:05d}"


@dataclass
class ShardAccount:
    """What a shard holds.

    Attributes:
        images: how many. with_boxes: how many of them have boxes.
        bytes: of the file. sha256: of the file.
        per_class: images by synset.
        changed, unreadable: {"file", "reason"} of each image that was written anew, or left out.
    """

    images: int = 0
    with_boxes: int = 0
    bytes: int = 0
    sha256: str = ""
    per_class: dict[str, int] = field(default_factory=dict)
    changed: list[dict[str, str]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)


def write_shard(folder: Path, shard: PlannedShard) -> None:
    """Into `folder`, whose work folder holds the plan.

    Raises:
        InputError: an image is not where it was when the plan was made.
        OSError: no space or right to write.
    """
    images, categories = planned_images(work_of(folder), shard.split), planned_classes(work_of(folder))
    begin, end = (len(images.order) * edge // shard.total for edge in (shard.number, shard.number + 1))
    account, unfinished = ShardAccount(), unfinished_of(folder, shard)
    with record_writer(unfinished) as write:
        for index, picture in _pictures(images, images.order[begin:end]):
            if isinstance(picture, str):
                account.unreadable.append({"file": images.members.name_of(index), "reason": picture})
                continue
            write(to_example(picture, categories).SerializeToString(deterministic=True))
            _count(account, picture, categories[picture.label - 1].synset)
    account.bytes, account.sha256 = unfinished.stat().st_size, _sha256(unfinished)
    work_of(folder).joinpath(f"{shard.name}{ACCOUNT}").write_text(
        json.dumps(asdict(account)), encoding="utf-8"
    )
    os.replace(unfinished, folder / shard.name)


def unfinished_of(folder: Path, shard: PlannedShard) -> Path:
    """Where a shard lies while it is written."""
    return folder / f".{shard.name}.unfinished"


def account_of(folder: Path, shard: PlannedShard) -> ShardAccount | None:
    """Of a finished shard; None of another."""
    if not (folder / shard.name).exists():
        return None
    return ShardAccount(
        **json.loads((work_of(folder) / f"{shard.name}{ACCOUNT}").read_text(encoding="utf-8"))
    )


def _pictures(images: SplitImages, indices) -> Iterator[tuple[int, Picture | str]]:
    blocks = [indices[first : first + TOGETHER] for first in range(0, len(indices), TOGETHER)]
    some = in_order(lambda block: [_picture(images, index) for index in block], blocks, BLOCKS_AHEAD)
    yield from zip(indices, chain.from_iterable(some), strict=True)


def _picture(images: SplitImages, index: int) -> Picture | str:
    """Or why it cannot be stored."""
    encoded, label = _read(images, index), int(images.label[index])
    name, boxes = images.members.name_of(index), images.boxes_of(index)
    try:
        why, picture = _as_it_is(encoded, label, name, boxes)
        if picture is None:
            if _is_turned(encoded):
                boxes = ()  # they are of the image as it was stored
            _, picture = _as_it_is(
                written_anew(encoded), label, name, boxes, f"{why}, {ANEW.format('JPEG', 100)}"
            )
        return picture
    except MemoryError:  # is no fault of the image
        raise
    except Exception as error:  # Pillow's decoders raise about anything for a damaged file
        return cause_of(error)


def _as_it_is(
    encoded: bytes, label: int, name: str, boxes: tuple, changed: str = ""
) -> tuple[str, Picture | None]:
    """The picture; or what it is in place of an RGB or grey JPEG, and None."""
    with Image.open(BytesIO(encoded)) as image:
        channels = AS_THEY_ARE.get(image.mode)
        if image.format != "JPEG" or channels is None:
            return (image.format if image.format != "JPEG" else image.mode), None
        return "", Picture(
            encoded=encoded,
            label=label,
            filename=name,
            height=image.height,
            width=image.width,
            format="JPEG",
            colorspace="RGB" if channels == 3 else "Grayscale",
            channels=channels,
            boxes=boxes,
            changed=changed,
        )


def _is_turned(encoded: bytes) -> bool:
    with Image.open(BytesIO(encoded)) as image:
        return image.getexif().get(ExifTags.Base.Orientation, 1) != 1


def _read(images: SplitImages, index: int) -> bytes:
    where = images.members.path_of(index)
    try:
        encoded = images.members.read(index)
    except OSError as error:
        raise InputError(
            f"{where}: {cause_of(error)}; expected what was there at the start; run it again"
        ) from None
    if len(encoded) != images.members.size[index]:
        raise InputError(
            f"{where}: {len(encoded)} bytes; expected the {images.members.size[index]} that were there at "
            "the start; put it back and run again"
        )
    return encoded


def _count(account: ShardAccount, picture: Picture, synset: str) -> None:
    account.images += 1
    account.with_boxes += bool(picture.boxes)
    account.per_class[synset] = account.per_class.get(synset, 0) + 1
    if picture.changed:
        account.changed.append({"file": picture.filename, "reason": picture.changed})


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
