"""The image descriptor of appendix B: fc7 of the net applied densely."""

import tensorflow as tf

from models import scoring
from serving.saved_model.signatures.decoding import Preparation
from serving.saved_model.signatures.predict import IMAGE_BYTES
from serving.saved_model.signatures.requests import Signature, map_images


def features(fc7: scoring.ScoreMap, channels: int, prepare: Preparation) -> Signature:
    """`image_bytes` string [N] to `features` float32 [N, channels], of Euclidean length 1.

    Averaged over places, flip and Q, then normalised. The paper averages or stacks over Q; averaged, the
    length does not depend on their number. All zero where no unit of fc7 is above zero.
    """

    head = prepare.head

    def descriptor(look):
        maps = [scoring.score_maps(fc7, of_q[tf.newaxis], flip=head.flip) for of_q in look.views]
        by_q = [tf.reduce_mean(of_q, [0, 1, 2, 3, 4]) for of_q in maps]
        return tf.math.l2_normalize(tf.reduce_mean(by_q, axis=0))

    def function(image_bytes):
        return {"features": map_images(image_bytes, prepare, head.shorter_sides, descriptor, [channels])}

    return function, [IMAGE_BYTES]
