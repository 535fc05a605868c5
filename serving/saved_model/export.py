"""Writes the fully convolutional network as a SavedModel for TF Serving, and reads one back.

Beside the graph lie the class names (assets.py), warm-up requests (warmup.py) and a description
(description.py): which network it is and what surrounds it, so that the weights can be trained on, or
exported again with another test protocol.
"""

import dataclasses
import os
import tempfile
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from models.errors import InputError
from models.fully_convolutional import fully_convolutional
from models.localisation.trunk import own_weights, same_trunk
from models.net import Net
from models.vgg import build_fully_convolutional
from serving.saved_model.assets import write_assets
from serving.saved_model.box_model import BoxModel, read_box_network
from serving.saved_model.description import DESCRIPTION, ServedBoxNet, describe, description
from serving.saved_model.head import Head
from serving.saved_model.signatures import METHODS, ROW_BY_ROW, BoxNet, signatures
from serving.saved_model.warmup import write_warmup


def export(trained: keras.Model, net: Net, head: Head, path: str) -> None:
    """Exports `trained` (models.vgg.build) with the signatures of serving/signatures.py into folder `path`.

    Each variable is stored once, and only the network's: no optimizer, no dropout. The v1 loader, which
    TF Serving uses, reads it.

    Raises:
        InputError: a Q smaller than the net's field.
    """
    _save(fully_convolutional(trained, net), net, head, path)


def export_again(
    source: str,
    path: str,
    *,
    shorter_sides: tuple[int, ...],
    flip: bool,
    experiment: str = "",
    boxes: Sequence[tuple[str, tuple[int, ...]]] = (),
) -> None:
    """Exports the network of SavedModel `source` with another test protocol into folder `path`, where
    `experiment`'s name stays with it.

    With `boxes`, folders of box nets (serving.saved_model.box_model) and their Q, the model localises.

    Raises:
        InputError: `source` is no SavedModel of this project, a Q is smaller than the net's field, or a box
            net is none, or one of another net.
    """
    network, net, head = read_network(source)
    head = dataclasses.replace(head, shorter_sides=shorter_sides, flip=flip)
    box_nets = [(*read_box_network(folder), sides) for folder, sides in boxes]
    for _, model, _ in box_nets:
        if model.net != net or model.head.label_space != head.label_space:
            raise InputError(
                f"box net of {model.net}, with {len(model.head.class_names)} classes: expected one that was "
                f"trained from the classification net, {net}; run the experiment again"
            )
    _save(network, net, head, path, experiment, box_nets)


def read_network(source: str) -> tuple[keras.Model, Net, Head]:
    """The fully convolutional network of SavedModel `source` with its weights, what it is and its head.

    Raises:
        InputError: `source` is no SavedModel of this project.
    """
    net, head = describe(source)
    network = build_fully_convolutional(net)
    weights = read_weights(source)
    for weight in network.weights:
        weight.assign(weights[_name(weight)])
    return network, net, head


def read_weights(source: str) -> dict[str, np.ndarray]:
    """Arrays by layer and kind, `conv1_1_kernel`, of an exported SavedModel.

    Raises:
        InputError: `source` is no SavedModel of this project.
    """
    describe(source)
    checkpoint = tf.train.load_checkpoint(os.path.join(source, "variables", "variables"))
    keys = [key for key in checkpoint.get_variable_to_shape_map() if key.startswith("weights/")]
    return {key.split("/")[1]: checkpoint.get_tensor(key) for key in keys}


def _save(
    network: keras.Model,
    net: Net,
    head: Head,
    path: str,
    experiment: str = "",
    box_nets: Sequence[tuple[keras.Model, BoxModel, tuple[int, ...]]] = (),
) -> None:
    smallest = min(min(sides) for sides in (head.shorter_sides, *(sides for *_, sides in box_nets)))
    if smallest < net.input_size:
        raise InputError(
            f"Q {smallest}: smaller than the net's field of {net.input_size} pixels; expected at least that"
        )
    module = tf.Module()
    # These and not the Keras model: with the model as an attribute each variable is reachable by several
    # paths, which is how exports of Keras 3 have failed in TF Serving.
    module.weights = {_name(weight): weight.value for weight in network.weights}
    # Their names begin otherwise than those of the network, which read_weights finds.
    located = [_located(network, head, *each) for each in box_nets]
    module.box_weights = [
        {_name(weight): weight.value for weight in own_weights(each.outputs, shared=each.shares_trunk)}
        for each in located
    ]
    module.functions = {
        name: tf.function(function, input_signature=specs, autograph=False)
        for name, (function, specs) in signatures(network, head, located).items()
    }
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tempfile.TemporaryDirectory() as folder:
        module.assets = write_assets(head, folder)
        tf.saved_model.save(module, path, signatures=module.functions)
    _name_methods(path)
    write_warmup(path, localises=bool(box_nets))
    described = os.path.join(path, DESCRIPTION)
    tf.io.gfile.makedirs(os.path.dirname(described))
    with tf.io.gfile.GFile(described, "w") as file:
        served = [
            ServedBoxNet(model.regression.value, model.shorter_side, sides) for _, model, sides in box_nets
        ]
        by_row = [name for name in ROW_BY_ROW if name in module.functions]
        file.write(description(net, head, by_row, experiment, served))


def _located(
    network: keras.Model, head: Head, boxes: keras.Model, model: BoxModel, sides: tuple[int, ...]
) -> BoxNet:
    shares_trunk = model.head.mean_rgb == head.mean_rgb and same_trunk(network, boxes)
    return BoxNet(boxes, sides, model.head.mean_rgb, shares_trunk, boxes.output.shape[-1])


def _name_methods(path: str) -> None:
    """tf.saved_model.save calls the method of every signature Predict."""
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(path)
    for signature, method in METHODS.items():
        updater.replace_method_name(signature, method)
    updater.save()


def _name(weight: keras.Variable) -> str:
    return weight.path.replace("/", "_")
