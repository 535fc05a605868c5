"""Dense evaluation (section 3.2): class score maps, their spatial average, posteriors and their averages."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from models import images
from models.limits import SQUARES

ScoreMap = Callable[[tf.Tensor], tf.Tensor]
"""float32 [N, H, W, 3], mean subtracted, to scores [N, h, w, classes]."""


def posteriors(score_map: tf.Tensor) -> tf.Tensor:
    """Soft-max of the spatial average of the scores, the order of the paper's text: [N, classes], float32."""
    return tf.nn.softmax(tf.reduce_mean(tf.cast(score_map, tf.float32), axis=[1, 2]))


def views(
    image: tf.Tensor, *, shorter_side: int, mean_rgb: Sequence[float], squares: int = SQUARES
) -> tf.Tensor:
    """What the net sees of one image, uint8 [H, W, 3], at a Q: float32 [views, H', W', 3], mean subtracted.

    One view, the whole image rescaled to shorter side Q and not cropped; of one that is more than `squares`
    times longer than wide, so many squares of Q x Q at even distances from its one end to the other. The
    paper's images are never so long; the bound keeps a strip of 1 x 60,000 pixels from becoming 60,000 Q^2.
    """
    size = tf.shape(image)[:2]
    rescaled = tf.cond(
        tf.reduce_max(size) > squares * tf.reduce_min(size),
        lambda: _squares(image, shorter_side, squares),
        lambda: images.rescale(image, shorter_side)[tf.newaxis],
    )
    return images.subtract_mean(rescaled, tf.constant(mean_rgb))


def score_maps(net: ScoreMap, views_: tf.Tensor, *, flip: bool) -> tf.Tensor:
    """Scores of an image's `views` [V, H, W, 3] in one pass: float32 [1, V, h, w, classes].

    With `flip` [2, V, h, w, classes]: of the image, then of its horizontal flip.
    """
    batch = tf.concat([views_, tf.reverse(views_, axis=[2])], 0) if flip else views_
    scores = tf.cast(net(batch), tf.float32)
    flips = 2 if flip else 1
    return tf.reshape(scores, tf.concat([[flips, tf.shape(views_)[0]], tf.shape(scores)[1:]], 0))


def posterior(maps: tf.Tensor) -> tf.Tensor:
    """Posterior [classes] of one image's `score_maps`: scores averaged over all places, flips after the
    soft-max."""
    return tf.reduce_mean(tf.nn.softmax(tf.reduce_mean(maps, axis=[1, 2, 3])), axis=0)


def posteriors_of_views(net: ScoreMap, by_q: Sequence[tf.Tensor], *, flip: bool) -> tf.Tensor:
    """Posteriors [Q, classes] of one image, a row for each of its `views`."""
    return tf.stack([posterior(score_maps(net, of_q, flip=flip)) for of_q in by_q])


def dense(
    net: ScoreMap, image: tf.Tensor, *, shorter_side: int, mean_rgb: Sequence[float], flip: bool = True
) -> tf.Tensor:
    """Posterior [classes] of one image, uint8 [H, W, 3], at one Q: see `views`.

    With `flip` the mean of the posteriors of the image and of its horizontal flip.
    """
    seen = views(image, shorter_side=shorter_side, mean_rgb=mean_rgb)
    return posterior(score_maps(net, seen, flip=flip))


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


def _squares(image: tf.Tensor, shorter_side: int, count: int) -> tf.Tensor:
    size = tf.shape(image)[:2]
    side = tf.reduce_min(size)
    last = tf.reduce_max(size) - side
    starts = tf.cast(
        tf.round(tf.linspace(tf.constant(0.0, tf.float64), tf.cast(last, tf.float64), count)), tf.int32
    )
    along = tf.cast(size == tf.reduce_max(size), tf.int32)

    def square(start):
        place = tf.pad(along * start, [[0, 1]])
        return images.rescale(tf.slice(image, place, [side, side, 3]), shorter_side)

    spec = tf.TensorSpec([shorter_side, shorter_side, 3], tf.float32)
    return tf.map_fn(square, starts, fn_output_signature=spec, parallel_iterations=1)


def among_best(scores: tf.Tensor, labels: tf.Tensor, k: int) -> tf.Tensor:
    """Whether each image's class is among the k best: scores [N, classes], labels [N] to bool [N].

    Ties and NaN count against the net, as in components/evaluation/metrics.py: fewer than k other classes
    may have a score as high or higher.
    """
    own = tf.gather(scores, labels, axis=1, batch_dims=1)
    as_good = tf.reduce_sum(tf.cast(scores >= own[:, tf.newaxis], tf.int32), axis=1) - 1
    return (as_good < k) & ~tf.reduce_any(tf.math.is_nan(scores), axis=1)
