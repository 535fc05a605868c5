"""Serialized tf.Examples, as the model is evaluated on: posteriors and best classes, and the label."""

import tensorflow as tf

from models import scoring
from serving.saved_model.head import Head
from serving.saved_model.signatures.decoding import Preparation
from serving.saved_model.signatures.predict import top_classes
from serving.saved_model.signatures.requests import AVERAGED, Signature, map_images

EXAMPLES = tf.TensorSpec([None], tf.string, name="examples")


def output_name(shorter_side: int) -> str:
    """Name of the `examples` signature's output for one Q."""
    return f"{AVERAGED}_q{shorter_side}"


def examples(net: scoring.ScoreMap, prepare: Preparation) -> Signature:
    """`examples` string [N], serialized tf.Examples, to the posterior of each Q and their average.

    An image that does not decode gets the same posterior for each class, as from the Scorer: it counts as an
    error under the rule for ties, and does not end the evaluation.
    """
    head = prepare.head
    shape = [len(head.shorter_sides), len(head.class_names)]

    def function(examples_):
        parsed = tf.io.parse_example(examples_, {head.image_key: tf.io.FixedLenFeature([], tf.string, "")})
        by_q = map_images(
            parsed[head.image_key],
            prepare,
            head.shorter_sides,
            lambda look: scoring.flip_average_by_q(net, look.views, flip=head.flip),
            shape,
            otherwise=1 / len(head.class_names),
        )
        outputs = {output_name(q): by_q[:, row] for row, q in enumerate(head.shorter_sides)}
        return {AVERAGED: tf.reduce_mean(by_q, axis=1), **outputs}

    return function, [EXAMPLES]


def classify(net: scoring.ScoreMap, prepare: Preparation) -> Signature:
    """`inputs` string [N], serialized tf.Examples, to `classes` string [N, k] and `scores` float32 [N, k].

    They are the k best classes and their posteriors averaged over Q. TF Serving's Classify asks for these
    names.

    Raises:
        tf.errors.InvalidArgumentError: `inputs[3]: ...` where an image cannot be used.
    """
    head = prepare.head

    def function(inputs):
        parsed = tf.io.parse_example(inputs, {head.image_key: tf.io.FixedLenFeature([], tf.string)})
        probabilities = map_images(
            parsed[head.image_key],
            prepare,
            head.shorter_sides,
            lambda look: tf.reduce_mean(scoring.flip_average_by_q(net, look.views, flip=head.flip), axis=0),
            [len(head.class_names)],
            called="inputs",
        )
        classes, scores = top_classes(probabilities, head.unique_names)
        return {"classes": classes, "scores": scores}

    return function, [tf.TensorSpec([None], tf.string, name="inputs")]


def labels(head: Head) -> Signature:
    """`examples` string [N] to `label` int64 [N], 0..classes-1: what TFMA compares with."""

    def function(examples_):
        parsed = tf.io.parse_example(examples_, {head.label_key: tf.io.FixedLenFeature([], tf.int64)})
        return {"label": parsed[head.label_key] - head.first_label}

    return function, [EXAMPLES]
