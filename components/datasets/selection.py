"""Decides which photographs of a folder tree are stored, in which split and in which order."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from components.datasets.class_folders import Found
from components.datasets.image_files import Source
from components.datasets.inspection import Photograph, Unreadable, inspect, load_decoder
from components.datasets.manifest import LARGE, Category
from components.datasets.repeated import without_repeated
from components.datasets.tfrecords import Plan, Split, Watcher
from components.datasets.validation_split import split_by_number, split_within_classes
from models.errors import InputError
from models.in_order import in_order

IMAGES_PER_SHARD = 500
LEAST_SHARDS = {"train": 2, "validation": 1}
LOOK = "looked at"
AT_ONCE = 16
"""Files that one call of the decoder looks at."""


@dataclass(frozen=True)
class Options:
    """How folders become a data set.

    Attributes:
        validation_fraction: share of each class's images, 0..1, where there is no folder for validation.
        seed: of that split and of the order of the images.
        class_list: file that fixes the label space, or None: the folders in alphabetical order.
        train_shards: None: one for about every 500 images, at least 2.
        validation_shards: None: one for about every 500 images.
        strict: a file that would be left out is an error.
        re_encode: files that a run would not decode are re-encoded where that mends them.
        keep_repeated: photographs that are there twice are only counted.
        shorter_side: pixels; larger photographs are stored that small. None: as they are.
        train_per_class: in place of `validation_fraction`, how many of each class are trained on.
        most_validation: with that, how many of each class are validated on at most; None: all others.
    """

    validation_fraction: float = 0.1
    seed: int = 0
    class_list: Path | None = None
    train_shards: int | None = None
    validation_shards: int | None = None
    strict: bool = False
    re_encode: bool = False
    keep_repeated: bool = False
    shorter_side: int | None = None
    train_per_class: int | None = None
    most_validation: int | None = None


def select(
    source: Path, found: Found, categories: Sequence[Category], options: Options, watcher: Watcher
) -> Plan:
    """Decodes each file, and leaves out those that do not decode or are there twice.

    What is left out is noted in `found.account`. With `strict` the plan is left to fail on that account.

    Raises:
        InputError: a class has nothing left to train on, no image is left for validation, or there are fewer
            images than shards.
    """
    sources = [*found.train, *(found.validation or ())]
    photographs, unreadable = _inspected(sources, options, watcher)
    found.account.unreadable = [asdict(one) for one in unreadable]
    if not options.shorter_side:
        found.account.large = sum(min(one.pixels[:2]) > LARGE for one in photographs)
    held_out = {one.name for one in found.validation or ()}
    train = [one for one in photographs if one.name not in held_out]
    validation = [one for one in photographs if one.name in held_out]
    kept_train, kept_validation, repeated = without_repeated(train, validation)
    found.account.repeated = [asdict(one) for one in repeated]
    if not options.keep_repeated:
        train, validation = kept_train, kept_validation
    if options.strict and (unreadable or (repeated and not options.keep_repeated)):
        return Plan(categories, [], found.account)
    if found.validation is None and options.train_per_class:
        number, most = options.train_per_class, options.most_validation
        train, validation = split_by_number(train, number, most, options.seed)
    elif found.validation is None:
        train, validation = split_within_classes(train, options.validation_fraction, options.seed)
    _check_each_class(found, train)
    _check_validation(source, found, train, validation)
    splits = [_split("train", train, options), _split("validation", validation, options)]
    return Plan(categories, splits, found.account)


def _inspected(
    sources: Sequence[Source], options: Options, watcher: Watcher
) -> tuple[list[Photograph], list[Unreadable]]:
    photographs, unreadable = [], []
    load_decoder()
    watcher.begins(LOOK, len(sources))
    blocks = [sources[begin : begin + AT_ONCE] for begin in range(0, len(sources), AT_ONCE)]
    for results in in_order(partial(inspect, re_encode=options.re_encode), blocks):
        for result in results:
            if isinstance(result, Photograph):
                photographs.append(result)
            else:
                unreadable.append(result)
                watcher.unreadable(result.file, result.reason)
            watcher.step(LOOK, len(sources))
    return photographs, unreadable


def _check_each_class(found: Found, train: Sequence[Source]) -> None:
    """A listed class without a folder is no mistake; a folder without an image to train on is one."""
    empty = sorted(set(found.classes) - {one.category for one in train})
    if empty:
        example = _left_out(empty[0], found)
        raise InputError(
            f"class {empty[0]!r}: no readable image to train on{example}"
            + (f", nor in {len(empty) - 1} other classes" if len(empty) > 1 else "")
            + "; expected at least one a class; add images or remove the folder"
            + (", or store them all the same with --keep-repeated" if example else "")
        )


def _left_out(category: str, found: Found) -> str:
    """An example of the class's photographs that are there elsewhere too."""
    names = {one.name for one in (*found.train, *(found.validation or ())) if one.category == category}
    return next(
        (f" ({one['file']} {one['reason']})" for one in found.account.repeated if one["file"] in names), ""
    )


def _check_validation(
    source: Path, found: Found, train: Sequence[Source], validation: Sequence[Source]
) -> None:
    if validation:
        return
    if found.validation is not None:
        folder = found.account.split_folders["validation"]
        raise InputError(
            f"{source / folder}: no image is left for validation, as none can be read or all are in two "
            "classes; expected at least one; add images"
        )
    raise InputError(
        f"{source}: one image in each of {len(train)} classes, so that none is left for validation; "
        "expected two in at least one class; add images, or arrange them as train/CLASS/*.jpg and "
        "val/CLASS/*.jpg"
    )


def _split(name: str, photographs: Sequence[Photograph], options: Options) -> Split:
    """The split in its final order: drawn by seed, so that no shard holds a single class."""
    asked = options.train_shards if name == "train" else options.validation_shards
    shards = asked or max(round(len(photographs) / IMAGES_PER_SHARD), LEAST_SHARDS[name])
    if asked and asked > len(photographs):
        raise InputError(
            f"--{name}-shards {asked}: {name} has {len(photographs)} images, expected at least one a shard; "
            "ask for fewer shards"
        )
    order = np.random.default_rng([options.seed, name == "train"]).permutation(len(photographs))
    return Split(name, [photographs[index] for index in order], min(shards, len(photographs)))
