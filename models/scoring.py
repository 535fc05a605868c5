"""Dense evaluation (section 3.2): class score maps, their spatial average, posteriors and their averages."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from models import images

ScoreMap = Callable[[tf.Tensor], tf.Tensor]
"""float32 [N, H, W, 3], mean subtracted, to scores [N, h, w, classes]."""


def posteriors(score_map: tf.Tensor) -> tf.Tensor:
    """Soft-max of the spatial average of the scores, the order of the paper's text: [N, classes], float32."""
    return tf.nn.softmax(tf.reduce_mean(tf.cast(score_map, tf.float32), axis=[1, 2]))


def dense(
    net: ScoreMap, image: tf.Tensor, *, shorter_side: int, mean_rgb: Sequence[float], flip: bool = True
) -> tf.Tensor:
    """Posterior [classes] of one image, uint8 [H, W, 3], rescaled to shorter side Q and not cropped.

    With `flip` the mean of the posteriors of the image and of its horizontal flip.
    """
    scaled = images.subtract_mean(images.rescale(image, shorter_side), tf.constant(mean_rgb))
    batch = images.with_flip(scaled) if flip else scaled[tf.newaxis]
    return tf.reduce_mean(posteriors(net(batch)), axis=0)


def dense_at_scales(
    net: ScoreMap,
    image: tf.Tensor,
    *,
    shorter_sides: Sequence[int],
    mean_rgb: Sequence[float],
    flip: bool = True,
) -> tf.Tensor:
    """Posteriors [len(shorter_sides), classes], a row for each Q; their mean is the multi-scale posterior."""
    return tf.stack([dense(net, image, shorter_side=q, mean_rgb=mean_rgb, flip=flip) for q in shorter_sides])


def among_best(scores: tf.Tensor, labels: tf.Tensor, k: int) -> tf.Tensor:
    """Whether each image's class is among the k best: scores [N, classes], labels [N] to bool [N].

    Ties and NaN count against the net, as in components/metrics.py: fewer than k other classes may have a
    score as high or higher.
    """
    own = tf.gather(scores, labels, axis=1, batch_dims=1)
    as_good = tf.reduce_sum(tf.cast(scores >= own[:, tf.newaxis], tf.int32), axis=1) - 1
    return (as_good < k) & ~tf.reduce_any(tf.math.is_nan(scores), axis=1)
