"""A session that feeds what it is given.

Session.run refuses an array whose shape is not the one that the graph's author wrote down, whatever the graph
can do with it. TensorFlow Serving's sessions let the graph decide.
"""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

from serving.server.errors import deadline_exceeded


class Session(tf.compat.v1.Session):
    """TensorFlow's session of a `graph` of its own, on any device, with `settings` of the caller's."""

    def __init__(self, settings: config_pb2.ConfigProto):
        config = config_pb2.ConfigProto(allow_soft_placement=True)
        config.gpu_options.allow_growth = True
        config.MergeFrom(settings)
        super().__init__(graph=tf.Graph(), config=config)
        self._is_loaded = False

    def loaded(self) -> None:
        """From now on nothing is added to the graph, and `run_as_given` may be called."""
        self.graph.finalize()
        self._extend_graph()  # which TensorFlow's own `_run` does before each run
        self._is_loaded = True

    def run_as_given(
        self, feeds: Mapping[str, np.ndarray], fetches: Sequence[str], deadline: float | None
    ) -> dict[str, np.ndarray]:
        """Values of the tensors named in `fetches`; strings as objects of type bytes.

        Raises:
            ServingError: `deadline` (time.monotonic()) has passed already.
            tf.errors.OpError: what the graph said, also that it has passed since.
            KeyError, ValueError: there is no such tensor.
        """
        given = {self._output(name): np.require(array, requirements="C") for name, array in feeds.items()}
        values = self.run([self._output(name) for name in fetches], given, _run_options(deadline))
        return {name: _as_array(value) for name, value in zip(fetches, values, strict=True)}

    def _output(self, name: str) -> object:
        return self.graph.get_tensor_by_name(name)._as_tf_output()

    def _run(self, handle, fetches, feed_dict, options, run_metadata):
        """What `run` calls: TensorFlow's own while the model is being loaded."""
        if not self._is_loaded:
            return super()._run(handle, fetches, feed_dict, options, run_metadata)
        return self._call_tf_sessionrun(options, feed_dict, fetches, [], run_metadata)


def _as_array(value: object) -> np.ndarray:
    """A single string comes as bytes, a single number as one of NumPy's."""
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)


def _run_options(deadline: float | None) -> tf.compat.v1.RunOptions | None:
    if deadline is None:
        return None
    milliseconds = int((deadline - time.monotonic()) * 1000)
    if milliseconds <= 0:
        raise deadline_exceeded("the deadline passed before the model was run")
    return tf.compat.v1.RunOptions(timeout_in_ms=milliseconds)
