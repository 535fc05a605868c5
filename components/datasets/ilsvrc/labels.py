"""Which class an image of ILSVRC-2012 has: from the devkit, or from the lists that others hand out.

The order of classes is everywhere that of the sorted synsets, n01440764 first. The devkit's own numbers,
ILSVRC2012_ID, are another order: its validation ground truth is in them, and meta.mat maps them to synsets.
"""

import csv
import re
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from components.datasets.class_names import class_name
from models.errors import InputError, cause_of

META, GROUND_TRUTH = "meta.mat", "ILSVRC2012_validation_ground_truth.txt"
VALIDATION_NAME = "ILSVRC2012_val_{:08d}.JPEG"
SYNSET = re.compile(r"n\d{8}")
DEVKIT = "expected ILSVRC2012_devkit_t12.tar.gz or its unpacked folder; download it again"


@dataclass(frozen=True)
class Labels:
    """What is known beside the images.

    Attributes:
        names: in words, by synset.
        train_images: how many there must be, by synset; empty where that is not known.
        validation: synset by file name; empty where the images lie in class folders.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    train_images: Mapping[str, int] = field(default_factory=dict)
    validation: Mapping[str, str] = field(default_factory=dict)


def from_devkit(path: Path) -> Labels:
    """Of the devkit's archive or folder.

    Raises:
        InputError: it is none, or damaged.
    """
    import scipy.io  # takes half a second

    files = _devkit_files(path)
    try:
        synsets = scipy.io.loadmat(BytesIO(files[META]), squeeze_me=True)["synsets"]
        leaves = [one for one in synsets if int(one["num_children"]) == 0]
        by_id = {int(one["ILSVRC2012_ID"]): str(one["WNID"]) for one in leaves}
        truth = [by_id[int(line)] for line in files[GROUND_TRUTH].split()]
        names = {str(one["WNID"]): class_name(str(one["words"])) for one in leaves}
        counts = {str(one["WNID"]): int(one["num_train_images"]) for one in leaves}
    except Exception as error:  # scipy's reader raises about anything for a damaged file
        raise InputError(
            f"{path}: {META} or {GROUND_TRUTH} cannot be read ({cause_of(error)}); {DEVKIT}"
        ) from None
    return Labels(names, counts, _numbered(truth))


def from_synset_list(path: Path) -> dict[str, str]:
    """Synset by validation image, of a line for each in the order of their numbers, or Kaggle's
    LOC_val_solution.csv.

    Raises:
        InputError: it is neither.
    """
    lines = _lines(path)
    if lines and lines[0].startswith("ImageId"):
        rows = [row for row in csv.reader(lines[1:]) if row]
        synsets = {f"{row[0]}.JPEG": row[1].split()[0] for row in rows if len(row) > 1 and row[1].split()}
        _check_synsets(list(synsets.values()), path, first=2)
        return synsets
    _check_synsets(lines, path)
    return _numbered(lines)


def from_name_list(path: Path) -> dict[str, str]:
    """Names by synset, of lines SYNSET<TAB>NAME, or SYNSET NAME as in Kaggle's LOC_synset_mapping.txt.

    Raises:
        InputError: a line is neither.
    """
    columns = [re.split(r"[\t ]", line, maxsplit=1) for line in _lines(path)]
    _check_synsets([column[0] for column in columns], path)
    return {column[0]: class_name(column[-1]) or column[0] for column in columns}


def _numbered(synsets: Sequence[str]) -> dict[str, str]:
    return {VALIDATION_NAME.format(number): synset for number, synset in enumerate(synsets, start=1)}


def _check_synsets(synsets: Sequence[str], path: Path, first: int = 1) -> None:
    for number, synset in enumerate(synsets, start=first):
        if not SYNSET.fullmatch(synset):
            raise InputError(f"{path}: line {number}: {synset!r} is no synset; expected such as n01440764")
    if not synsets:
        raise InputError(f"{path}: no lines; expected one for each image or class")


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read ({cause_of(error)}); expected lines of UTF-8 text"
        ) from None


def _devkit_files(path: Path) -> dict[str, bytes]:
    try:
        if path.is_dir():
            found = {
                one.name: one.read_bytes() for one in path.rglob("*") if one.name in (META, GROUND_TRUTH)
            }
        else:
            with tarfile.open(path) as archive:
                members = [one for one in archive if Path(one.name).name in (META, GROUND_TRUTH)]
                found = {Path(one.name).name: archive.extractfile(one).read() for one in members}
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise InputError(f"{path}: cannot be read ({cause_of(error)}); {DEVKIT}") from None
    missing = [name for name in (META, GROUND_TRUTH) if name not in found]
    if missing:
        raise InputError(f"{path}: no {missing[0]} in it; {DEVKIT}")
    return found
