"""Files of Keras: .h5 of Keras 2 (those of keras.applications), .weights.h5 and .keras of Keras 3.

Their nets see an image as Caffe's do: B G R, minus the mean of ImageNet's training set in that order. Here
the first convolution's inputs are turned around, which computes the same with R G B.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from models.architectures import ARCHITECTURES
from models.errors import InputError, one_line
from serving.weights.layers import keras_names
from serving.weights.published import Layer, Published, in_order, refuse_batch_normalisation

MEAN_RGB = (123.68, 116.779, 103.939)
"""keras.applications.imagenet_utils.preprocess_input, mode "caffe"."""

WEIGHTS_IN_ZIP = "model.weights.h5"
MODEL_WEIGHTS = "model_weights"
OWN = "vgg_pipeline"
"""The array in which serving.weights.written keeps what the format has no place for: JSON's bytes."""


def read_keras(path: Path, wanted: str | None) -> Published:
    """The content of a file of Keras; `wanted` is the net's letter, or None where the names shall tell.

    Raises:
        InputError: the file is damaged, or not of one of the paper's nets.
    """
    where = f"weights {path}"
    with _opened(path, where) as file:
        own = json.loads(file[OWN][()].tobytes()) if OWN in file else {}
        found = _arrays(file, where)
    names = [f"{layer}/{name}" for layer, arrays in found.items() for name in arrays]
    refuse_batch_normalisation(names, where)
    layers = {name: _layer(name, arrays, where) for name, arrays in found.items()}
    ordered = _ordered(layers, wanted, where)
    first, *rest = ordered
    first = Layer(first.name, first.kernel[:, :, ::-1, :], first.bias)
    return Published(
        (first, *_as_convolutions(rest, where)),
        tuple(own.get("mean_rgb", MEAN_RGB)),
        tuple(own.get("class_names", ())),
        tuple(own.get("synsets", ())),
    )


@contextmanager
def _opened(path: Path, where: str) -> Iterator[h5py.Group]:
    try:
        with h5py.File(_unzipped(path, where) if zipfile.is_zipfile(path) else path, "r") as file:
            yield file.get(MODEL_WEIGHTS, file)
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        # What h5py raises of a damaged file depends on where the damage is.
        why = one_line(str(error))
        raise InputError(f"{where}: cannot be read ({why}); cut short? get it again") from None


def _unzipped(path: Path, where: str) -> io.BytesIO:
    with zipfile.ZipFile(path) as archive:
        if WEIGHTS_IN_ZIP not in archive.namelist():
            raise InputError(f"{where}: no {WEIGHTS_IN_ZIP} in it; expected a model that Keras 3 saved")
        return io.BytesIO(archive.read(WEIGHTS_IN_ZIP))


def _arrays(file: h5py.Group, where: str) -> dict[str, dict[str, np.ndarray]]:
    """By layer and the array's own name. Keras 2 has LAYER/LAYER/kernel:0, Keras 3 layers/LAYER/vars/0."""
    found: dict[str, dict[str, np.ndarray]] = {}

    def visit(path: str, entry: h5py.Group | h5py.Dataset) -> None:
        parts = path.split("/")
        if not isinstance(entry, h5py.Dataset) or "optimizer" in parts[0] or path == OWN:
            return
        layer = parts[parts.index("vars") - 1] if "vars" in parts else parts[0]
        found.setdefault(layer, {})[parts[-1]] = entry[()]

    file.visititems(visit)
    if not found:
        raise InputError(f"{where}: no weights in it; expected a file that Keras saved")
    return found


def _layer(name: str, arrays: dict[str, np.ndarray], where: str) -> Layer:
    kernels = [array for array in arrays.values() if array.ndim in (2, 4)]
    biases = [array for array in arrays.values() if array.ndim == 1]
    if len(arrays) != 2 or len(kernels) != 1 or len(biases) != 1:
        shapes = ", ".join(str(array.shape) for array in arrays.values())
        raise InputError(f"{where}: layer {name} has weights {shapes}; expected a kernel and a bias")
    return Layer(name, kernels[0].astype(np.float32), biases[0].astype(np.float32))


def _ordered(layers: dict[str, Layer], wanted: str | None, where: str) -> tuple[Layer, ...]:
    """In the net's order: by the names of keras.applications, or by the numbers that Keras gave: conv2d_3."""
    letters = [wanted] if wanted else list(ARCHITECTURES)
    letter = min(letters, key=lambda each: len(set(keras_names(each)) ^ set(layers)))
    if set(keras_names(letter)) & set(layers):
        return in_order(layers, list(keras_names(letter)), where)
    numbered = sorted(layers.values(), key=lambda layer: (layer.kernel.ndim == 2, _number(layer.name)))
    fully_connected = sum(layer.kernel.ndim == 2 for layer in numbered)
    if fully_connected != 3:
        raise InputError(
            f"{where}: {len(numbered) - fully_connected} convolutions and {fully_connected} fully connected "
            "layers; expected 3 of these (Keras's `notop` files have none)"
        )
    return tuple(numbered)


def _number(name: str) -> int:
    """Keras's: conv2d is the first, conv2d_1 the second."""
    match = re.search(r"_(\d+)$", name)
    return int(match[1]) if match else 0


def _as_convolutions(layers: list[Layer], where: str) -> Iterator[Layer]:
    """fc1's inputs are the last pool's [side, side, channels], flattened."""
    channels = 0
    for layer in layers:
        kernel = layer.kernel
        if kernel.ndim == 2 and channels:
            side = round((kernel.shape[0] / channels) ** 0.5)
            if side * side * channels != kernel.shape[0]:
                raise InputError(
                    f"{where}: {layer.name} has {kernel.shape[0]} inputs; expected a square of {channels} "
                    "channels"
                )
            kernel, channels = kernel.reshape(side, side, channels, -1), 0
        elif kernel.ndim == 2:
            kernel = kernel[None, None]
        else:
            channels = kernel.shape[-1]
        yield Layer(layer.name, kernel, layer.bias)
