"""Nets as PyTorch's world keeps them: random weights under its names, their forward pass, and .pth files.

The forward pass is NumPy's, channels first, written from the papers' definitions: no code of this project
takes part in it.
"""

import collections
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

PLANS = {
    "A": "1 M 2 M 4 4 M 8 8 M 8 8 M",
    "B": "1 1 M 2 2 M 4 4 M 8 8 M 8 8 M",
    "D": "1 1 M 2 2 M 4 4 4 M 8 8 8 M 8 8 8 M",
    "E": "1 1 M 2 2 M 4 4 4 4 M 8 8 8 8 M 8 8 8 8 M",
}
"""torchvision's configurations: channels, here in units of the first layer's, and poolings."""

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def random_weights(letter: str, *, first: int, classes: int, side: int = 1, seed: int = 0) -> dict:
    """torchvision's state dict of a net of `first` channels in its first layer and fc6 of `side` x `side`."""
    random = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = collections.OrderedDict()

    def add(name: str, *shape: int) -> None:
        scale = np.sqrt(2 / np.prod(shape[1:]))
        weights[f"{name}.weight"] = random.normal(0, scale, shape).astype(np.float32)
        weights[f"{name}.bias"] = random.normal(0, 0.1, shape[0]).astype(np.float32)

    place, inputs = 0, 3
    for step in PLANS[letter].split():
        if step != "M":
            add(f"features.{place}", first * int(step), inputs, 3, 3)
            inputs = first * int(step)
            place += 1
        place += 1
    fc = 64 * first
    add("classifier.0", fc, inputs * side * side)
    add("classifier.3", fc, fc)
    add("classifier.6", classes, fc)
    return weights


def as_timm(weights: dict, side: int) -> dict:
    """The same under timm's names, whose fully connected layers before the last are convolutions."""
    found = {name: value for name, value in weights.items() if name.startswith("features")}
    for theirs, name in (("pre_logits.fc1", "classifier.0"), ("pre_logits.fc2", "classifier.3")):
        kernel, size = weights[f"{name}.weight"], side if theirs.endswith("1") else 1
        found[f"{theirs}.weight"] = kernel.reshape(kernel.shape[0], -1, size, size)
        found[f"{theirs}.bias"] = weights[f"{name}.bias"]
    found["head.fc.weight"], found["head.fc.bias"] = (
        weights["classifier.6.weight"],
        weights["classifier.6.bias"],
    )
    return found


def posteriors(weights: dict, letter: str, side: int, pixels: np.ndarray) -> np.ndarray:
    """Of uint8 [H, W, 3]: float64 [h, w, classes], at each place where fc6, of `side` x `side`, fits."""
    x = ((pixels / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)
    place = 0
    for step in PLANS[letter].split():
        if step == "M":
            x = x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2).max((2, 4))
        else:
            x = _convolved(x, weights[f"features.{place}.weight"], weights[f"features.{place}.bias"])
            place += 1
        place += 1
    height, width = (size - side + 1 for size in x.shape[1:])
    return np.array(
        [
            [_fully_connected(weights, x[:, top : top + side, left : left + side]) for left in range(width)]
            for top in range(height)
        ]
    )


def _fully_connected(weights: dict, x: np.ndarray) -> np.ndarray:
    x = x.reshape(-1)
    for name in ("classifier.0", "classifier.3"):
        x = np.maximum(weights[f"{name}.weight"].astype(np.float64) @ x + weights[f"{name}.bias"], 0)
    scores = weights["classifier.6.weight"].astype(np.float64) @ x + weights["classifier.6.bias"]
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def _convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Cross-correlation with a border of zeros, and ReLU."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    found = np.einsum("cyxij,ocij->oyx", windows, kernel.astype(np.float64), optimize=True)
    return np.maximum(found + bias[:, None, None], 0)


class Named:
    """A name that a pickle asks for when it is read."""

    def __init__(self, module: str, name: str):
        self.module, self.name = module, name


class Called:
    """A call of such a name when the pickle is read."""

    def __init__(self, function: Named, *arguments):
        self.function, self.arguments = function, arguments


class _Storage:
    def __init__(self, key: str, values: np.ndarray, legacy: bool):
        self.pid = ("storage", Named("torch", "FloatStorage"), key, "cpu", values.size)
        if legacy:
            self.pid = (*self.pid, None)


class _Pickler(pickle._Pickler):
    """Writes names that this process does not have, as torch.save would."""

    dispatch = dict(pickle._Pickler.dispatch)

    def persistent_id(self, value):
        return value.pid if isinstance(value, _Storage) else None

    def save_named(self, value: Named) -> None:
        self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())

    def save_called(self, value: Called) -> None:
        self.save(value.function)
        self.save(value.arguments)
        self.write(pickle.REDUCE)

    dispatch[Named] = save_named
    dispatch[Called] = save_called


def write_pth(path: Path, weights: dict, *, legacy: bool = False, wrapped: bool = False) -> None:
    """As torch.save(state_dict, path) does: a ZIP archive, or the sequence of pickles of versions before 1.6.

    `wrapped`: as a training program keeps it, below "state_dict" and with DataParallel's prefix.
    """
    arrays = {str(number): value for number, value in enumerate(weights.values())}
    tensors = collections.OrderedDict()
    for (name, value), key in zip(weights.items(), arrays, strict=True):
        strides = tuple(step // value.itemsize for step in value.strides)
        storage = _Storage(key, value, legacy)
        tensors[f"module.{name}" if wrapped else name] = Called(
            Named("torch._utils", "_rebuild_tensor_v2"), storage, 0, value.shape, strides, False, {}
        )
    content = {"epoch": 3, "state_dict": tensors} if wrapped else tensors
    if legacy:
        parts = [pickled(0x1950A86A20F9469CFC6C), pickled(1001), pickled({"little_endian": True})]
        parts += [pickled(content), pickled(list(arrays))]
        parts += [struct.pack("<q", value.size) + value.tobytes() for value in arrays.values()]
        path.write_bytes(b"".join(parts))
        return
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(content))
        for key, value in arrays.items():
            archive.writestr(f"archive/data/{key}", value.tobytes())


def pickled(value) -> bytes:
    """In protocol 2, as torch.save has it."""
    stream = io.BytesIO()
    _Pickler(stream, 2).dump(value)
    return stream.getvalue()
