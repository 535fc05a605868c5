"""The shards of a data folder, and whether they are all that their names, and dataset.json, promise.

A name says how many there are: train-00002-of-00004. Half a data set trains and evaluates as well as a whole
one, and gives other figures; nothing but the names tells.
"""

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any

from components.datasets.layouts import TFDS, TRAIN_SHARDS, VALIDATION_SHARDS
from components.datasets.manifest import MANIFEST
from components.datasets.storage import storage_of
from models.errors import InputError
from models.label_space import LabelSpace

MAKE_DATA = "make one with `vgg data sample --out DIR` or `vgg data folders SRC --out DIR`, or set VGG_DATA"
TFDS_FEATURES = "features.json"
"""Where TensorFlow Datasets says what the features are, the number of classes among them."""

NAMED = 3  # of the shards that a line is about
NUMBERED = re.compile(r"(.*)-(\d{5})-of-(\d{5})", re.DOTALL)


@dataclass(frozen=True)
class SplitNames:
    """How a split is called: in words, in dataset.json, and the pattern of its files' names."""

    words: str
    key: str
    pattern: str


TRAINING = SplitNames("training", "train", TRAIN_SHARDS)
VALIDATION = SplitNames("validation", "validation", VALIDATION_SHARDS)


def find_shards(folder: str, split: SplitNames) -> list[str]:
    """Paths of a split's shards in a folder, in their order; without TensorFlow on this machine, so at once.

    Raises:
        InputError: named_shards's, or check_manifest's.
    """
    paths = named_shards(folder, split)
    check_manifest(folder, paths, split)
    return paths


def named_shards(folder: str, split: SplitNames) -> list[str]:
    """find_shards without a look at dataset.json.

    Raises:
        InputError: there is no such folder or no shard, one is missing, or shards of several data sets lie
            beside one another.
    """
    storage, where = storage_of(folder), f"data folder {folder}"
    try:
        names = storage.names(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{where}: is no folder; {MAKE_DATA}") from None
    except OSError as error:
        raise InputError(f"{where}: {error.strerror}; expected a readable folder; set VGG_DATA") from None
    shards = sorted(name for name in names if fnmatchcase(name, split.pattern))
    if not shards:
        raise InputError(f"{where}: no {split.words} shards named {split.pattern}; {MAKE_DATA}")
    check_names(shards, split, where)
    return [os.path.join(folder, name) for name in shards]


def listed_classes(folder: str) -> int | None:
    """How many classes a data set has, as `vgg data` or TensorFlow Datasets wrote beside its shards; None
    where neither did."""
    try:
        return len(_json(folder, MANIFEST)["class_names"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        features = _json(folder, TFDS_FEATURES)["featuresDict"]["features"]
        return int(features[TFDS.label]["classLabel"]["numClasses"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def listed_label_space(folder: str) -> LabelSpace | None:
    """The classes that `vgg data` listed beside the shards; None where it did not write them."""
    try:
        content = _json(folder, MANIFEST)
        return LabelSpace(tuple(map(str, content["class_names"])), tuple(map(str, content["synsets"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _json(folder: str, name: str) -> Any:
    with storage_of(folder).open(os.path.join(folder, name)) as file:
        return json.loads(file.read())


def check_names(names: Sequence[str], split: SplitNames, where: str) -> None:
    """Whether shards of these names are one whole data set's split.

    Args:
        names: without folders, at least one, sorted; each matches the split's pattern.
        split: theirs.
        where: begins the line of an error, such as "data folder /data".

    Raises:
        InputError: they are not.
    """
    for name in names:
        _check_number(name, where)
    sets = {key: list(each) for key, each in groupby(sorted(names, key=_set_of), key=_set_of)}
    if len(sets) > 1:
        each = " and ".join(f"{members[0]} ({len(members)} of {key[1]})" for key, members in sets.items())
        raise InputError(
            f"{where}: {split.words} shards of {len(sets)} data sets beside one another: {each}; expected "
            "those of one, whose images would count twice otherwise; move the others away"
        )
    ((prefix, total),) = sets
    whole = [f"{prefix}-{number:05d}-of-{total:05d}" for number in range(total)]
    missing = sorted(set(whole) - set(names))
    if missing:
        raise InputError(
            f"{where}: {_of(missing, total, split)} missing: {_some(missing)}; expected all that the names "
            "promise; copy them into it, or write the data again; where a part is meant, rename its files to "
            f"00000-of-{len(names):05d} and so on"
        )


def _check_number(name: str, where: str) -> None:
    found = NUMBERED.fullmatch(name)
    if not found:
        raise InputError(
            f"{where}: {name} has no numbers where a shard has them; expected a name such as "
            "train-00002-of-00004; rename it or move it away"
        )
    number, total = int(found[2]), int(found[3])
    if number >= total:
        raise InputError(
            f"{where}: {name} is number {number} of {total}; expected 0 to {total - 1}, since shards are "
            "counted from 0; rename it or move it away"
        )


def _set_of(name: str) -> tuple[str, int]:
    found = NUMBERED.fullmatch(name)
    return found[1], int(found[3])


def check_manifest(folder: str, paths: Sequence[str], split: SplitNames) -> None:
    """Whether dataset.json, where there is one of `vgg data`, lists these shards with their sizes.

    Raises:
        InputError: it has other names or sizes, or cannot be read.
    """
    where = f"data folder {folder}"
    listed = _listed(folder, split, where) if MANIFEST in storage_of(folder).names(folder) else None
    if listed is None:
        return
    names = [os.path.basename(path) for path in paths]
    then = f"copy the whole data set again, or remove {MANIFEST} where the shards are the ones meant"
    gone, added = sorted(set(listed) - set(names)), sorted(set(names) - set(listed))
    if gone or added:
        odd = f"{MANIFEST} lists {_some(gone)}" if gone else f"{MANIFEST} does not list {_some(added)}"
        raise InputError(
            f"{where}: {odd}, unlike the folder; expected the same {split.words} shards in both; {then}"
        )
    storage = storage_of(folder)
    for name in names:
        size = storage.size(os.path.join(folder, name))
        if size != listed[name]:
            raise InputError(
                f"{where}: {name} has {size} bytes; expected the {listed[name]} that {MANIFEST} lists; {then}"
            )


def _listed(folder: str, split: SplitNames, where: str) -> dict[str, int] | None:
    """Bytes by name; None of another program's dataset.json.

    Raises:
        InputError: it is no JSON: half a copy, most likely.
    """
    path = os.path.join(folder, MANIFEST)
    try:
        with storage_of(folder).open(path) as file:
            content = json.loads(file.read())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{where}: {MANIFEST} cannot be read ({error}); expected the one that `vgg data` wrote; copy the "
            "whole data set again, or remove the file"
        ) from None
    try:
        shards = content["splits"][split.key]["shards"]
    except (KeyError, TypeError, IndexError):
        return None
    return shards if isinstance(shards, dict) else None


def _of(missing: Sequence[str], total: int, split: SplitNames) -> str:
    return f"{len(missing)} of the {total} {split.words} shards {'is' if len(missing) == 1 else 'are'}"


def _some(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
