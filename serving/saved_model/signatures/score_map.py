"""The bare network: class scores at each place of images that somebody has decoded and rescaled."""

import tensorflow as tf

from models import images, scoring
from serving.saved_model.head import Head
from serving.saved_model.signatures.requests import AVERAGED, Signature


def score_map(net: scoring.ScoreMap, field: int, head: Head) -> Signature:
    """`images` uint8 [N, H, W, 3], not rescaled: class scores at each place and their posterior.

    Raises:
        tf.errors.InvalidArgumentError: no image, a side smaller than the net's `field`, or more than
            head.map_pixels.
    """

    def function(images_):
        with tf.control_dependencies([_check(images_, field, head.map_pixels)]):
            scores = net(images.subtract_mean(images_, tf.constant(head.mean_rgb)))
        return {"scores": scores, AVERAGED: scoring.softmax_of_mean_scores(scores[:, tf.newaxis])}

    return function, [tf.TensorSpec([None, None, None, 3], tf.uint8, name="images")]


def _check(images_: tf.Tensor, field: int, most_pixels: int) -> tf.Operation:
    shape = tf.shape(images_, tf.int64)[:3]
    given = tf.strings.reduce_join(tf.strings.as_string(shape), separator=" x ")
    wanted = f"; expected at least 1 x {field} x {field} and at most {most_pixels} pixels in all"
    fits = tf.reduce_all(shape >= [1, field, field]) & (tf.reduce_prod(shape) <= most_pixels)
    return tf.debugging.Assert(fits, [tf.strings.join(["images: ", given, wanted])])
