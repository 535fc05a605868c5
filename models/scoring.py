"""Dense evaluation (section 3.2): class score maps, their spatial average, posteriors and their averages."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from models import images
from models.as_written import as_written
from models.limits import SQUARES

ScoreMap = Callable[[tf.Tensor], tf.Tensor]
"""float32 [N, H, W, 3], mean subtracted, to scores [N, h, w, classes]."""


def views(
    image: tf.Tensor, *, shorter_side: tf.Tensor | int, mean_rgb: Sequence[float], squares: int = SQUARES
) -> tf.Tensor:
    """What the net sees of one image, uint8 [H, W, 3], at a Q: float32 [views, H', W', 3], mean subtracted.

    One view, the whole image rescaled to shorter side Q and not cropped; of one that is more than `squares`
    times longer than wide, so many squares of Q x Q at even distances from its one end to the other. The
    paper's images are never so long; the bound keeps a strip of 1 x 60,000 pixels from becoming 60,000 Q^2.
    Evaluation and serving both look at images so.
    """
    size = tf.shape(image)[:2]
    rescaled = tf.cond(
        tf.reduce_max(size) > squares * tf.reduce_min(size),
        lambda: _squares(image, shorter_side, squares),
        lambda: images.rescale(image, shorter_side)[tf.newaxis],
    )
    return images.subtract_mean(rescaled, tf.constant(mean_rgb))


def score_maps(net: ScoreMap, views_: tf.Tensor, *, flip: bool) -> tf.Tensor:
    """Scores of images' `views`, [N, V, H, W, 3], in one pass: float32 [1, N, V, h, w, classes].

    With `flip` [2, N, V, h, w, classes]: of the images, then of their horizontal flips.
    """
    seen = tf.stack([views_, tf.reverse(views_, axis=[3])]) if flip else views_[tf.newaxis]
    shape = tf.shape(seen)
    scores = tf.cast(net(tf.reshape(seen, tf.concat([[-1], shape[3:5], [3]], 0))), tf.float32)
    return tf.reshape(scores, tf.concat([shape[:3], tf.shape(scores)[1:]], 0))


def softmax_of_mean_scores(maps: tf.Tensor) -> tf.Tensor:
    """Posteriors [..., classes] of score maps [..., V, h, w, classes].

    Scores are averaged over all places of an image's views before the soft-max, as in the paper's text.
    """
    return tf.nn.softmax(mean_scores(maps))


def mean_scores(maps: tf.Tensor) -> tf.Tensor:
    """Scores, or descriptors, [..., classes] of maps [..., V, h, w, classes]: their mean over all places."""
    return tf.reduce_mean(tf.cast(maps, tf.float32), axis=[-4, -3, -2])


def flip_average(maps: tf.Tensor) -> tf.Tensor:
    """Posterior [classes] of one image's `score_maps`, [flips, 1, V, h, w, classes]."""
    return tf.reduce_mean(softmax_of_mean_scores(maps), axis=[0, 1])


def flip_average_by_q(net: ScoreMap, by_q: Sequence[tf.Tensor], *, flip: bool) -> tf.Tensor:
    """Posteriors [Q, classes] of one image, a row for each of its `views`, [V, H, W, 3]."""
    return tf.stack([flip_average(score_maps(net, of_q[tf.newaxis], flip=flip)) for of_q in by_q])


def _squares(image: tf.Tensor, shorter_side: tf.Tensor | int, count: int) -> tf.Tensor:
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

    spec = tf.TensorSpec([None, None, 3], tf.float32)
    return tf.map_fn(as_written(square), starts, fn_output_signature=spec, parallel_iterations=1)


def among_best(scores: tf.Tensor, labels: tf.Tensor, k: int) -> tf.Tensor:
    """Whether each image's class is among the k best: scores [N, classes], labels [N] to bool [N].

    Ties and NaN count against the net, as in components/evaluation/metrics.py: fewer than k other classes
    may have a score as high or higher.
    """
    own = tf.gather(scores, labels, axis=1, batch_dims=1)
    as_good = tf.reduce_sum(tf.cast(scores >= own[:, tf.newaxis], tf.int32), axis=1) - 1
    return (as_good < k) & ~tf.reduce_any(tf.math.is_nan(scores), axis=1)
