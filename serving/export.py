"""Writes the fully convolutional network as a SavedModel for TF Serving."""

import os

import keras
import tensorflow as tf

from models.fully_convolutional import fully_convolutional
from models.vgg import Net
from serving.signatures import Head, signatures


def export(trained: keras.Model, net: Net, head: Head, path: str) -> None:
    """Exports `trained` (models.vgg.build) with the signatures of serving/signatures.py into folder `path`.

    Each variable is stored once, and only the network's: no optimizer, no dropout. The v1 loader, which
    TF Serving uses, reads it.
    """
    module = tf.Module()
    network = fully_convolutional(trained, net)
    # These and not the Keras model: with the model as an attribute each variable is reachable by several
    # paths, which is how exports of Keras 3 have failed in TF Serving.
    module.weights = {weight.path.replace("/", "_"): weight.value for weight in network.weights}
    module.functions = {
        name: tf.function(function, input_signature=specs)
        for name, (function, specs) in signatures(network, head).items()
    }
    os.makedirs(os.path.dirname(path), exist_ok=True)
    tf.saved_model.save(module, path, signatures=module.functions)
