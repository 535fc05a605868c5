"""The exported model, loaded once for all of these tests."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.built_once import built_once
from helpers.serving.exported import HEAD, IMAGES, NET, dense_posterior

from models.fully_convolutional import fully_convolutional
from models.vgg import build
from serving.saved_model.export import export


@pytest.fixture(scope="session")
def trained() -> keras.Model:
    """Its posteriors differ clearly between classes, as a trained net's do."""
    model = build(NET, seed=2)
    fc8 = model.get_layer("fc8")
    kernel, bias = fc8.get_weights()
    fc8.set_weights([kernel * 3, np.linspace(-0.5, 0.5, bias.size)])
    return model


@pytest.fixture(scope="session")
def convolutional(trained) -> keras.Model:
    return fully_convolutional(trained, NET)


@pytest.fixture(scope="session")
def path(trained, tmp_path_factory) -> str:
    """Exported into a folder that was not there, nor the one above it."""

    def build(folder: Path) -> None:
        export(trained, NET, HEAD, str(folder / "model"))

    return str(built_once(tmp_path_factory, "exported", build) / "model")


@pytest.fixture(scope="session")
def loaded(path):
    return tf.saved_model.load(path)


@pytest.fixture(scope="session")
def expected(convolutional) -> np.ndarray:
    """Posteriors [image, Q, class] by Pillow and NumPy, image by image."""
    return np.stack(
        [[dense_posterior(convolutional, image, q) for q in HEAD.shorter_sides] for image in IMAGES]
    )
