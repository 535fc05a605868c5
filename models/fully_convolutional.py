"""Fully connected layers as convolutions (section 3.2): fc6 becomes 7x7, fc7 and fc8 become 1x1."""

import keras

from models.net import Net
from models.vgg import build_fully_convolutional


def fully_convolutional(trained: keras.Model, net: Net) -> keras.Model:
    """The network for whole images with the weights of a training network of the same `net`.

    A Dense kernel [side * side * C, out] is that of a side x side convolution [side, side, C, out]: Keras
    flattens row, column, channel.
    """
    converted = build_fully_convolutional(net)
    for layer in converted.layers:
        if layer.weights:
            kernel, bias = trained.get_layer(layer.name).get_weights()
            layer.set_weights([kernel.reshape(layer.kernel.shape), bias])
    return converted
