"""dataset.json: what a data set was made from and what it holds; how a data set is recognised."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from models.errors import InputError

MANIFEST = "dataset.json"
LARGE = 1024
"""Pixels of a shorter side, twice the largest S and Q of the paper: more costs room and time alone."""


@dataclass(frozen=True)
class Category:
    """One class: its WordNet id (or folder name) and its name in words."""

    synset: str
    text: str


@dataclass
class SplitReport:
    """What a split holds.

    Attributes:
        images: how many.
        per_class: images by synset.
        shards: bytes by file name.
        changed: {"file", "reason"} of each picture that is not its source's own bytes.
        with_boxes: images whose objects' boxes are known.
        sha256: of the shards, by file name, where they were taken.
    """

    images: int = 0
    per_class: dict[str, int] = field(default_factory=dict)
    shards: dict[str, int] = field(default_factory=dict)
    changed: list[dict[str, str]] = field(default_factory=list)
    with_boxes: int = 0
    sha256: dict[str, str] = field(default_factory=dict)


@dataclass
class BoxAccount:
    """How PASCAL VOC's annotations of a folder's photographs were read.

    Attributes:
        read: where: beside the photographs, or names of folders.
        without: photographs that have none.
        wrong: {"file", "reason"} of each that was not used.
        wrong_boxes: {"file", "reason"} of each box that was left out, or cut off at the image's edge.
        unknown: objects by class, of classes that the data have not.
        without_own: photographs of which no object is of their own class.
        turned: photographs that EXIF turns, by how their boxes were understood.
        not_read: files in folders, where those beside the photographs were read.
        spare: files of no photograph, or of several.
    """

    read: str
    without: list[str] = field(default_factory=list)
    wrong: list[dict[str, str]] = field(default_factory=list)
    wrong_boxes: list[dict[str, str]] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    without_own: list[str] = field(default_factory=list)
    turned: dict[str, int] = field(default_factory=dict)
    not_read: list[str] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)


@dataclass
class Account:
    """How a folder of photographs was read, and what of it was not stored.

    Attributes:
        split_folders: the folder that each split was read from; empty where a hash divided the classes.
        class_folders: by class, where they are not called exactly so, the names of its folders.
        nested: images by folder, of the folders below class folders; they belong to the class.
        outside: images by folder, of folders that are no class folders, for which they were not read.
        leftovers: images by name, of the folders of other programs' thumbnails and copies, and hidden files.
        other_files: files that are no images by their suffix, counted by suffix.
        unreadable: {"file", "reason", "mendable"} of each image that a run would not decode.
        repeated: {"file", "reason", "kind"} of each photograph that was left out as it is there again.
        large: photographs whose shorter side has more than LARGE pixels, stored as they are.
        boxes: of their annotations; None where there are none.
    """

    split_folders: dict[str, str] = field(default_factory=dict)
    class_folders: dict[str, list[str]] = field(default_factory=dict)
    nested: dict[str, int] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)
    leftovers: dict[str, int] = field(default_factory=dict)
    other_files: dict[str, int] = field(default_factory=dict)
    unreadable: list[dict[str, Any]] = field(default_factory=list)
    repeated: list[dict[str, str]] = field(default_factory=list)
    large: int = 0
    boxes: BoxAccount | None = None


@dataclass(frozen=True)
class DataSet:
    """A data set on disk.

    Attributes:
        folder: absolute.
        parameters: all that the content depends on, as JSON; equal parameters mean an equal data set.
        categories: in label order; the first has label 1.
        splits: by name.
        account: of the folder that it was made from.
        already_there: it was found, and left untouched.
    """

    folder: Path
    parameters: dict[str, Any]
    categories: list[Category]
    splits: dict[str, SplitReport]
    account: Account = field(default_factory=Account)
    already_there: bool = False

    @property
    def bytes(self) -> int:
        """Of all shards."""
        return sum(size for report in self.splits.values() for size in report.shards.values())


def save(made: DataSet, folder: Path) -> None:
    """Writes the manifest into `folder`."""
    content = {
        "parameters": made.parameters,
        "class_names": [category.text for category in made.categories],
        "synsets": [category.synset for category in made.categories],
        "splits": {name: asdict(report) for name, report in made.splits.items()},
        **asdict(made.account),
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def existing(out: Path, parameters: dict[str, Any]) -> DataSet | None:
    """The data set with these parameters that `out` holds; None where `out` is new or empty.

    Raises:
        InputError: `out` is a file, or holds something else, or a shard is missing or was cut short.
    """
    if not _is_occupied(out):
        return None
    found = _load(out)
    if found is None:
        raise _refusal(out, "exists and is not a data set of `vgg data`")
    if found.parameters != parameters:
        raise _refusal(out, f"holds another data set ({_difference(found.parameters, parameters)})")
    for report in found.splits.values():
        for name, size in report.shards.items():
            if not (out / name).is_file() or (out / name).stat().st_size != size:
                raise _refusal(out, f"holds a damaged data set ({name} is not the {size} bytes it was)")
    return found


def _is_occupied(out: Path) -> bool:
    """Whether there is anything at `out` that a rename would have to replace."""
    if out.is_mount():
        raise InputError(
            f"{out}: is a mount point, expected a folder that can be renamed into place; "
            f"choose a folder below it, as --out {out / 'dataset'}"
        )
    try:
        return out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; expected a folder; choose another --out") from error


def _refusal(out: Path, why: str) -> InputError:
    return InputError(f"{out}: {why}; expected a new or empty folder; choose another --out or remove it")


def _load(out: Path) -> DataSet | None:
    try:
        content = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        names = zip(content["synsets"], content["class_names"], strict=True)
        splits = {name: _fields(SplitReport, report) for name, report in content["splits"].items()}
        categories = [Category(synset, text) for synset, text in names]
        account = _fields(Account, content)
        if account.boxes is not None:
            account.boxes = _fields(BoxAccount, account.boxes)
        return DataSet(out, dict(content["parameters"]), categories, splits, account, already_there=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _fields(kind: type, content: dict[str, Any]) -> Any:
    """Of an older version's manifest, too: what it has beside, or has not yet, does not matter."""
    return kind(**{one.name: content[one.name] for one in fields(kind) if one.name in content})


def _difference(there: dict[str, Any], asked: dict[str, Any]) -> str:
    """The first parameter that differs, in words; values where a person can read them."""
    key = next(key for key in (*asked, *there) if there.get(key) != asked.get(key))
    if isinstance(asked.get(key), int | float | str) and "sha256" not in key:
        return f"{key} is {there.get(key)} there and {asked[key]} here"
    return f"{key.removesuffix('_sha256')} differ"
