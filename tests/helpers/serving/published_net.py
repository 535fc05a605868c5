"""The net of a file of published weights, as a function of pixels."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from models.fully_convolutional import fully_convolutional
from models.initial_weights import take_weights
from models.vgg import build
from serving.weights.imported import read_published
from serving.weights.published import weights_of


def network(path: Path, wanted: str | None = None):
    """Of float32 [N, H, W, 3] of RGB in grey levels to posteriors [N, h, w, classes]; and the net."""
    published, net = read_published(path, wanted)
    model = build(net)
    take_weights(model, weights_of(published, net, "weights"))
    scores = fully_convolutional(model, net)
    return lambda pixels: tf.nn.softmax(
        scores(pixels - np.array(published.mean_rgb, np.float32))
    ).numpy(), net
