"""A narrow exported model that localises, and what its boxes must be by the evaluation's own functions."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from models import images
from models.localisation.dense import DenseLocaliser
from models.localisation.five_best import box_of_class
from models.localisation.regression import Regression, box_net
from models.net import Net
from models.vgg import build
from serving.saved_model.box_model import BoxModel, read_box_network, write_box_model
from serving.saved_model.export import export_again, read_network
from serving.saved_model.head import Head
from serving.server.versions.warm_up import WARM_UP

CLASSES = ("tench", "goldfish", "shark", "hen", "Käfer", "class 5", "owl")
NET = Net("A", classes=len(CLASSES), width=16, input_size=32)
HEAD = Head((123.0, 117.0, 104.0), CLASSES, (32, 48), True, "image/encoded", "image/class/label", 1)
SIDES = (48, 64)
"""Of the box net: at 48 the classifier looks anyway, at 64 it does not."""


def write_localising_model(folder: Path, write_classifier) -> None:
    """Into folder/model, without warm-up requests; folder/boxes is the box net, folder/classifier the other.

    `write_classifier` is helpers.drawn_boxes.write_weights.
    """
    write_classifier(folder / "classifier", NET, HEAD, seed=3)
    write_boxes(folder / "boxes")
    export_again(
        str(folder / "classifier"),
        str(folder / "model"),
        shorter_sides=HEAD.shorter_sides,
        flip=HEAD.flip,
        experiment="mine",
        boxes=[(str(folder / "boxes"), SIDES)],
    )
    (folder / "model" / WARM_UP).rename(folder / "warm-up")


def write_boxes(
    folder: Path, net: Net = NET, head: Head = HEAD, classifier: keras.Model | None = None
) -> None:
    """A box net whose boxes differ from window to window and from class to class; it has the convolutions of
    `classifier` (models.vgg.build), if one is given."""
    trained = build(box_net(net, Regression.PER_CLASS), seed=4)
    for layer in classifier.layers if classifier else ():
        if layer.name.startswith("conv"):
            trained.get_layer(layer.name).set_weights(layer.get_weights())
    fc8 = trained.get_layer("fc8")
    kernel, _ = fc8.get_weights()
    biases = [[0.5 + 0.05 * n, 0.5, 0.7 + 0.1 * n, 0.9 - 0.1 * n] for n in range(net.classes)]
    fc8.set_weights([kernel / 20, np.array(biases, np.float32).ravel()])
    write_box_model(trained, BoxModel(net, Regression.PER_CLASS, head, net.input_size), str(folder))


def evaluation_of(classifier: Path, boxes: Path) -> Callable[..., np.ndarray]:
    """A function of an encoded photograph, labels and Q to a box for each label, in pixels of the photograph
    as it looks, [k, 4], by the evaluation's functions; of the nets in two folders."""
    classifier, net, head = read_network(str(classifier))
    boxes, model = read_box_network(str(boxes))
    localiser = DenseLocaliser(
        lambda seen: classifier(seen, training=False),
        lambda seen: boxes(seen, training=False),
        classifier_mean=head.mean_rgb,
        box_mean=model.head.mean_rgb,
        size=net.input_size,
    )

    def boxes_of(encoded: bytes, labels: Sequence[int], sides: Sequence[int] = SIDES) -> np.ndarray:
        pixels = images.decode(tf.constant(encoded)).numpy()
        found = [localiser.windows(pixels, side) for side in sides]
        height, width = pixels.shape[:2]
        return np.array([box_of_class(found, label) * [width, height, width, height] for label in labels])

    return boxes_of
