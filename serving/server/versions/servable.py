"""One loaded version of a model.

Loaded by the v1 loader into a session of its own: what TensorFlow Serving does, and `close` gives the memory
back at once (a model of tf.saved_model.load lives until Python's garbage collector has found it).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import get_model_metadata_pb2

from serving.saved_model.description import row_by_row
from serving.server.encoding.signature import INITIALISER, Signature, shorten, signatures_of
from serving.server.errors import ServingError, from_op_error, invalid
from serving.server.versions.session import Session

DEFAULT_SIGNATURE = "serving_default"

Arrays = dict[str, np.ndarray]
"""By name of the input or output; strings as objects of type bytes."""


@dataclass(frozen=True)
class Loading:
    """How models are loaded.

    Attributes:
        tags: of the SavedModel's graph.
        session: TensorFlow's configuration of the session.
        join_all: whether every signature is taken for one that computes row by row.
    """

    tags: tuple[str, ...] = (tf.saved_model.SERVING,)
    session: config_pb2.ConfigProto = field(default_factory=config_pb2.ConfigProto)
    join_all: bool = False


class Servable:
    """A SavedModel in memory. `run` may be called from several threads.

    Attributes:
        name, version: of the model.
        signatures: by name.
        definitions: the same as the SavedModel describes them, for GetModelMetadata.
    """

    def __init__(self, path: str, name: str, version: int, loading: Loading | None = None):
        """Loads the SavedModel in folder `path`.

        Raises:
            tf.errors.OpError, OSError, ValueError, RuntimeError: it cannot be loaded.
        """
        self.name, self.version = name, version
        loading = loading or Loading()
        self._session = Session(loading.session)
        try:
            with self._session.graph.as_default():
                loaded = tf.compat.v1.saved_model.load(self._session, list(loading.tags), path)
            self._session.loaded()
        except BaseException:
            self._session.close()
            raise
        by_row = row_by_row(path)
        self.signatures = signatures_of(loaded, lambda key: loading.join_all or key in by_row)
        self.definitions = get_model_metadata_pb2.SignatureDefMap()
        for key, definition in loaded.signature_def.items():
            if key != INITIALISER:
                self.definitions.signature_def[key].CopyFrom(definition)

    def signature(
        self, name: str, otherwise: grpc.StatusCode = grpc.StatusCode.FAILED_PRECONDITION
    ) -> Signature:
        """The signature of that name; of none, the default one. Raises `otherwise` where it is not there."""
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            there = ", ".join(sorted(self.signatures))
            raise ServingError(
                otherwise, f"model {self.name} has no signature {shorten(name)}; it has {there}"
            )
        return self.signatures[name]

    def run(
        self,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        deadline: float | None = None,
    ) -> Arrays:
        """Computes all outputs of `signature`; stops when `deadline` (time.monotonic()) has passed.

        All of them even where fewer are wanted: a session prepares itself anew, for a second or more, for
        each set of outputs, and a client could ask for any.

        Raises:
            ServingError: what the graph said, or DEADLINE_EXCEEDED.
        """
        given = {signature.inputs[name].tensor: array for name, array in inputs.items()}
        wanted = {spec.tensor for spec in signature.outputs.values()}
        try:
            found = self._session.run_as_given(given, sorted(wanted - given.keys()), deadline)
        except tf.errors.OpError as error:
            raise from_op_error(error) from None
        except UnicodeDecodeError:
            # TensorFlow puts bytes of a tf.Example that does not parse into its message, as they are.
            raise invalid(f"signature {signature.name}: the input cannot be parsed") from None
        except (KeyError, ValueError) as error:
            message = f"model {self.name}: signature {signature.name} is not one of its graph: {error}"
            raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, message) from None
        found = {**given, **found}
        return {name: _typed(found[spec.tensor], spec.dtype) for name, spec in signature.outputs.items()}

    def close(self) -> None:
        """Gives the memory back."""
        self._session.close()


def _typed(array: np.ndarray, dtype: tf.DType) -> np.ndarray:
    """A session gives quantized numbers as plain ones."""
    return array.view(dtype.as_numpy_dtype) if dtype.is_quantized else array
