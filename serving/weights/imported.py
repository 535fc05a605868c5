"""A file of published weights becomes an exported model like every other."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from models.errors import InputError, cause_of
from models.imagenet_classes import imagenet_classes
from models.initial_weights import take_weights
from models.net import Net
from models.vgg import build
from serving.saved_model.export import export
from serving.saved_model.head import Head
from serving.weights.formats import KERAS, TORCH
from serving.weights.keras_files import read_keras
from serving.weights.published import Published, net_of, weights_of
from serving.weights.torch_files import read_torch

IMAGE_KEY, LABEL_KEY, FIRST_LABEL = "image/encoded", "image/class/label", 1
"""Of build_imagenet_data's tf.Examples, which the model is evaluated on until it meets others."""

Classes = tuple[tuple[str, ...], tuple[str, ...]]
"""Synsets and names, by label."""


def read_published(path: Path, wanted: str | None = None) -> tuple[Published, Net]:
    """A file's content and the net that it is of, by the layers or as `wanted`, the paper's letter.

    Raises:
        InputError: there is no such file, or it is not of this net, or of none of the paper's.
    """
    where = f"weights {path}"
    if not path.is_file():
        raise InputError(f"{where}: is no file; expected one that ends in {', '.join((*KERAS, *TORCH))}")
    if path.suffix in KERAS:
        published = read_keras(path, wanted)
    elif path.suffix in TORCH:
        published = read_torch(path, wanted)
    else:
        raise InputError(f"{where}: expected a name that ends in {', '.join((*KERAS, *TORCH))}")
    return published, net_of(published, where, wanted)


@dataclass(frozen=True)
class Imported:
    """What an exported model is made of.

    Attributes:
        weights: arrays by layer and kind (models.initial_weights).
        net: their net.
        head: what surrounds it.
    """

    weights: dict[str, np.ndarray]
    net: Net
    head: Head


def imported(
    path: Path,
    *,
    net: str | None = None,
    classes: Classes | None = None,
    shorter_sides: tuple[int, ...],
    flip: bool = True,
) -> Imported:
    """A file of published weights, read and checked.

    Args:
        path: of the file.
        net: the paper's letter, or None: as the layers say.
        classes: what the outputs stand for; None: as the file says, or else ImageNet's 1000.
        shorter_sides, flip: the test protocol of `serving_default`.

    Raises:
        InputError: the file cannot be used, or does not fit `net` or `classes`.
    """
    where = f"weights {path}"
    published, found = read_published(path, net)
    weights = weights_of(published, found, where)
    synsets, names = _classes(published, found.classes, classes, where)
    head = Head(
        tuple(float(value) for value in published.mean_rgb),
        names,
        shorter_sides,
        flip,
        IMAGE_KEY,
        LABEL_KEY,
        FIRST_LABEL,
        synsets,
    )
    return Imported(weights, found, head)


def export_imported(what: Imported, out: str, named: str = "") -> None:
    """Writes it as an exported model into folder `out`, which the user knows as `named`.

    Raises:
        InputError: a Q smaller than the net's field, or the folder cannot be written.
    """
    model = build(what.net)
    take_weights(model, what.weights)
    try:
        export(model, what.net, what.head, out)
    except (OSError, tf.errors.OpError) as error:
        place = named or out
        cause = cause_of(error).replace(out, place)
        raise InputError(
            f"model {place}: cannot be written ({cause}); free some space or choose another place"
        ) from None


def _classes(published: Published, outputs: int, given: Classes | None, where: str) -> Classes:
    synsets, names = given or (published.synsets, published.class_names)
    if not names:
        synsets, names = imagenet_classes()
    if len(names) != outputs:
        said = "the list given names" if given else "ImageNet has"
        raise InputError(
            f"{where}: {outputs} outputs, and {said} {len(names)} classes; expected a --class-list with one "
            "line for each output"
        )
    return synsets, names
