"""A stand-in for the exported model: plain TensorFlow that loads in milliseconds, for tests of the server.

Its signatures have the exported model's names, inputs and outputs, and its refusals their form. What it
answers is drawn from an image's bytes and from its seed; of the image it looks at the first bytes alone.
"""

import json
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from serving.saved_model.description import DESCRIPTION

CLASSES = ("tench", "goldfish", "shark", "hen", "Käfer", "class 5", "owl")
TURNS = 20_000
"""Of the loop of the signature `slow`: a sixth of a second for each request, of however many images."""

BOXES = tuple((5.0 + n, 10.0 + n, 50.0 - n, 60.0 - n) for n in range(5))

_IMAGES = tf.TensorSpec([None], tf.string, name="image_bytes")


def write_small_model(path: Path, seed: int, *, localises: bool = False) -> None:
    """A SavedModel in folder `path`, without warm-up requests; with `localise` where it is to have it."""
    module = tf.Module()
    module.offset = tf.Variable(tf.range(len(CLASSES), dtype=tf.float32) * seed)

    def of(function: Callable) -> Callable:
        return tf.function(
            lambda image_bytes: function(image_bytes, module.offset), [_IMAGES], autograph=False
        )

    predict, slow = of(_predict), of(_slow)
    served = {"serving_default": predict, "single_scale": predict, "slow": slow, "features": of(_features)}
    if localises:
        served["localise"] = of(_localise)
    tf.saved_model.save(module, str(path), served)
    description = path / DESCRIPTION
    description.parent.mkdir()
    description.write_text(json.dumps({"row_by_row": list(served)}))


def _predict(image_bytes: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
    with tf.control_dependencies([_check(image_bytes)]):
        drawn = tf.strings.to_hash_bucket_strong(image_bytes, 1000, key=[1, 2])
    angles = tf.cast(drawn, tf.float32)[:, tf.newaxis] * (1 + tf.range(len(CLASSES), dtype=tf.float32))
    probabilities = tf.nn.softmax(3 * tf.sin(angles + offset))
    best = tf.math.top_k(probabilities, 5)
    names = tf.gather(tf.constant(CLASSES), best.indices)
    return {"probabilities": probabilities, "top_classes": names, "top_probabilities": best.values}


def _features(image_bytes: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
    """Of as many numbers as there are classes."""
    return {"features": tf.math.l2_normalize(_predict(image_bytes, offset)["probabilities"], axis=1)}


def _localise(image_bytes: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
    """The box of the class of rank n is BOXES[n]."""
    predicted = _predict(image_bytes, offset)
    count = tf.size(image_bytes)
    boxes = tf.tile(tf.constant([BOXES]), [count, 1, 1])
    return {**predicted, "boxes": boxes, "box_scores": 2 * predicted["top_probabilities"]}


def _check(image_bytes: tf.Tensor) -> tf.Operation:
    """Refuses what begins neither as a JPEG nor as a PNG, by its number."""
    start = tf.strings.substr(image_bytes, 0, 3)
    bad = tf.reshape(tf.where((start != b"\xff\xd8\xff") & (start != b"\x89PN")), [-1])
    lines = tf.strings.join(["image_bytes[", tf.strings.as_string(bad), "]: not an image"])
    return tf.debugging.Assert(tf.size(bad) == 0, [tf.strings.reduce_join(lines, separator="; ")])


def _slow(image_bytes: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
    """The same after a loop of many steps."""
    turns = tf.while_loop(lambda turn: turn < TURNS, lambda turn: (turn + 1,), (tf.constant(0),))
    with tf.control_dependencies(turns):
        return _predict(tf.identity(image_bytes), offset)
