"""A user's photographs as a data set: one folder per class, JPEG and PNG files.

Pixels are stored as they lie in the file, with its EXIF orientation, which models.images.decode applies: a
photograph is trained on, evaluated and served as its viewer shows it.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from components.datasets import tfrecords
from components.datasets.annotated_boxes import AnnotatedBoxes, read_boxes
from components.datasets.annotation_files import Matched, match
from components.datasets.class_folders import Found, check_unwrapped, find
from components.datasets.class_names import categories_of
from components.datasets.image_files import stamp_of
from components.datasets.manifest import Account, Category, DataSet
from components.datasets.selection import Options, select
from components.datasets.stored_file import read
from components.datasets.tfrecords import Plan, Watcher
from models.errors import InputError

# To be raised with every change that alters a record: an older data set is then not taken for a new one.
VERSION = 3


def write_folders(
    source: Path, out: Path, options: Options | None = None, *, watcher: Watcher | None = None
) -> DataSet:
    """Writes the photographs below `source` into `out`, unless they are already there.

    Each file is decoded first, as a run will, and then it is decided which ones are stored. Where there are
    annotations in PASCAL VOC's XML, their boxes are stored with the photographs.

    Raises:
        InputError: `source` is not laid out as described, a class has no image left to train on, a file is
            to be left out or an annotation is wrong and `strict` is set, or `out` holds something else or
            cannot be written.
    """
    options, watcher = options or Options(), watcher or Watcher()
    _check_apart(source, out)
    found = find(source)
    _check_numbers(found, options)
    if options.class_list is None:
        check_unwrapped(source, found)
    categories = categories_of(found.classes, options.class_list)
    labels = {category.synset: label for label, category in enumerate(categories, start=1)}
    matched = match(source, [*found.train, *(found.validation or ())], found.annotations)
    if not matched.read and found.annotations:
        found.account.other_files[".xml"] = len(found.annotations)
    boxes: dict[str, AnnotatedBoxes] = {}

    def plan() -> Plan:
        planned = select(source, found, categories, options, watcher)
        stored = [photograph for split in planned.splits for photograph in split.sources]
        if not matched.read or not stored:
            return planned
        located, found.account.boxes = read_boxes(stored, matched, categories, source)
        boxes.update(located)
        wrong = found.account.boxes.wrong or found.account.boxes.wrong_boxes
        return Plan(categories, [], found.account) if wrong and options.strict else planned

    return tfrecords.write(
        out,
        {**_parameters(found, categories, options), **_annotations(matched)},
        plan,
        lambda file: read(file, labels[file.category], options.shorter_side, boxes.get(file.name)),
        accept=lambda made: _check_strict(made.account, options),
        watcher=watcher,
    )


def _check_numbers(found: Found, options: Options) -> None:
    if options.train_per_class and found.validation is not None:
        raise InputError(
            "--train-per-class: the photographs are divided already, into "
            f"{' and '.join(f'{name}/' for name in found.account.split_folders.values())}; leave it out"
        )
    if options.most_validation and not options.train_per_class:
        raise InputError("--most-validation: is for --train-per-class; give both")


def _check_apart(source: Path, out: Path) -> None:
    """The data set must not be looked through as a class folder by the next run."""
    if source.resolve() in (out.resolve(), *out.resolve().parents):
        raise InputError(
            f"{out}: lies in {source}, the folder of the photographs; expected a place outside it; "
            "choose another --out"
        )


def _check_strict(account: Account, options: Options) -> None:
    left_out = [] if options.keep_repeated else account.repeated
    unreadable, repeated = len(account.unreadable), len(left_out)
    if options.strict and unreadable + repeated:
        again = next((f" ({one['file']} {one['reason']})" for one in left_out), "")
        raise InputError(
            f"{unreadable} unreadable files and {repeated} photographs that are there twice{again}; --strict "
            "expects none; repair or remove them, or leave --strict out and have them listed in dataset.json"
        )
    if options.strict:
        _check_strict_boxes(account)


def _check_strict_boxes(account: Account) -> None:
    boxes = account.boxes
    wrong = [*boxes.wrong, *boxes.wrong_boxes] if boxes else []
    if wrong:
        raise InputError(
            f"{len(boxes.wrong)} annotations that cannot be used and {len(boxes.wrong_boxes)} wrong boxes "
            f"({wrong[0]['file']}: {wrong[0]['reason']}); --strict expects none; mend them, or leave "
            "--strict out and have them listed in dataset.json"
        )


def _annotations(matched: Matched) -> dict[str, str]:
    """Nothing where none are read: older data sets do not have it."""
    lines = [f"{name}\t{stamp_of(path, path.name)}" for name, path in matched.of.items()]
    return {"annotations_sha256": _digest([matched.read, *lines])} if matched.of else {}


def _parameters(found: Found, categories: Sequence[Category], options: Options) -> dict[str, Any]:
    """All that the records depend on, known without a look into the files."""
    divided = found.validation is not None
    # Not where it is not asked for: older data sets do not have it.
    later = ("shorter_side", "train_per_class", "most_validation")
    asked = {name: value for name in later if (value := getattr(options, name))}
    return {
        "generator": "vgg data folders",
        "version": VERSION,
        "files_sha256": [
            _digest(file.stamp for file in files) for files in (found.train, found.validation or ())
        ],
        "classes_sha256": _digest(f"{category.synset}\t{category.text}" for category in categories),
        "validation_fraction": "as divided" if divided else options.validation_fraction,
        "train_shards": options.train_shards or "by number",
        "validation_shards": options.validation_shards or "by number",
        "seed": options.seed,
        "re_encode": options.re_encode,
        "keep_repeated": options.keep_repeated,
        **asked,
    }


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256(b"\n".join(sorted(os.fsencode(line) for line in lines))).hexdigest()
