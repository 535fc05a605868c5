"""Puts images and labels together, and finds what is missing, unknown or twice before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.datasets.ilsvrc import archives, labels
from components.datasets.ilsvrc.archives import AGAIN, NO_GROUP
from components.datasets.ilsvrc.labels import Labels
from components.datasets.ilsvrc.members import Members
from components.datasets.manifest import Category
from components.datasets.tfrecords import Watcher
from models.errors import InputError

PART = "where a part of ImageNet is meant, unpack it and use `vgg data folders`"


@dataclass(frozen=True)
class Inputs:
    """What ILSVRC-2012 is read from.

    Attributes:
        train: tar of tars, or folder of class folders. val: tar or folder of images or of class folders.
        devkit: its archive or folder, or None.
        val_synsets: list of the validation images' synsets, or None.
        class_names: list of the synsets' names, or None.
        train_boxes, val_boxes: archives or folders of annotations, or None.
    """

    train: Path
    val: Path
    devkit: Path | None = None
    val_synsets: Path | None = None
    class_names: Path | None = None
    train_boxes: Path | None = None
    val_boxes: Path | None = None

    @property
    def given(self) -> dict[str, Path]:
        """By field, those that are not None."""
        return {name: path for name, path in vars(self).items() if path is not None}


@dataclass(frozen=True)
class LabelledMembers:
    """Images with their labels: int32 [N], 1..classes."""

    members: Members
    label: np.ndarray


def labelled(inputs: Inputs, watcher: Watcher) -> tuple[list[Category], LabelledMembers, LabelledMembers]:
    """The classes in label order, training and validation images.

    Raises:
        InputError: an input cannot be used, or they do not belong together.
    """
    known = _known(inputs)
    train, val = archives.find(inputs.train, watcher), archives.find(inputs.val, watcher)
    synsets = _synsets(train, known, inputs)
    label_of = {synset: label for label, synset in enumerate(synsets, start=1)}
    by_group = np.array([label_of[name] for name in train.groups], np.int32)
    categories = [Category(synset, known.names.get(synset, synset)) for synset in synsets]
    validation = np.array([label_of[one] for one in _validation(val, known, label_of, inputs)], np.int32)
    return categories, LabelledMembers(train, by_group[train.group]), LabelledMembers(val, validation)


def _known(inputs: Inputs) -> Labels:
    """Lists that are given go before the devkit."""
    devkit = labels.from_devkit(inputs.devkit) if inputs.devkit else Labels()
    names = labels.from_name_list(inputs.class_names) if inputs.class_names else devkit.names
    listed = labels.from_synset_list(inputs.val_synsets) if inputs.val_synsets else devkit.validation
    return Labels(names, devkit.train_images, listed)


def _synsets(train: Members, known: Labels, inputs: Inputs) -> list[str]:
    """In the order of labels: the devkit's or the names' list's, else those of the training images."""
    there, where = set(train.groups), inputs.train
    if NO_GROUP in there:
        raise InputError(
            f"{where}: {train.name_of(0)} lies in no class's tar or folder; expected "
            "ILSVRC2012_img_train.tar or a folder of class folders"
        )
    expected = set(known.train_images or known.names or there)
    if there - expected:
        odd = min(there - expected)
        raise InputError(
            f"{where}: class {odd}: unknown; expected the {len(expected)} synsets of {_source(inputs)}"
        )
    if expected - there:
        raise InputError(
            f"{where}: {_some(sorted(expected - there))} missing; expected all {len(expected)} classes of "
            f"{_source(inputs)}; {AGAIN}; {PART}"
        )
    counts = np.bincount(train.group, minlength=len(train.groups))
    for name, found in zip(train.groups, counts, strict=True):
        promised = known.train_images.get(name, found)
        if found != promised or not found:
            raise InputError(
                f"{where}: class {name}: {found} images; expected {promised or 'some'}; {AGAIN}; {PART}"
            )
    return sorted(expected)


def _validation(val: Members, known: Labels, classes: Mapping[str, int], inputs: Inputs) -> list[str]:
    """The synset of each image."""
    where, names = inputs.val, [val.name_of(index) for index in range(len(val))]
    if not known.validation and NO_GROUP in val.groups:
        raise InputError(
            f"{where}: nothing tells the classes of {names[0]} and others; expected --devkit, "
            "--val-synsets or class folders"
        )
    _check_same(names, known.validation, inputs)
    by_group = [val.groups[group] for group in val.group]
    synsets = [known.validation.get(name, group) for name, group in zip(names, by_group, strict=True)]
    for index, (synset, group) in enumerate(zip(synsets, by_group, strict=True)):
        if group not in (NO_GROUP, synset):
            raise InputError(
                f"{val.path_of(index)}: is of class {synset} by {_source(inputs)}; expected it in "
                "that class's folder"
            )
        if synset not in classes:
            raise InputError(
                f"{val.path_of(index)}: class {synset}: unknown; expected one of {inputs.train}'s"
            )
    return synsets


def _check_same(names: Sequence[str], listed: Mapping[str, str], inputs: Inputs) -> None:
    if len(set(names)) < len(names):
        ordered = sorted(names)
        twice = next(name for name, after in zip(ordered, ordered[1:], strict=False) if name == after)
        raise InputError(f"{inputs.val}: {twice} is there twice; expected each once")
    missing, unknown = sorted(set(listed) - set(names)), sorted(set(names) - set(listed))
    if listed and unknown:
        raise InputError(
            f"{inputs.val}: {unknown[0]}: unknown; expected the {len(listed)} images of {_source(inputs)}"
        )
    if missing:
        raise InputError(
            f"{inputs.val}: {_some(missing)} missing; expected {len(listed)} images; {AGAIN}; {PART}"
        )


def _source(inputs: Inputs) -> str:
    return str(inputs.devkit or inputs.val_synsets or inputs.class_names or inputs.train)


def _some(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more} {'is' if len(names) == 1 else 'are'}"
