"""A narrow model, exported once, and servers of it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.built_once import built_once
from helpers.serving.running_server import RunningServer, picture

from models.net import Net
from models.vgg import build
from serving.saved_model.export import export
from serving.saved_model.signatures import Head
from serving.server.versions.warm_up import WARM_UP

CLASSES = ("tench", "goldfish", "shark", "hen", "Käfer", "class 5", "owl")
NET = Net("A", classes=len(CLASSES), width=8, input_size=32)
HEAD = Head(
    mean_rgb=(123.0, 117.0, 104.0),
    class_names=CLASSES,
    shorter_sides=(32, 40, 48),
    flip=True,
    image_key="image/encoded",
    label_key="image/class/label",
    first_label=1,
)


def _export(seed: int, path: Path) -> None:
    """Its posteriors differ clearly between classes, as a trained net's do, and between seeds."""
    model = build(NET, seed=seed)
    fc8 = model.get_layer("fc8")
    kernel, _ = fc8.get_weights()
    fc8.set_weights([kernel * 3, np.linspace(-0.5, 0.5, len(CLASSES)) * (-1) ** seed])
    export(model, NET, HEAD, str(path))


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> list[Path]:
    """Two exported models that answer differently, without the warm-up requests: they take seconds."""

    def build(folder: Path) -> None:
        for seed in (1, 2):
            _export(seed, folder / str(seed))
            (folder / str(seed) / WARM_UP).rename(folder / f"warm-up-{seed}")

    folder = built_once(tmp_path_factory, "models", build)
    return [folder / "1", folder / "2"]


@pytest.fixture(scope="session")
def warm_up_requests(models) -> Path:
    """The first model's own."""
    return models[0].with_name("warm-up-1")


@pytest.fixture
def base_path(models, tmp_path) -> Path:
    """A folder with the first model as version 1."""
    base = tmp_path / "vgg"
    base.mkdir()
    shutil.copytree(models[0], base / "1")
    return base


@pytest.fixture(scope="session")
def in_process(models) -> list[Callable]:
    """serving_default of the two models, by TensorFlow itself: from a list of bytes to arrays by name."""

    def load(path: Path) -> Callable:
        run = tf.saved_model.load(str(path)).signatures["serving_default"]
        return lambda images: {name: v.numpy() for name, v in run(image_bytes=tf.constant(images)).items()}

    return [load(path) for path in models]


@pytest.fixture(scope="session")
def server(models, tmp_path_factory) -> Iterator[RunningServer]:
    """A server of the first model as version 1, for tests that leave it as it is."""
    base = tmp_path_factory.mktemp("served") / "vgg"
    base.mkdir()
    shutil.copytree(models[0], base / "1")
    with RunningServer(base) as running:
        yield running


@pytest.fixture
def start(base_path) -> Iterator[Callable[..., RunningServer]]:
    """Starts a server of its own for a test, of `base_path` unless told otherwise."""
    with ExitStack() as stack:

        def begin(base: Path | str | None = base_path, **options) -> RunningServer:
            return stack.enter_context(RunningServer(base, **options))

        yield begin


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Of different sizes and formats."""
    return [picture(1), picture(2, 64, 40), picture(3, 40, 90, "PNG"), picture(4, 33, 33)]
