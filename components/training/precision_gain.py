"""Whether a reduced precision makes training faster here: measured, as no list of processors says so.

On one processor bfloat16 is twice as fast as float32; on another, which has no instructions for it, it takes
many times as long.
"""

import time

import keras
import tensorflow as tf

from components.recipe import LEAST_GAIN, Precision

CHANNELS, SIDE, IMAGES = 256, 28, 2
"""Of conv3-256 in net D, whose products are those of most of its layers."""


def times_as_fast(precision: Precision, seconds: float = 1.0) -> float:
    """How many times as fast as in float32 a convolution of net D, its gradients included, is.

    Args:
        precision: to compare.
        seconds: that the rounds take together, at least one round; building the graphs comes on top.
    """
    steps = {each: _step(each) for each in (Precision.FLOAT32, precision)}
    fastest = dict.fromkeys(steps, float("inf"))
    for step in steps.values():
        step()
    end = time.monotonic() + seconds
    while True:
        for each, step in steps.items():
            begin = time.perf_counter()
            step()
            fastest[each] = min(fastest[each], time.perf_counter() - begin)
        if time.monotonic() >= end:
            return fastest[Precision.FLOAT32] / fastest[precision]


def warning(precision: Precision, strategy: tf.distribute.Strategy) -> str:
    """A line where training on this processor in that precision is no faster than in float32; else "".

    GPUs that have the precision gain by it, and are not measured.
    """
    devices = strategy.extended.worker_devices
    if precision is Precision.FLOAT32 or any("GPU" in device for device in devices):
        return ""
    gain = times_as_fast(precision)
    if gain >= LEAST_GAIN:
        return ""
    return (
        f"{precision.name.lower()} is {gain:.2f} times as fast as float32 on this processor, as a "
        'convolution of net D shows just now: training is faster with precision = "float32"'
    )


def _step(precision: Precision):
    layer = keras.layers.Conv2D(CHANNELS, 3, padding="same", activation="relu", dtype=precision.value)
    shape = [IMAGES, SIDE, SIDE, CHANNELS]
    layer.build(shape)
    pixels = tf.cast(tf.random.stateless_normal(shape, [0, 0]), layer.compute_dtype)
    kernel = layer.kernel.value

    @tf.function(autograph=False)
    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            output = layer(pixels)
        return [tf.reshape(each, [-1])[0] for each in tape.gradient(output, [pixels, kernel])]

    return lambda: [each.numpy() for each in gradients()]
