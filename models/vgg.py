"""The networks of Table 1, built from data by one loop (section 2).

`build` gives the network with fully connected layers that is trained on crops; `build_fully_convolutional`
the same weights' network for whole images (section 3.2): models/fully_convolutional.py moves weights over.
Layer names are the field's: conv3_2, pool3, fc6, fc7, fc8.
"""

import itertools

import keras

from models.architectures import BLOCK_CHANNELS, LRN, architecture
from models.initial_weights import kernel_initializer
from models.initialisation import Initialisation
from models.local_response_norm import LocalResponseNorm
from models.net import Net
from models.window_product import WindowProduct


def build(
    net: Net,
    *,
    initialisation: Initialisation = Initialisation.GLOROT,
    dtype: str = "float32",
    seed: int = 0,
) -> keras.Model:
    """The training network: float32 [N, s, s, 3] of mean-subtracted RGB to scores [N, classes].

    Scores are before the soft-max, and float32 whatever `dtype`, a Keras dtype policy such as
    "mixed_bfloat16", makes of the other layers. Dropout belongs to training: see models/dropout.py.
    """
    seeds = itertools.count(seed * 1000)
    image = keras.Input((net.input_size, net.input_size, 3), name="image")
    x = keras.layers.Flatten(name="flatten", dtype=dtype)(
        _convolutional_layers(image, net, initialisation, seeds, dtype)
    )
    for name in ("fc6", "fc7"):
        x = keras.layers.Dense(
            net.fc_channels,
            activation="relu",
            kernel_initializer=kernel_initializer(initialisation, next(seeds)),
            name=name,
            dtype=dtype,
        )(x)
    scores = keras.layers.Dense(
        net.classes,
        kernel_initializer=kernel_initializer(initialisation, next(seeds)),
        name="fc8",
        dtype="float32",
    )(x)
    return keras.Model(image, scores, name=_model_name(net))


def build_fully_convolutional(net: Net) -> keras.Model:
    """The network for whole images: float32 [N, H, W, 3], H and W at least the training size, to the class
    score map [N, h, w, classes], h = floor(H / 32) - fc6_side + 1 (section 3.2). Its weights are zero.
    """
    image = keras.Input((None, None, 3), name="image")
    x = _convolutional_layers(image, net, None, itertools.count())
    for name, kind, channels, side, activation in (
        ("fc6", WindowProduct, net.fc_channels, net.fc6_side, "relu"),
        ("fc7", keras.layers.Conv2D, net.fc_channels, 1, "relu"),
        ("fc8", keras.layers.Conv2D, net.classes, 1, None),
    ):
        x = kind(
            channels, side, padding="valid", activation=activation, kernel_initializer="zeros", name=name
        )(x)
    return keras.Model(image, x, name=f"{_model_name(net)}_fully_convolutional")


def _convolutional_layers(x, net: Net, initialisation: Initialisation | None, seeds, dtype="float32"):
    """The five blocks of Table 1: stride 1, size kept by padding, ReLU, and a 2x2 max-pool after each."""
    for number, (layers, channels) in enumerate(
        zip(architecture(net.configuration).blocks, BLOCK_CHANNELS, strict=True), start=1
    ):
        index = itertools.count(1)
        for layer in layers:
            if layer == LRN:
                x = LocalResponseNorm(name=f"lrn{number}", dtype=dtype)(x)
                continue
            initializer = kernel_initializer(initialisation, next(seeds)) if initialisation else "zeros"
            x = keras.layers.Conv2D(
                channels // net.width,
                layer,
                padding="same",
                activation="relu",
                kernel_initializer=initializer,
                name=f"conv{number}_{next(index)}",
                dtype=dtype,
            )(x)
        x = keras.layers.MaxPooling2D(2, strides=2, name=f"pool{number}", dtype=dtype)(x)
    return x


def _model_name(net: Net) -> str:
    return f"vgg_{net.configuration}".replace("-", "_")
