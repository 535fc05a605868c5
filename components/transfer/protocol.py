"""Appendix B's protocol on a data set: descriptors of one net or several, over Q, and the SVM's figures.

It makes no model: a net's last layer sees the descriptors of one net at one Q, so that stacked ones cannot be
served. The experiment `transfer` makes the model of one net with descriptors averaged over Q.
"""

import enum
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import apache_beam as beam
import numpy as np
import tensorflow as tf

from components.code_fingerprint import fingerprint as code_fingerprint
from components.datasets.shards import TRAINING, VALIDATION, find_shards
from components.transfer.described import Described, read_described
from components.transfer.descriptors import describe_splits
from components.transfer.measures import Figure, mean_average_precision, mean_class_recall
from components.transfer.svm import Chosen, normalised, train_svm
from models.errors import InputError
from serving.saved_model.description import describe, fingerprint

SPLITS = {"train": TRAINING, "eval": VALIDATION}
DONE = "complete"


class OverQ(str, enum.Enum):
    """What becomes of a net's descriptors at several Q. Two nets' are stacked in any case."""

    AVERAGE = "average"
    STACK = "stack"


@dataclass(frozen=True)
class Measured:
    """What came of it: the SVM, its figures by name, how many images it was trained and tested on."""

    chosen: Chosen
    figures: dict[str, Figure]
    train: int
    test: int


def measure(
    models: Sequence[str],
    data: str,
    classes: int,
    sides: Sequence[int],
    *,
    over_q: OverQ,
    flip: bool,
    seed: int,
    folder: str,
    pipeline: Callable[[], beam.Pipeline],
    progress: Callable[[str], None] = lambda line: None,
) -> Measured:
    """Trains on the training split and tests on the validation split.

    Args:
        models: folders of exported models.
        data: folder of TFRecords.
        classes: how many they have.
        sides: Q in pixels.
        over_q: see OverQ.
        flip: whether the descriptor of the horizontal flip is averaged in.
        seed: of the choice of the constant, the SVM and the intervals.
        folder: where descriptors are kept: another SVM on them needs no forward pass.
        pipeline: makes the Beam pipelines.
        progress: told of each forward pass before it begins.

    Raises:
        InputError: a model, the data or a Q cannot be used.
    """
    for model in models:
        if min(sides) < describe(model)[0].input_size:
            raise InputError(
                f"model {model}: Q {min(sides)} is smaller than its crop of {describe(model)[0].input_size} "
                "pixels; expected at least that"
            )
    files = {split: find_shards(data, names) for split, names in SPLITS.items()}
    places = [
        [_described(model, side, files, flip, folder, pipeline, progress) for side in sides]
        for model in models
    ]
    train, test = (_of_split(split, places, classes, over_q) for split in SPLITS)
    several = train.several_labels or test.several_labels
    used = train.decodes & train.has.any(axis=1)
    chosen = train_svm(train.features[used], train.has[used], train.known[used], seed, several_labels=several)
    return Measured(chosen, svm_figures(chosen, test, several, seed), int(used.sum()), len(test.names))


def svm_figures(chosen: Chosen, test: Described, several: bool, seed: int = 0) -> dict[str, Figure]:
    """Of an SVM on descriptors: mean class recall, or of images with several classes mean average precision.

    An image that does not decode counts as an error: all its scores are alike.
    """
    scores = normalised(test.features) @ chosen.weights
    if not several:
        return {"mean class recall": mean_class_recall(scores, test.has.argmax(axis=1), seed)}
    names = {"mean average precision": False, "mean average precision, eleven points": True}
    return {
        name: mean_average_precision(scores, test.has, test.known, eleven_points=eleven, seed=seed)
        for name, eleven in names.items()
    }


def combined(by_net: Sequence[Sequence[Described]], over_q: OverQ) -> Described:
    """The same images' descriptors of several nets, each at several Q, as one of length 1.

    Raises:
        InputError: they are not of the same images.
    """
    first = by_net[0][0]
    if any(each.names != first.names for of_net in by_net for each in of_net):
        raise InputError("descriptors: two are of other images; expected the same split's; run again")
    parts = []
    for of_net in by_net:
        if over_q is OverQ.AVERAGE:
            parts.append(normalised(np.mean([each.features for each in of_net], axis=0)))
        else:
            parts += [normalised(each.features) for each in of_net]
    return replace(first, features=normalised(np.concatenate(parts, axis=1)))


def _of_split(split: str, places: Sequence[Sequence[str]], classes: int, over_q: OverQ) -> Described:
    by_net = [
        [read_described([tf.io.gfile.glob(f"{place}/{split}/*")], classes) for place in of_net]
        for of_net in places
    ]
    return combined(by_net, over_q)


def _described(model: str, side: int, files, flip: bool, folder: str, pipeline, progress) -> str:
    """The folder of a model's descriptors of both splits at a Q, which may be there already."""
    stats = [tf.io.gfile.stat(file) for paths in files.values() for file in paths]
    identity = [
        fingerprint(model),
        code_fingerprint("components.transfer.descriptors.describe_splits"),
        f"{side} {flip}",
        *(file for paths in files.values() for file in map(os.path.abspath, paths)),
        *(f"{one.length} {one.mtime_nsec}" for one in stats),
    ]
    place = os.path.join(folder, hashlib.sha256("\n".join(identity).encode()).hexdigest()[:16])
    if not tf.io.gfile.exists(os.path.join(place, DONE)):
        progress(f"describing by {model}, Q = {side}")
        if tf.io.gfile.exists(place):  # of a run that was killed: its files would count too
            tf.io.gfile.rmtree(place)
        with pipeline() as run:
            describe_splits(
                run, files, {split: os.path.join(place, split) for split in files}, model, side, flip=flip
            )
        with tf.io.gfile.GFile(os.path.join(place, DONE), "w") as file:
            file.write("")
    return place
