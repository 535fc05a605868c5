"""A narrow model, exported once, a stand-in for it, and servers of both."""

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.built_once import built_once
from helpers.serving.running_server import RunningServer, picture
from helpers.serving.small_model import CLASSES, write_small_model

from models.net import Net
from models.vgg import build
from serving.saved_model.export import export
from serving.saved_model.signatures import Head
from serving.server.versions.warm_up import WARM_UP

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


def _export(seed: int, folder: Path) -> None:
    """Its posteriors differ clearly between classes, as a trained net's do, and between seeds."""
    model = build(NET, seed=seed)
    fc8 = model.get_layer("fc8")
    kernel, _ = fc8.get_weights()
    fc8.set_weights([kernel * 3, np.linspace(-0.5, 0.5, len(CLASSES)) * (-1) ** seed])
    export(model, NET, HEAD, str(folder / "model"))
    (folder / "model" / WARM_UP).rename(folder / "warm-up")


@pytest.fixture(scope="module", autouse=True)
def objects_of_earlier_tests_are_left_alone() -> None:
    """Each version that comes or goes has the collector look through all objects: a third of a second, where
    this process has run other tests before.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Path:
    """An exported model, without its warm-up requests: they take seconds."""
    return built_once(tmp_path_factory, "exported-1", partial(_export, 1)) / "model"


@pytest.fixture(scope="session")
def other_export(tmp_path_factory) -> Path:
    """Another, which answers differently."""
    return built_once(tmp_path_factory, "exported-2", partial(_export, 2)) / "model"


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> list[Path]:
    """Two stand-ins for exported models, which answer differently and load at once."""

    def build(folder: Path) -> None:
        for seed in (1, 2):
            write_small_model(folder / str(seed), seed)

    folder = built_once(tmp_path_factory, "small-models", build)
    return [folder / "1", folder / "2"]


@pytest.fixture
def exported_base_path(exported, tmp_path) -> Path:
    """A folder with the exported model as version 1."""
    return _as_version_1(exported, tmp_path / "exported")


@pytest.fixture
def base_path(models, tmp_path) -> Path:
    """A folder with the first stand-in as version 1."""
    return _as_version_1(models[0], tmp_path / "vgg")


@pytest.fixture(scope="session")
def in_process() -> Callable[[Path], Callable]:
    """Loads the model in a folder by TensorFlow itself: serving_default, from bytes to arrays by name."""

    @cache
    def load(path: Path) -> Callable:
        run = tf.saved_model.load(str(path)).signatures["serving_default"]
        return lambda images: {name: v.numpy() for name, v in run(image_bytes=tf.constant(images)).items()}

    return load


@pytest.fixture(scope="session")
def exported_server(exported, tmp_path_factory) -> Iterator[RunningServer]:
    """A server of the exported model as version 1, for tests that leave it as it is."""
    with RunningServer(_as_version_1(exported, tmp_path_factory.mktemp("exported") / "vgg")) as running:
        yield running


@pytest.fixture(scope="session")
def server(models, tmp_path_factory) -> Iterator[RunningServer]:
    """A server of the first stand-in as version 1, for tests that leave it as it is."""
    with RunningServer(_as_version_1(models[0], tmp_path_factory.mktemp("served") / "vgg")) as running:
        yield running


@pytest.fixture
def start(base_path) -> Iterator[Callable[..., RunningServer]]:
    """Starts a server of its own for a test, of the stand-in unless told otherwise."""
    with ExitStack() as stack:

        def begin(base: Path | str | None = base_path, **options) -> RunningServer:
            return stack.enter_context(RunningServer(base, **options))

        yield begin


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Of different sizes and formats."""
    return [picture(1), picture(2, 64, 40), picture(3, 40, 90, "PNG"), picture(4, 33, 33)]


def _as_version_1(model: Path, base: Path) -> Path:
    shutil.copytree(model, base / "1")
    return base
