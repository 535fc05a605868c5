"""From encoded images to posteriors and the best classes: serving_default, single_scale, top_score_maps."""

from collections.abc import Sequence

import tensorflow as tf

from models import scoring
from serving.saved_model.signatures.decoding import Preparation
from serving.saved_model.signatures.locating import LOCATED, Locator
from serving.saved_model.signatures.requests import AVERAGED, Signature, check, map_images

TOP = 5
IMAGE_BYTES = tf.TensorSpec([None], tf.string, name="image_bytes")


def predict(net: scoring.ScoreMap, prepare: Preparation, sides: Sequence[int], *, flip: bool) -> Signature:
    """`image_bytes` string [N], JPEG or PNG of any and mixed sizes, to the posterior averaged over Q."""

    head = prepare.head

    def averaged(look):
        return tf.reduce_mean(scoring.flip_average_by_q(net, look.views, flip=flip), axis=0)

    def function(image_bytes):
        probabilities = map_images(image_bytes, prepare, sides, averaged, [len(head.class_names)])
        return with_top_classes(probabilities, head.unique_names)

    return function, [IMAGE_BYTES]


def top_score_maps(net: scoring.ScoreMap, prepare: Preparation, locate: Locator | None = None) -> Signature:
    """`image_bytes` string [1] to what serving_default gives and, for each Q, float32 [1, h, w, k]: scores,
    before the soft-max, of the k best classes at each place of the image, unflipped.

    With `locate` also what `localise` gives. Of an image in squares (models.scoring.views) the squares' maps
    lie side by side along its longer side.
    """
    head = prepare.head

    def function(image_bytes):
        count = tf.size(image_bytes)
        message = tf.strings.join(["image_bytes: ", tf.strings.as_string(count), " images; expected 1"])
        with tf.control_dependencies([tf.debugging.Assert(count == 1, [message])]):
            prepared = prepare(tf.identity(image_bytes), head.shorter_sides, locate.sides if locate else ())
        with tf.control_dependencies([check(prepared, head)]):
            look = prepared.look_at(tf.constant(0))
        if locate:
            seen = locate.maps(look)
            maps = [of_q[..., : len(head.class_names)] for of_q in seen]
        else:
            maps = [scoring.score_maps(net, of_q[tf.newaxis], flip=head.flip) for of_q in look.views]
        probabilities = tf.reduce_mean([scoring.flip_average(of_q) for of_q in maps], axis=0)
        outputs = with_top_classes(probabilities[tf.newaxis], head.unique_names)
        best = top(probabilities, head.class_names).indices
        if locate:
            found = [each[tf.newaxis] for each in locate(look, seen, best)]
            outputs |= dict(zip(LOCATED, [*found, look.size[tf.newaxis, ::-1]], strict=True))
        tall = prepared.sizes[0, 0] > prepared.sizes[0, 1]
        for side, of_q in zip(head.shorter_sides, maps, strict=True):
            outputs[map_name(side)] = tf.gather(_side_by_side(of_q[0, 0], tall), best, axis=-1)[tf.newaxis]
        return outputs

    return function, [IMAGE_BYTES]


def map_name(shorter_side: int) -> str:
    """Name of the output of `top_score_maps` for one Q."""
    return f"score_map_q{shorter_side}"


def top_classes(probabilities: tf.Tensor, class_names: Sequence[str]) -> tuple[tf.Tensor, tf.Tensor]:
    """Names, string [N, k], and posteriors, float32 [N, k], of the k = min(5, classes) best classes."""
    best = top(probabilities, class_names)
    return tf.gather(tf.constant(class_names), best.indices), best.values


def with_top_classes(probabilities: tf.Tensor, class_names: Sequence[str]) -> dict[str, tf.Tensor]:
    """What serving_default gives, of probabilities [N, classes]."""
    names, values = top_classes(probabilities, class_names)
    return {AVERAGED: probabilities, "top_classes": names, "top_probabilities": values}


def top(probabilities: tf.Tensor, class_names: Sequence[str]):
    """tf.math.top_k's of the k best classes."""
    return tf.math.top_k(probabilities, k=min(TOP, len(class_names)))


def _side_by_side(maps: tf.Tensor, tall: tf.Tensor) -> tf.Tensor:
    """[views, h, w, classes] to [views * h, w, classes] of a tall image, else [h, views * w, classes]."""
    views, height, width, classes = tf.unstack(tf.shape(maps))
    return tf.cond(
        tall,
        lambda: tf.reshape(maps, [views * height, width, classes]),
        lambda: tf.reshape(tf.transpose(maps, [1, 0, 2, 3]), [height, views * width, classes]),
    )
