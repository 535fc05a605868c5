"""What a signature of a SavedModel takes and gives, and what a request may ask of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.server.errors import invalid

INITIALISER = "__saved_model_init_op"
"""The loader's own entry among the signatures: no signature."""


@dataclass(frozen=True)
class Spec:
    """A tensor of a signature.

    Attributes:
        tensor: its name in the graph.
        shape: None for a dimension of any length; None altogether where the rank is unknown.
    """

    tensor: str
    dtype: tf.DType
    shape: tuple[int | None, ...] | None

    @classmethod
    def of(cls, info: meta_graph_pb2.TensorInfo) -> "Spec":
        """The specification that a SavedModel's TensorInfo gives."""
        shape = tf.TensorShape(info.tensor_shape)
        return cls(info.name, tf.as_dtype(info.dtype), None if shape.rank is None else tuple(shape))

    @property
    def is_batch(self) -> bool:
        """Whether the first dimension may have any length."""
        return bool(self.shape) and self.shape[0] is None


@dataclass(frozen=True)
class Signature:
    """A function of the model by name.

    Attributes:
        method: its method name, such as tensorflow/serving/predict.
        row_by_row: whether its answer for a row depends on that row alone, as far as anybody has said so.
    """

    name: str
    inputs: Mapping[str, Spec]
    outputs: Mapping[str, Spec]
    method: str = ""
    row_by_row: bool = False

    @property
    def is_batch(self) -> bool:
        """Whether requests may be joined and split along the first dimension of all tensors."""
        tensors = (*self.inputs.values(), *self.outputs.values())
        return self.row_by_row and bool(self.inputs) and all(spec.is_batch for spec in tensors)

    def check_inputs(self, names: Iterable[str]) -> None:
        """Raises INVALID_ARGUMENT unless `names` are the inputs."""
        names = set(names)
        if missing := sorted(self.inputs.keys() - names):
            raise invalid(f"signature {self.name}: input {missing[0]} is missing; {self._takes()}")
        if extra := sorted(names - self.inputs.keys()):
            raise invalid(f"signature {self.name}: no input {shorten(extra[0])}; {self._takes()}")

    def chosen_outputs(self, names: Iterable[str]) -> list[str]:
        """The outputs of a request's filter, sorted; all where it is empty. Raises INVALID_ARGUMENT."""
        asked = list(names)
        if twice := sorted({name for name in asked if asked.count(name) > 1}):
            raise invalid(f"signature {self.name}: output {shorten(twice[0])} is asked for twice")
        names = set(asked) or set(self.outputs)
        if extra := sorted(names - self.outputs.keys()):
            gives = ", ".join(sorted(self.outputs))
            raise invalid(f"signature {self.name}: no output {shorten(extra[0])}; it gives {gives}")
        return sorted(names)

    def _takes(self) -> str:
        return f"it takes {', '.join(sorted(self.inputs))}"


def signatures_of(
    graph: meta_graph_pb2.MetaGraphDef, is_row_by_row: Callable[[str], bool]
) -> dict[str, Signature]:
    """All signatures of a loaded SavedModel by name; `is_row_by_row` is asked for each of them."""
    return {
        name: Signature(
            name, _specs(each.inputs), _specs(each.outputs), each.method_name, is_row_by_row(name)
        )
        for name, each in graph.signature_def.items()
        if name != INITIALISER
    }


def shorten(name: str) -> str:
    """A name that a client made up, fit for a message."""
    return repr(name if len(name) <= 60 else name[:57] + "...")


def _specs(infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, Spec]:
    return {name: Spec.of(info) for name, info in infos.items()}
