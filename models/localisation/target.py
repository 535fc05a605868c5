"""What a crop teaches the box net: which of the image's boxes, and whether the crop counts at all.

The paper says no more than that training goes as for classification. Where it is silent this follows
OverFeat (Sermanet et al. 2013, section 4.2): a crop that holds less than half of the object is not learnt
from. Of several boxes of the image's class the one is taken of which the crop shows the largest area. The box
is not cut off at the crop's edge: the net is taught where the whole object is.
"""

import tensorflow as tf

from models.localisation.boxes import area, centred

LEAST_SEEN = 0.5
"""Share of the object's box that a crop must hold to be learnt from."""


def box_target(boxes: tf.Tensor) -> tf.Tensor:
    """float32 [5] of one crop: 1.0 where it counts, else 0.0; and the box to be learnt, as (centre x, centre
    y, width, height) in fractions of the crop's side.

    Args:
        boxes: of the image's class, [n, 4] in the crop (models.localisation.boxes); there may be none.
    """
    # One that is nowhere, so that there is a largest one.
    boxes = tf.concat([boxes, tf.constant([[-2.0, -2.0, -1.0, -1.0]])], 0)
    seen = area(tf.clip_by_value(boxes, 0.0, 1.0), tf)
    best = tf.argmax(seen)
    whole = tf.maximum(area(boxes[best], tf), 1e-12)
    counts = tf.cast(seen[best] / whole >= LEAST_SEEN, tf.float32)
    return tf.concat([counts[tf.newaxis], centred(boxes[best])], 0)


def boxes_of_class(outputs: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The box of each row's class, [n, 4], of the last layer's outputs, [n, 4] (SCR) or [n, 4 * classes]."""
    by_class = tf.reshape(outputs, [tf.shape(outputs)[0], -1, 4])
    shared = tf.shape(by_class)[1] == 1
    return tf.gather(by_class, tf.where(shared, tf.zeros_like(labels), labels), axis=1, batch_dims=1)


def euclidean_loss(found: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """Half the squared distance of boxes [n, 4]: [n]; Caffe's EuclideanLoss, with which the paper trained."""
    return tf.reduce_sum(tf.square(found - wanted), axis=-1) / 2
