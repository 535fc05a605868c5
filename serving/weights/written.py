"""An exported model's weights as a file that other programs read, and that is imported again bit for bit.

Nothing is computed with a weight: arrays are only turned around and moved. What a format has no place for,
the model's own mean RGB and its classes, is kept beside them under `vgg_pipeline`.
"""

import json
from pathlib import Path

import h5py
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from models.errors import InputError, one_line
from models.net import Net
from serving.saved_model.head import Head
from serving.weights import keras_files, torch_files
from serving.weights.layers import FC, keras_names, torch_names

FULL = "No space left on device"


def write_weights(weights: dict[str, np.ndarray], net: Net, head: Head, path: Path, kind: str) -> None:
    """Writes the weights of an exported model into a new file.

    Args:
        weights, net, head: of the model (serving.saved_model.export.read_weights and .description.describe).
        path: of the file; not there.
        kind: keras: as keras.applications keeps VGG16, which reads it with weights=FILE, on B G R minus the
            model's own mean. safetensors: under torchvision's names, on R G B in grey levels minus the mean;
            not divided by a deviation.

    Raises:
        InputError: the file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        {"keras": _write_keras, "safetensors": _write_safe}[kind](part, net, head, weights)
        part.rename(path)
    except (OSError, RuntimeError, SafetensorError) as error:  # of a full disk h5py makes a RuntimeError
        said = one_line(str(error))
        why = FULL if FULL in said else said
        raise InputError(
            f"weights {path}: cannot be written ({why}); nothing was; choose another --out"
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _write_keras(path: Path, net: Net, head: Head, weights: dict[str, np.ndarray]) -> None:
    names = keras_names(net.configuration)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in names]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.15.0"
        file[keras_files.OWN] = np.frombuffer(_own(head).encode(), np.uint8)
        for name, own in names.items():
            kernel = weights[f"{own}_kernel"]
            if own == "conv1_1":
                kernel = kernel[:, :, ::-1, :]
            if own in FC:
                kernel = kernel.reshape(-1, kernel.shape[-1])
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            group.create_dataset(f"{name}/kernel:0", data=kernel)
            group.create_dataset(f"{name}/bias:0", data=weights[f"{own}_bias"])


def _write_safe(path: Path, net: Net, head: Head, weights: dict[str, np.ndarray]) -> None:
    tensors = {}
    for name, own in torch_names(net.configuration).items():
        kernel = weights[f"{own}_kernel"].transpose(3, 2, 0, 1)
        if own in FC:
            kernel = kernel.reshape(kernel.shape[0], -1)
        tensors[f"{name}.weight"] = np.ascontiguousarray(kernel)
        tensors[f"{name}.bias"] = weights[f"{own}_bias"]
    save_file(tensors, path, {"format": "pt", torch_files.OWN: _own(head)})


def _own(head: Head) -> str:
    return json.dumps(
        {"mean_rgb": head.mean_rgb, "class_names": head.class_names, "synsets": head.synsets},
        ensure_ascii=True,
    )
