"""Files of PyTorch's world: .safetensors and .pth, under torchvision's names or timm's.

Their nets see an image as torchvision's do: R G B in 0..1, minus a mean, over a standard deviation. Both go
into the first convolution here, exactly also at the border: what its padding adds is the mean in both. The
kernels of convolutions are [outputs, inputs, side, side] there, and fc6 reads its inputs channel by channel.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from models.architectures import ARCHITECTURES
from models.errors import InputError
from serving.weights.layers import TIMM_FC, TORCHVISION_FC, torch_names
from serving.weights.pickled_tensors import read_pickled
from serving.weights.published import Layer, Published, in_order, refuse_batch_normalisation

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of torchvision's and timm's transforms for ImageNet, R G B in 0..1."""

MEAN_RGB = tuple(255 * value for value in MEAN)
OWN = "vgg_pipeline"
"""The key of safetensors' metadata for what the format has no place for (serving.weights.written)."""


def read_torch(path: Path, wanted: str | None) -> Published:
    """The content of a file of PyTorch's world; `wanted` is the net's letter, or None: as the names tell.

    Raises:
        InputError: the file is damaged, or not of one of the paper's nets.
    """
    where = f"weights {path}"
    tensors, own = _read_safe(path, where) if path.suffix == ".safetensors" else (read_pickled(path), {})
    refuse_batch_normalisation(list(tensors), where)
    names = _names(tensors, wanted)
    layers = {}
    for name in sorted({key.rpartition(".")[0] for key in tensors}):
        layers[name] = _layer(name, tensors, is_fc6=names.get(name) == "fc6", where=where)
    first, *rest = _with_squares(in_order(layers, list(names), where), where)
    if not own:
        scale = 255 * np.array(DEVIATION)[:, None]
        first = Layer(first.name, (first.kernel / scale).astype(np.float32), first.bias)
    return Published(
        (first, *rest),
        tuple(own.get("mean_rgb", MEAN_RGB)),
        tuple(own.get("class_names", ())),
        tuple(own.get("synsets", ())),
    )


def _read_safe(path: Path, where: str) -> tuple[dict[str, np.ndarray], dict]:
    try:
        with safe_open(path, "numpy") as file:
            own = json.loads((file.metadata() or {}).get(OWN, "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, own  # noqa: SIM118
    except (OSError, SafetensorError, TypeError, ValueError) as error:
        raise InputError(f"{where}: cannot be read ({error}); cut short? get it again") from None


def _names(tensors: Mapping[str, np.ndarray], wanted: str | None) -> dict[str, str]:
    """This project's names by the file's, of the net whose names are most like those there."""
    there = {key.rpartition(".")[0] for key in tensors}
    known = [
        torch_names(letter, fc)
        for fc in (TORCHVISION_FC, TIMM_FC)
        for letter in ([wanted] if wanted else ARCHITECTURES)
    ]
    return min(known, key=lambda names: len(set(names) ^ there))


def _layer(name: str, tensors: Mapping[str, np.ndarray], *, is_fc6: bool, where: str) -> Layer:
    kernel, bias = tensors.get(f"{name}.weight"), tensors.get(f"{name}.bias")
    if kernel is None or bias is None or kernel.ndim not in (2, 4) or bias.ndim != 1:
        there = {key: value for key, value in tensors.items() if key.startswith(f"{name}.")}
        have = ", ".join(f"{key} {value.shape}" for key, value in there.items())
        raise InputError(f"{where}: layer {name} has {have}; expected {name}.weight and {name}.bias")
    kernel = kernel.astype(np.float32)
    if kernel.ndim == 4:
        kernel = kernel.transpose(2, 3, 1, 0)
    elif not is_fc6:  # whose side is known by the channels before it
        kernel = kernel.T[None, None]
    return Layer(name, kernel, bias.astype(np.float32))


def _with_squares(layers: tuple[Layer, ...], where: str) -> list[Layer]:
    """fc6 of torchvision has [outputs, channels * side * side]: the last pool's channels, each row by row."""
    found: list[Layer] = []
    for layer in layers:
        kernel = layer.kernel
        if kernel.ndim == 2:
            channels = found[-1].kernel.shape[-1]
            side = round((kernel.shape[1] / channels) ** 0.5)
            if side * side * channels != kernel.shape[1]:
                raise InputError(
                    f"{where}: {layer.name} has {kernel.shape[1]} inputs; expected a square of {channels} "
                    "channels"
                )
            kernel = kernel.reshape(-1, channels, side, side).transpose(2, 3, 1, 0)
        found.append(Layer(layer.name, kernel, layer.bias))
    return found
