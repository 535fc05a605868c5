"""The tensors of a .pth file, read without running anything that the file says.

A pickle can call any function of the machine. Here it can name nothing but what describes tensors, and those
names stand for functions of this module: torch is neither needed nor imported. Both of torch.save's forms are
read: a ZIP archive (since 1.6), and a sequence of pickles, in which torchvision's older files are.
"""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from models.errors import InputError

MAGIC = 0x1950A86A20F9469CFC6C
DTYPES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}
WRAPPERS = ("state_dict", "model", "model_state_dict")
"""Keys below which training programs keep the weights."""


@dataclass
class _Storage:
    """Numbers that tensors are views of; in the older form they follow after all tensors."""

    dtype: np.dtype
    values: np.ndarray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> np.ndarray:
        """A copy. Raises ValueError where it reaches beyond its storage."""
        values = self.storage.values
        reach = ((side - 1) * step for side, step in zip(self.shape, self.strides, strict=True))
        last = self.offset + sum(reach)
        if min((*self.shape, *self.strides, self.offset + 1), default=1) < 0 or last >= max(len(values), 1):
            raise ValueError(f"a tensor of {self.shape} reaches beyond its {len(values)} numbers")
        steps = [step * values.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, steps).copy()


def read_pickled(path: Path) -> dict[str, np.ndarray]:
    """Tensors by name; "module.", which DataParallel puts before each, is left out.

    Raises:
        InputError: the file is damaged, holds something else, or names what is no tensor.
    """
    where = f"weights {path}"
    try:
        content = _from_zip(path) if zipfile.is_zipfile(path) else _from_sequence(path)
        if not isinstance(content, Mapping):
            raise InputError(f"{where}: a {type(content).__name__}; expected weights by their names")
        content = next((content[key] for key in WRAPPERS if isinstance(content.get(key), Mapping)), content)
        return {
            str(name).removeprefix("module."): value.array()
            for name, value in content.items()
            if isinstance(value, _Tensor)
        }
    except InputError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError, struct.error, ValueError) as error:
        raise InputError(f"{where}: cannot be read ({error}); cut short? get it again") from None
    except (AttributeError, KeyError, IndexError, TypeError, UnicodeDecodeError) as error:
        raise InputError(f"{where}: is not as torch.save writes ({error!r}); get it again") from None


class _Unpickler(pickle.Unpickler):
    """Knows the names that describe tensors, and refuses all others."""

    def __init__(self, file: Any, storage: Callable[[str, np.dtype, int], _Storage]):
        super().__init__(file, encoding="latin-1")
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _Tensor(storage, offset, shape, strides)
        if module == "torch._utils" and name == "_rebuild_parameter":
            return lambda tensor, *_: tensor
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(
            f"it asks for {module}.{name}, which is no tensor, and nothing of it was run"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, length, *_ = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"it refers to a {kind}, which is no tensor")
        return self._storage(str(key), dtype, int(length))


def _from_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        pickled = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if pickled is None:
            raise ValueError("no data.pkl in it")
        folder = pickled.removesuffix("data.pkl")
        found: dict[str, _Storage] = {}

        def storage(key: str, dtype: np.dtype, length: int) -> _Storage:
            if key not in found:
                content = archive.read(f"{folder}data/{key}")
                found[key] = _Storage(dtype, np.frombuffer(content, dtype, length))
            return found[key]

        return _Unpickler(io.BytesIO(archive.read(pickled)), storage).load()


def _from_sequence(path: Path) -> Any:
    found: dict[str, _Storage] = {}

    def storage(key: str, dtype: np.dtype, length: int) -> _Storage:
        return found.setdefault(key, _Storage(dtype))

    with open(path, "rb") as file:
        if _Unpickler(file, storage).load() != MAGIC:
            raise ValueError("it does not begin as a file of torch.save")
        for _ in ("version of the format", "the machine it was written on"):
            _Unpickler(file, storage).load()
        content = _Unpickler(file, storage).load()
        for key in _Unpickler(file, storage).load():
            (length,) = struct.unpack("<q", file.read(8))
            dtype = found[key].dtype
            found[key].values = np.frombuffer(file.read(length * dtype.itemsize), dtype, length)
    return content
