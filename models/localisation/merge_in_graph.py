"""The merge of merge.py and the choice of five_best.py inside a graph, of several classes at once.

A server has no Python: what merge.py does with lists, this does with masks, in the same order and in float64,
so that both give the same answer. A box that another one has taken up stays where it was and counts for
nothing. One turn of the loop merges the best pair of each class, and takes time with the square of the number
of boxes: there are some hundred.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from models.localisation.boxes import area
from models.localisation.merge import MOST_MISMATCH, mismatch


class MergedBoxes(NamedTuple):
    """What became of n boxes of each of k classes.

    Attributes:
        boxes: float64 [k, n, 4].
        scores: float64 [k, n].
        counts: how many each stands for, float64 [k, n]; 0: there is none in this place any more.
        distances: mismatches of all pairs, float64 [k, n, n]; infinite where there is no pair.
        nearest: the smallest of each row of them, float64 [k, n].
    """

    boxes: tf.Tensor
    scores: tf.Tensor
    counts: tf.Tensor
    distances: tf.Tensor
    nearest: tf.Tensor


def merge_in_graph(boxes: tf.Tensor, scores: tf.Tensor, most_mismatch: float = MOST_MISMATCH) -> MergedBoxes:
    """merge.py's `merge` of each class: what it lists are the places with a count.

    Args:
        boxes: (left, top, right, bottom), float64 [k, n, 4], all of one unit; one of no area counts for
            nothing.
        scores: how sure the classifier is of the class in the window that a box came from, [k, n].
        most_mismatch: stops the merge.
    """
    there = (area(boxes, tf) > 0) & tf.reduce_all(tf.math.is_finite(boxes), axis=-1)
    # What is no box must be a number, or it would spread.
    boxes = tf.where(there[..., tf.newaxis], boxes, tf.constant([0.0, 0.0, 1.0, 1.0], tf.float64))
    counts = tf.cast(there, tf.float64)
    distances = mismatch(boxes[:, :, tf.newaxis], boxes[:, tf.newaxis], tf)
    itself = tf.eye(tf.shape(boxes)[1], dtype=tf.bool)
    is_pair = there[:, :, tf.newaxis] & there[:, tf.newaxis] & ~itself
    distances = tf.where(is_pair, distances, _INFINITY)
    begun = MergedBoxes(boxes, tf.cast(scores, tf.float64) * counts, counts, distances, _nearest(distances))
    return tf.while_loop(
        lambda *found: tf.reduce_any(found[-1] <= most_mismatch),
        lambda *found: _merged_once(MergedBoxes(*found), most_mismatch),
        begun,
        shape_invariants=MergedBoxes(
            *(tf.TensorShape([None, None, *rest]) for rest in ([4], [], [], [None], []))
        ),
        parallel_iterations=1,
        maximum_iterations=tf.shape(boxes)[1],  # a server's request must end, whatever a net gives
    )


def best_boxes(boxes: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """five_best.py's `box_of_class` of each of k classes: float64 [k, 4], and its score, [k].

    Args:
        boxes: of all windows, in fractions of the photograph, float64 [k, n, 4], n at least 1.
        scores: as for merge_in_graph.
    """
    merged = merge_in_graph(tf.clip_by_value(boxes, 0.0, 1.0), scores)
    there = merged.counts > 0
    rated = tf.where(there & ~tf.math.is_nan(merged.scores), merged.scores, -_INFINITY)
    best = _first_place(rated == tf.reduce_max(rated, axis=1, keepdims=True))
    found = tf.gather(merged.boxes, best, batch_dims=1)
    some = tf.reduce_any(there, axis=1)
    whole = tf.constant([0.0, 0.0, 1.0, 1.0], tf.float64)
    own = tf.gather(merged.scores, best, batch_dims=1)
    return tf.where(some[:, tf.newaxis], found, whole), tf.where(some, own, tf.zeros_like(own))


_INFINITY = np.float64(np.inf)


def _merged_once(found: MergedBoxes, most_mismatch: float) -> MergedBoxes:
    """The best pair of each class that has one becomes one box, in the place of the first."""
    boxes, scores, counts, distances, nearest = found
    count, classes = tf.shape(boxes)[1], tf.range(tf.shape(boxes)[0])
    first = _first_place(nearest == tf.reduce_min(nearest, axis=1, keepdims=True))
    row = tf.gather(distances, first, batch_dims=1)
    second = _first_place(row == tf.reduce_min(row, axis=1, keepdims=True))
    is_merged = (tf.reduce_min(nearest, axis=1) <= most_mismatch)[:, tf.newaxis]
    pair = tf.stack([first, second], axis=1)
    weights = tf.gather(counts, pair, batch_dims=1)
    both = tf.gather(boxes, pair, batch_dims=1) * weights[..., tf.newaxis]
    together = (tf.reduce_sum(both, axis=1) / tf.reduce_sum(weights, axis=1, keepdims=True))[:, tf.newaxis]
    is_first, is_second = tf.unstack(
        tf.one_hot(pair, count, True, False) & is_merged[..., tf.newaxis], axis=1
    )
    boxes = tf.where(is_first[..., tf.newaxis], together, boxes)
    scores, counts = (
        tf.where(is_first, tf.reduce_sum(tf.gather(each, pair, batch_dims=1), axis=1, keepdims=True), each)
        for each in (scores, counts)
    )
    counts = tf.where(is_second, tf.zeros_like(counts), counts)
    anew = tf.where((counts > 0) & ~is_first, mismatch(together, boxes, tf), _INFINITY)
    rows = tf.stack([tf.where(is_merged, anew, row), tf.gather(distances, second, batch_dims=1)], axis=1)
    rows = tf.where(is_merged[..., tf.newaxis] & [[False], [True]], _INFINITY, rows)
    # Two rows and two columns and not all pairs: of 442 boxes a turn took 15 ms with masks of all.
    own = tf.stack([tf.broadcast_to(classes[:, tf.newaxis], tf.shape(pair)), pair], axis=-1)
    distances = tf.tensor_scatter_nd_update(distances, own, rows)
    across = tf.stack(
        [
            tf.broadcast_to(classes[:, tf.newaxis, tf.newaxis], tf.shape(rows)),
            tf.broadcast_to(tf.range(count), tf.shape(rows)),
            tf.broadcast_to(pair[..., tf.newaxis], tf.shape(rows)),
        ],
        axis=-1,
    )
    distances = tf.tensor_scatter_nd_update(distances, across, rows)
    return MergedBoxes(boxes, scores, counts, distances, _nearest(distances))


def _nearest(distances: tf.Tensor) -> tf.Tensor:
    return tf.reduce_min(distances, axis=2)


def _first_place(wanted: tf.Tensor) -> tf.Tensor:
    """int32 [k] of bool [k, n]: of the first that is true. tf.argmax promises no order of equal ones."""
    places = tf.range(tf.shape(wanted)[1])
    return tf.reduce_min(tf.where(wanted, places, tf.int32.max), axis=1)
