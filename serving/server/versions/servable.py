"""One loaded version of a model.

Loaded by the v1 loader into a session of its own: what TensorFlow Serving does, and `close` gives the memory
back at once (a model of tf.saved_model.load lives until Python's garbage collector has found it).
"""

import time
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2

from serving.server.encoding.signature import INITIALISER, Signature, shorten, signatures_of
from serving.server.errors import deadline_exceeded, from_op_error, invalid, not_found

DEFAULT_SIGNATURE = "serving_default"

Arrays = dict[str, np.ndarray]
"""By name of the input or output; strings as objects of type bytes."""


class Servable:
    """A SavedModel in memory. `run` may be called from several threads.

    Attributes:
        name, version: of the model.
        signatures: by name.
        definitions: the same as the SavedModel describes them, for GetModelMetadata.
    """

    def __init__(self, path: str, name: str, version: int):
        """Loads the SavedModel in folder `path`.

        Raises:
            tf.errors.OpError, OSError, ValueError, RuntimeError: it cannot be loaded.
        """
        self.name, self.version = name, version
        graph = tf.Graph()
        options = tf.compat.v1.GPUOptions(allow_growth=True)
        self._session = tf.compat.v1.Session(
            graph=graph, config=tf.compat.v1.ConfigProto(gpu_options=options, allow_soft_placement=True)
        )
        try:
            with graph.as_default():
                loaded = tf.compat.v1.saved_model.load(self._session, [tf.saved_model.SERVING], path)
        except BaseException:
            self._session.close()
            raise
        graph.finalize()
        self.signatures = signatures_of(loaded)
        self.definitions = get_model_metadata_pb2.SignatureDefMap()
        for key, definition in loaded.signature_def.items():
            if key != INITIALISER:
                self.definitions.signature_def[key].CopyFrom(definition)

    def signature(self, name: str) -> Signature:
        """The signature of that name; of none, the default one. Raises INVALID_ARGUMENT."""
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            there = ", ".join(sorted(self.signatures))
            raise invalid(f"model {self.name} has no signature {shorten(name)}; it has {there}")
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
        fetches = {name: spec.tensor for name, spec in signature.outputs.items()}
        feeds = {signature.inputs[name].tensor: array for name, array in inputs.items()}
        try:
            return self._session.run(fetches, feeds, options=_run_options(deadline))
        except tf.errors.OpError as error:
            raise from_op_error(error) from None
        except UnicodeDecodeError:
            # TensorFlow puts bytes of a tf.Example that does not parse into its message, as they are.
            raise invalid(f"signature {signature.name}: the input cannot be parsed") from None
        except RuntimeError as error:  # what a closed session raises
            raise not_found(f"model {self.name} version {self.version}: {error}") from None

    def close(self) -> None:
        """Gives the memory back."""
        self._session.close()


def _run_options(deadline: float | None) -> tf.compat.v1.RunOptions | None:
    if deadline is None:
        return None
    milliseconds = int((deadline - time.monotonic()) * 1000)
    if milliseconds <= 0:
        raise deadline_exceeded("the deadline passed before the model was run")
    return tf.compat.v1.RunOptions(timeout_in_ms=milliseconds)
