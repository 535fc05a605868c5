"""Initial weights (section 3.1): random ones, and those taken from a net trained before.

A net's weights travel as arrays by layer and kind, `conv3_2_kernel`, with fully connected layers as the
convolutions that they are: fc6 [7, 7, 512, 4096].
"""

import math
from collections.abc import Mapping

import keras
import numpy as np

from models.errors import InputError
from models.initialisation import Initialisation


def kernel_initializer(initialisation: Initialisation, seed: int) -> keras.initializers.Initializer:
    """A seeded Keras initializer for one layer."""
    if initialisation is Initialisation.PAPER:
        return keras.initializers.RandomNormal(mean=0.0, stddev=math.sqrt(1e-2), seed=seed)
    if initialisation is Initialisation.SMALL:
        return keras.initializers.RandomNormal(mean=0.0, stddev=1e-2, seed=seed)
    if initialisation is Initialisation.GLOROT:
        return keras.initializers.GlorotUniform(seed=seed)
    return keras.initializers.HeNormal(seed=seed)


# "The first four convolutional layers and the last three fully-connected layers" of net A, by name. The
# paper does not say which layers of a deeper net they become: A's second convolution has 64 inputs and 128
# outputs, which no second convolution of B to E has, so each goes to the layer of its own block and number.
FROM_A = ("conv1_1", "conv2_1", "conv3_1", "conv3_2", "fc6", "fc7", "fc8")


def take_weights(model: keras.Model, weights: Mapping[str, np.ndarray], layers: tuple[str, ...] = ()) -> None:
    """Sets the weights of `layers`, or of all layers that have some, of a training network (models.vgg).

    Raises:
        InputError: a layer is missing from `weights` or has another shape.
    """
    for layer in model.layers:
        if layer.weights and (not layers or layer.name in layers):
            layer.set_weights([_fitting(layer.name, variable, weights) for variable in layer.weights])


def _fitting(layer: str, variable: keras.Variable, weights: Mapping[str, np.ndarray]) -> np.ndarray:
    name = f"{layer}_{variable.name}"
    found = weights.get(name)
    fits = (
        found is not None
        and found.size == math.prod(variable.shape)
        and found.shape[-1] == variable.shape[-1]
    )
    if not fits:
        has = "no such weights" if found is None else f"shape {found.shape}"
        raise InputError(
            f"base model: {has} for {name}, expected {tuple(variable.shape)}; start from a net of the same "
            "configuration, width, input size and classes, or from random weights"
        )
    return found.reshape(variable.shape)
