"""The signature `localise`: the best classes of photographs, and a box for each (appendix A)."""

import tensorflow as tf

from models import scoring
from serving.saved_model.signatures.decoding import Preparation
from serving.saved_model.signatures.locating import LOCATED, Locator
from serving.saved_model.signatures.predict import IMAGE_BYTES, TOP, top, with_top_classes
from serving.saved_model.signatures.requests import Signature, map_images

LOCALISE = "localise"


def localise(prepare: Preparation, locate: Locator) -> Signature:
    """`image_bytes` string [N] to what serving_default gives, and for its k best classes LOCATED."""
    head = prepare.head
    count = len(head.class_names)
    best = min(TOP, count)

    def of_one(look):
        maps = locate.maps(look)
        by_q = [scoring.flip_average(of_q[..., :count]) for of_q in maps]
        probabilities = tf.reduce_mean(by_q, axis=0)
        boxes, scores = locate(look, maps, top(probabilities, head.class_names).indices)
        # As one tensor: widths below 2 ** 24 are whole numbers in float32, too.
        size = tf.cast(look.size[::-1], tf.float32)
        return tf.concat([probabilities, tf.reshape(boxes, [-1]), scores, size], 0)

    def function(image_bytes):
        found = map_images(
            image_bytes, prepare, head.shorter_sides, of_one, [count + 5 * best + 2], middles=locate.sides
        )
        probabilities, boxes, scores, sizes = tf.split(found, [count, 4 * best, best, 2], axis=1)
        located = [tf.reshape(boxes, [-1, best, 4]), scores, tf.cast(sizes, tf.int32)]
        outputs = with_top_classes(probabilities, head.unique_names)
        return {**outputs, **dict(zip(LOCATED, located, strict=True))}

    return function, [IMAGE_BYTES]
