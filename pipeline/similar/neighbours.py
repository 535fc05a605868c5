"""The photographs most like one photograph: by the cosine between descriptors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.errors import InputError
from pipeline.prediction.descriptors import Descriptors


@dataclass(frozen=True)
class Neighbour:
    """One photograph of the folder.

    Attributes:
        name: as the user named it, printable.
        path: absolute, "" where there is no file.
        similarity: the cosine of the angle between the two descriptors, 0 to 1.
    """

    name: str
    path: str
    similarity: float


def nearest(photograph: Sequence[float], path: str, among: Descriptors, count: int) -> list[Neighbour]:
    """The `count` photographs most like one, the most alike first; of equal ones the first in the folder.

    Args:
        photograph: its descriptor, [C].
        path: its own absolute path, which is left out of the result; "" where there is none.
        among: the others.
        count: at least 1.

    Raises:
        InputError: the descriptors are not as long as the photograph's, or of no other photograph.
    """
    own = np.asarray(photograph, np.float32)
    if among.features.shape[1] != len(own):
        raise InputError(
            f"descriptors of {among.features.shape[1]} numbers by {among.made_by.model}, and the "
            f"photograph's has {len(own)}; expected those of the same model; make the file "
            "again with the model that answers now"
        )
    similarities = _unit(among.features) @ _unit(own)
    order = [int(index) for index in np.argsort(-similarities, kind="stable")]
    others = [index for index in order if not path or among.paths[index] != path]
    if not others:
        raise InputError("the folder holds no photograph but this one; expected others to compare it with")
    return [Neighbour(among.names[i], among.paths[i], float(similarities[i])) for i in others[:count]]


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1: a file may hold others. One that is all zero stays so, and is like nothing."""
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
