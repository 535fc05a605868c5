"""The SavedModel's signatures: from bytes, pixels or serialized tf.Examples to posteriors and features.

Everything that a prediction needs is inside the graph: decoding, rescaling to each Q, the mean RGB, the
flip, the averages and the class names.
"""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from models.architectures import STRIDE
from models.localisation.trunk import head_of, trunk_of
from serving.saved_model.head import Head
from serving.saved_model.signatures.decoding import Preparation
from serving.saved_model.signatures.examples import classify, examples, labels, output_name
from serving.saved_model.signatures.features import features
from serving.saved_model.signatures.localise import LOCALISE, localise
from serving.saved_model.signatures.locating import LOCATED, BoxNet, Locator
from serving.saved_model.signatures.predict import TOP, predict, top_classes, top_score_maps
from serving.saved_model.signatures.requests import AVERAGED, Signature
from serving.saved_model.signatures.score_map import score_map

__all__ = [
    "AVERAGED",
    "LOCALISE",
    "LOCATED",
    "METHODS",
    "ROW_BY_ROW",
    "TOP",
    "BoxNet",
    "Head",
    "Signature",
    "output_name",
    "signatures",
    "top_classes",
]

ROW_BY_ROW = (
    *("serving_default", "single_scale", "features", "score_map"),
    *("examples", "labels", "classify", LOCALISE),
)
"""Their answer for a row depends on that row alone, so a server may join requests, and split them."""

METHODS = {"classify": "tensorflow/serving/classify"}
"""Method names other than that of Predict."""


def signatures(net: keras.Model, head: Head, box_nets: Sequence[BoxNet] = ()) -> dict[str, Signature]:
    """Functions and input signatures by name, for a fully convolutional `net`; with `localise` where there
    are box nets."""
    scores = _traced_once(net)
    prepare = Preparation(head)
    fc7 = net.get_layer("fc7").output
    size = net.get_layer("fc6").kernel_size[0] * STRIDE
    locate = _locator(net, scores, box_nets, head, size) if box_nets else None
    return {
        "serving_default": predict(scores, prepare, head.shorter_sides, flip=head.flip),
        "single_scale": predict(scores, prepare, (head.middle_side,), flip=False),
        "features": features(_traced_once(keras.Model(net.inputs, fc7)), fc7.shape[-1], prepare),
        "top_score_maps": top_score_maps(scores, prepare, locate),
        "score_map": score_map(scores, size, head),
        "examples": examples(scores, prepare),
        "labels": labels(head),
        "classify": classify(scores, prepare),
        **({LOCALISE: localise(prepare, locate)} if locate else {}),
    }


def _locator(
    net: keras.Model, scores: Callable, box_nets: Sequence[BoxNet], head: Head, size: int
) -> Locator:
    """Where box nets have the classifier's convolutions, these are computed once for all of them."""
    sharing = [head_of(each.outputs) for each in box_nets if each.shares_trunk]
    traced = [
        each if each.shares_trunk else each._replace(outputs=_traced_once(each.outputs)) for each in box_nets
    ]
    if not sharing:
        return Locator(scores, traced, head, size)
    trunk, parts = trunk_of(net), [head_of(net), *sharing]

    def all_of(images, training):
        features = trunk(images)
        return tf.concat([tf.cast(part(features), tf.float32) for part in parts], -1)

    return Locator(_traced_once(all_of), traced, head, size)


def _traced_once(net: Callable) -> tf.types.experimental.GenericFunction:
    """One copy in the graph for all signatures and Q that call it."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)], autograph=False)
    def function(images):
        return tf.cast(net(images, training=False), tf.float32)

    return function
