"""A trained box net on disk: its weights, and of which net and classes it gives boxes (appendix A).

It is no model that can be served by itself: boxes without scores are of use to nobody. It lies where TFX has
models, as variables under the names that an exported classifier has, beside vgg_boxes.json.
"""

import dataclasses
import json
import os

import keras
import tensorflow as tf

from models.errors import InputError
from models.fully_convolutional import fully_convolutional
from models.localisation.regression import Regression, box_net
from models.net import Net
from models.vgg import build_fully_convolutional
from serving.saved_model.head import Head

VARIABLES = os.path.join("variables", "variables")
DESCRIPTION = "vgg_boxes.json"


@dataclasses.dataclass(frozen=True)
class BoxModel:
    """What a box net is.

    Attributes:
        net: the classification net that it began from.
        regression: what it gives.
        head: that net's: the mean RGB that is subtracted, and the classes that the boxes are of.
        shorter_side: S that it was trained at, pixels.
    """

    net: Net
    regression: Regression
    head: Head
    shorter_side: int


def write_box_model(trained: keras.Model, model: BoxModel, path: str) -> None:
    """Writes `trained` (models.vgg.build of models.localisation.regression.box_net) into folder `path`."""
    network = fully_convolutional(trained, box_net(model.net, model.regression))
    tf.io.gfile.makedirs(os.path.join(path, os.path.dirname(VARIABLES)))
    weights = {_name(weight): weight.value for weight in network.weights}
    tf.train.Checkpoint(weights=weights).write(os.path.join(path, VARIABLES))
    with tf.io.gfile.GFile(os.path.join(path, DESCRIPTION), "w") as file:
        file.write(json.dumps(dataclasses.asdict(model), indent=2))


def read_box_network(path: str) -> tuple[keras.Model, BoxModel]:
    """The fully convolutional network, whose map has boxes in place of scores, and what it is.

    Raises:
        InputError: `path` holds no box net.
    """
    model = describe_boxes(path)
    network = build_fully_convolutional(box_net(model.net, model.regression))
    checkpoint = tf.train.load_checkpoint(os.path.join(path, VARIABLES))
    for weight in network.weights:
        weight.assign(checkpoint.get_tensor(f"weights/{_name(weight)}/.ATTRIBUTES/VARIABLE_VALUE"))
    return network, model


def describe_boxes(path: str) -> BoxModel:
    """What the box net in folder `path` is.

    Raises:
        InputError: it holds none.
    """
    try:
        with tf.io.gfile.GFile(os.path.join(path, DESCRIPTION)) as file:
            values = json.loads(file.read())
    except tf.errors.OpError:
        raise InputError(
            f"box net {path}: no {DESCRIPTION} in it; expected the folder that a localisation experiment's "
            "training wrote"
        ) from None
    head = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values["head"].items()
    }
    return BoxModel(
        Net(**values["net"]), Regression(values["regression"]), Head(**head), values["shorter_side"]
    )


def _name(weight: keras.Variable) -> str:
    return weight.path.replace("/", "_")
