"""The SavedModel's signatures: from bytes, pixels or serialized tf.Examples to posteriors.

Everything that a prediction needs is inside the graph: decoding, rescaling to each Q, the mean RGB, the
flip, the averages and the class names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from models import images, scoring

TOP = 5
AVERAGED = "probabilities"

Signature = tuple[Callable, list[tf.TensorSpec]]


@dataclass(frozen=True)
class Head:
    """What surrounds the network in the exported model.

    Attributes:
        mean_rgb: of the training set, grey levels, R G B.
        class_names: one for each output of the network.
        shorter_sides: the Q whose posteriors are averaged.
        flip: whether the horizontal flip is averaged in.
        image_key, label_key: keys of the tf.Examples that the model is evaluated on.
        first_label: what the first class is called in these examples.
    """

    mean_rgb: tuple[float, ...]
    class_names: tuple[str, ...]
    shorter_sides: tuple[int, ...]
    flip: bool
    image_key: str
    label_key: str
    first_label: int


def output_name(shorter_side: int) -> str:
    """Name of the `examples` signature's output for one Q."""
    return f"{AVERAGED}_q{shorter_side}"


def signatures(net: keras.Model, head: Head) -> dict[str, Signature]:
    """Functions and input signatures by name, for a fully convolutional `net`."""
    return {
        "serving_default": _predict_bytes(net, head),
        "score_map": _score_map(net, head),
        "examples": _predict_examples(net, head),
        "labels": _labels(head),
    }


def top_classes(probabilities: tf.Tensor, class_names: Sequence[str]) -> tuple[tf.Tensor, tf.Tensor]:
    """Names, string [N, k], and posteriors, float32 [N, k], of the k = min(5, classes) best classes."""
    best = tf.math.top_k(probabilities, k=min(TOP, len(class_names)))
    return tf.gather(tf.constant(class_names), best.indices), best.values


def _predict_bytes(net: keras.Model, head: Head) -> Signature:
    """`image_bytes` string [N], JPEG or PNG of any and mixed sizes."""

    def predict(image_bytes):
        by_scale = tf.map_fn(
            lambda image: _posteriors(net, head, images.decode(image)),
            image_bytes,
            fn_output_signature=_posteriors_spec(head),
            parallel_iterations=1,
        )
        probabilities = tf.reduce_mean(by_scale, axis=1)
        names, values = top_classes(probabilities, head.class_names)
        return {AVERAGED: probabilities, "top_classes": names, "top_probabilities": values}

    return predict, [tf.TensorSpec([None], tf.string, name="image_bytes")]


def _score_map(net: keras.Model, head: Head) -> Signature:
    """`images` uint8 [N, H, W, 3], not rescaled: class scores at each place and their posterior."""

    def score(images_):
        scores = tf.cast(net(images.subtract_mean(images_, tf.constant(head.mean_rgb))), tf.float32)
        return {"scores": scores, AVERAGED: scoring.posteriors(scores)}

    return score, [tf.TensorSpec([None, None, None, 3], tf.uint8, name="images")]


def _predict_examples(net: keras.Model, head: Head) -> Signature:
    """`examples` string [N], serialized tf.Examples, to the posterior of each Q and their average.

    An image that does not decode gets NaN: it counts as an error, and does not end the evaluation.
    """

    def predict(examples):
        parsed = tf.io.parse_example(examples, {head.image_key: tf.io.FixedLenFeature([], tf.string, "")})
        encoded = parsed[head.image_key]
        # Only the test runs inside if_decodable's dataset: the network there would stay on the CPU, on one
        # thread (measured on two cores: net A at Q = 256 took 0.92 s an image there, 0.44 s here).
        decodable = images.if_decodable(encoded, _decodes, tf.constant(False), at_once=tf.data.AUTOTUNE)[1]
        spec = _posteriors_spec(head)
        by_scale = tf.map_fn(
            lambda element: tf.cond(
                element[1],
                lambda: _posteriors(net, head, images.decode(element[0])),
                lambda: tf.fill(spec.shape, float("nan")),
            ),
            (encoded, decodable),
            fn_output_signature=spec,
            parallel_iterations=1,
        )
        outputs = {output_name(q): by_scale[:, row] for row, q in enumerate(head.shorter_sides)}
        return {AVERAGED: tf.reduce_mean(by_scale, axis=1), **outputs}

    return predict, [tf.TensorSpec([None], tf.string, name="examples")]


def _labels(head: Head) -> Signature:
    """`examples` string [N] to `label` int64 [N], 0..classes-1: what TFMA compares with."""

    def label(examples):
        parsed = tf.io.parse_example(examples, {head.label_key: tf.io.FixedLenFeature([], tf.int64)})
        return {"label": parsed[head.label_key] - head.first_label}

    return label, [tf.TensorSpec([None], tf.string, name="examples")]


def _decodes(image_bytes: tf.Tensor) -> tf.Tensor:
    """True, or an error; of the image, so that the decoding is not optimised away."""
    return tf.reduce_max(tf.shape(images.decode(image_bytes))) > 0


def _posteriors(net: keras.Model, head: Head, image: tf.Tensor) -> tf.Tensor:
    return scoring.dense_at_scales(
        net, image, shorter_sides=head.shorter_sides, mean_rgb=head.mean_rgb, flip=head.flip
    )


def _posteriors_spec(head: Head) -> tf.TensorSpec:
    return tf.TensorSpec([len(head.shorter_sides), len(head.class_names)], tf.float32)
