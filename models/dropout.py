"""Dropout after the first two fully connected layers (section 3.1), drawn without state.

Which outputs are dropped depends on the seed, the step, the layer and the image's row in the step's whole
batch, and on nothing else: however a batch is split over devices, and wherever training goes on after a kill,
an image meets the mask that it would have met on one device that was never stopped.
"""

import keras
import tensorflow as tf

LAYERS = ("fc6", "fc7")
# The same on CPUs and GPUs. XLA's Philox gives other numbers of the same seed, as was seen on a CPU: what XLA
# compiles drops other outputs than what it does not, but the same ones on any number of devices.
ALGORITHM = "philox"
# Crops and colours are drawn from (epoch, place) with small numbers: dropout's seeds are none of theirs.
STREAM = 1 << 42


class NetWithDropout:
    """A training network (models.vgg.build) as it is trained: its outputs of fc6 and fc7 partly dropped.

    Kept outputs are divided by the share kept, so that the network itself, without dropout, is what is
    validated and exported.
    """

    def __init__(self, model: keras.Model, *, share: float, batch: int, seed: int):
        """For batches of `batch` images over all devices; `share` of the outputs, 0..1, is dropped."""
        self._share, self._batch, self._seed = share, batch, seed
        first = model.get_layer(LAYERS[0])
        self._first = keras.Model(model.input, first.output)
        self._rest = model.layers[model.layers.index(first) + 1 :]

    def __call__(self, crops: tf.Tensor, rows: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Scores, float32 [n, classes], of some of a batch's crops, float32 [n, s, s, 3].

        Args:
            crops: mean-subtracted RGB.
            rows: of these crops in the whole batch, int64 [n], 0..batch-1.
            step: int64, of the whole training.
        """
        x = self._drop(self._first(crops, training=True), rows, step, LAYERS[0])
        for layer in self._rest:
            x = layer(x, training=True)
            if layer.name in LAYERS:
                x = self._drop(x, rows, step, layer.name)
        return x

    def _drop(self, outputs: tf.Tensor, rows: tf.Tensor, step: tf.Tensor, layer: str) -> tf.Tensor:
        # Each device draws the mask of the whole batch and takes its rows. For 256 x 4096 on a CPU: 9 ms, as
        # Keras's own draw of these; from a seed for each image it is 19 ms (map_fn) or 32 (vectorized_map).
        if not self._share:
            return outputs
        seed = tf.stack([self._seed * len(LAYERS) + LAYERS.index(layer) + STREAM, step])
        shape = [self._batch, outputs.shape[-1]]
        drawn = tf.random.stateless_uniform(shape, seed, alg=ALGORITHM)
        kept = tf.cast(tf.gather(drawn, rows) >= self._share, outputs.dtype)
        return outputs * kept / (1.0 - self._share)
