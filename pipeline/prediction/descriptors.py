"""Descriptors of photographs (appendix B) as a file of NumPy's, .npz, which numpy.load alone reads.

It holds `names`, unicode [N]: as the user named the photographs, printable; `paths`, unicode [N]: absolute,
"" for standard input; `features`, float32 [N, C], rows of Euclidean length 1 (all zero where no unit of fc7
is above zero); `model`, what made them, in words; and `fingerprint`, of a model in this process, else "".
"""

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import InputError, cause_of
from pipeline.prediction.asking import Answer
from pipeline.prediction.photographs import STANDARD_INPUT
from pipeline.whole_file import written_whole

SUFFIX = ".npz"
KEYS = ("names", "paths", "features", "model", "fingerprint")


@dataclass(frozen=True)
class Maker:
    """What descriptors were made by: only those of one model can be compared.

    Attributes:
        model: in words: a folder, or a server with the model's name and version.
        fingerprint: serving.saved_model.description.fingerprint's; "" of a server's model.
    """

    model: str
    fingerprint: str = ""

    def is_other(self, other: "Maker") -> bool:
        """Whether the two are certainly not the same model."""
        if self.fingerprint and other.fingerprint:
            return self.fingerprint != other.fingerprint
        return False

    def is_same(self, other: "Maker") -> bool:
        """Whether they certainly are."""
        if self.fingerprint or other.fingerprint:
            return self.fingerprint == other.fingerprint
        return self.model == other.model


@dataclass(frozen=True)
class Descriptors:
    """Of N photographs; the attributes are the file's."""

    names: tuple[str, ...]
    paths: tuple[str, ...]
    features: np.ndarray
    made_by: Maker


def of_answers(answers: Sequence[Answer], made_by: Maker) -> Descriptors:
    """Of those photographs that could be used, at least one; the last question was for descriptors."""
    used = [answer for answer in answers if not answer.error]
    return Descriptors(
        tuple(answer.photograph.name for answer in used),
        tuple(_absolute(answer.photograph.argument) for answer in used),
        np.array([answer.values[-1] for answer in used], np.float32),
        made_by,
    )


def check_new(path: Path) -> None:
    """Whether a file of descriptors can be called so.

    Raises:
        InputError: it has another suffix, or is there.
    """
    if path.suffix != SUFFIX:
        raise InputError(f"--features {path}: expected a name that ends in {SUFFIX}")
    if path.exists():
        raise InputError(f"--features {path}: is there already; choose another name or remove it")
    if not path.absolute().parent.is_dir():
        raise InputError(f"--features {path}: {path.absolute().parent} is no folder; make it first")


def write_descriptors(found: Descriptors, path: Path) -> None:
    """Writes the file, all of it or nothing.

    Raises:
        InputError: it cannot be written.
    """
    with written_whole(path, "--features") as part, open(part, "wb") as file:
        np.savez(
            file,
            names=np.array(found.names, dtype=np.str_),
            paths=np.array(found.paths, dtype=np.str_),
            features=found.features,
            model=np.array(found.made_by.model),
            fingerprint=np.array(found.made_by.fingerprint),
        )


def read_descriptors(path: Path) -> Descriptors:
    """The file's content. Nothing in it is run: pickled objects are refused.

    Raises:
        InputError: it cannot be read, or is no file of descriptors.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            content = {key: file[key] for key in KEYS}
        names, paths, features = (content[key] for key in ("names", "paths", "features"))
        shapes_fit = features.ndim == 2 and names.shape == paths.shape == (len(features),)
        if not shapes_fit or features.dtype != np.float32 or not len(features):
            raise ValueError("its arrays do not fit one another")
        if not np.isfinite(features).all():
            raise ValueError("it holds values that are no numbers")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: is no file of descriptors ({cause_of(error)}); `vgg predict FOLDER --features "
            "FILE.npz` makes one"
        ) from None
    maker = Maker(str(content["model"]), str(content["fingerprint"]))
    return Descriptors(tuple(names.tolist()), tuple(paths.tolist()), features, maker)


def _absolute(argument: str) -> str:
    return "" if argument == STANDARD_INPUT else os.path.realpath(argument)
