"""What a classification net and a box net have in common, so that it is computed once.

A box net of which the fully connected layers alone were trained (Table 8's "first two FC layers") has the
classification net's convolutions still. So the features that go into fc6 are the same for both.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

Part = Callable[[tf.Tensor], tf.Tensor]
FIRST_FC = "fc6"


def same_trunk(first: keras.Model, second: keras.Model) -> bool:
    """Whether all layers before fc6 of two networks of models.vgg have the same weights, to the last bit."""
    ours, theirs = (_trunk(network) for network in (first, second))
    if [layer.name for layer in ours] != [layer.name for layer in theirs]:
        return False
    pairs = (
        zip(one.get_weights(), other.get_weights(), strict=True)
        for one, other in zip(ours, theirs, strict=True)
    )
    return all(np.array_equal(left, right) for pair in pairs for left, right in pair)


def trunk_of(network: keras.Model) -> Part:
    """Images to the features that fc6 is given."""
    return _applied(_trunk(network))


def head_of(network: keras.Model) -> Part:
    """These features to the network's outputs."""
    return _applied(_layers(network)[len(_trunk(network)) :])


def own_weights(network: keras.Model, *, shared: bool) -> list[keras.Variable]:
    """All weights of a network, or where its trunk is another one's those behind it."""
    layers = _layers(network)[len(_trunk(network)) if shared else 0 :]
    return [weight for layer in layers for weight in layer.weights]


def _layers(network: keras.Model) -> list[keras.Layer]:
    """In their order: each is given what the one before it gives."""
    return network.layers[1:]


def _trunk(network: keras.Model) -> list[keras.Layer]:
    layers = _layers(network)
    return layers[: [layer.name for layer in layers].index(FIRST_FC)]


def _applied(layers: list[keras.Layer]) -> Part:
    def apply(seen: tf.Tensor) -> tf.Tensor:
        for layer in layers:
            seen = layer(seen)
        return seen

    return apply
