"""A request's images, one after the other through the net; and the error that names those it cannot use."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from models.as_written import as_written
from models.limits import MOST_SCANS
from models.undecodable import DECODED, TOO_LARGE, TOO_MANY_SCANS
from serving.saved_model.head import Head
from serving.saved_model.signatures.decoding import Look, Preparation, Prepared

AVERAGED = "probabilities"
# Images decoded and held at a time: at Q = 256, 384 and 512 each takes 8 MB, the longest 23 MB.
AT_A_TIME = 16

Signature = tuple[Callable, list[tf.TensorSpec]]


def map_images(
    image_bytes: tf.Tensor,
    prepare: Preparation,
    sides: Sequence[int],
    compute: Callable[[Look], tf.Tensor],
    shape: Sequence[int],
    *,
    middles: Sequence[int] = (),
    otherwise: float | None = None,
    called: str = "image_bytes",
) -> tf.Tensor:
    """`compute` of each image at the Q in `sides`, float32 [N, *shape].

    Args:
        image_bytes: string [N].
        prepare: how they are decoded and rescaled.
        sides: the Q.
        compute: from what the nets see of an image to float32 of `shape`.
        shape: of one result.
        middles: the Q at which box nets look.
        otherwise: what an image that cannot be used gets; None refuses the request.
        called: what the request calls them.

    Raises:
        tf.errors.InvalidArgumentError: `image_bytes[3]: ...` where an image cannot be used. Of AT_A_TIME
            images all are decoded, and all bad ones named, before the first forward pass.
    """

    def some(start, results):
        prepared = prepare(image_bytes[start : start + AT_A_TIME], sides, middles)
        checks = [] if otherwise is not None else [check(prepared, prepare.head, start, called)]
        with tf.control_dependencies(checks):
            found = _computed(prepared, compute, shape, float("nan") if otherwise is None else otherwise)
        return start + AT_A_TIME, tf.concat([results, found], 0)

    count = tf.shape(image_bytes)[0]
    _, results = tf.while_loop(
        lambda start, _: start < count,
        some,
        (0, tf.zeros([0, *shape])),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, *shape])),
        parallel_iterations=1,
    )
    return results


def check(
    prepared: Prepared, head: Head, first: tf.Tensor | int = 0, called: str = "image_bytes"
) -> tf.Operation:
    """Fails with a message that names each image that cannot be used, `first` being the first one's index."""
    bad = tf.reshape(tf.where(prepared.outcomes != DECODED), [-1])
    index = tf.strings.as_string(tf.cast(bad, tf.int32) + first)
    reasons = _reasons(tf.gather(prepared.outcomes, bad), tf.gather(prepared.sizes, bad), head)
    lines = tf.strings.join([f"{called}[", index, "]: ", reasons])
    return tf.debugging.Assert(tf.size(bad) == 0, [tf.strings.reduce_join(lines, separator="; ")])


def _reasons(outcomes: tf.Tensor, sizes: tf.Tensor, head: Head) -> tf.Tensor:
    height, width = tf.unstack(tf.strings.as_string(sizes), axis=1)
    size = tf.strings.join([width, " x ", height, " pixels"])
    too_large = tf.strings.join([size, f"; expected at most {head.most_pixels} in all"])
    too_many = tf.strings.join([size, f"; more scans than {MOST_SCANS} of {head.most_pixels} pixels"])
    reasons = tf.fill(tf.shape(outcomes), "not a JPEG or PNG image that can be decoded")
    reasons = tf.where(outcomes == TOO_LARGE, too_large, reasons)
    return tf.where(outcomes == TOO_MANY_SCANS, too_many, reasons)


def _computed(
    prepared: Prepared, compute: Callable[[Look], tf.Tensor], shape: Sequence[int], otherwise: float
) -> tf.Tensor:
    def one(index):
        return tf.cond(
            prepared.outcomes[index] == DECODED,
            lambda: compute(prepared.look_at(index)),
            lambda: tf.fill(shape, otherwise),
        )

    return tf.map_fn(
        as_written(one),
        tf.range(tf.size(prepared.outcomes)),
        fn_output_signature=tf.TensorSpec(shape, tf.float32),
        parallel_iterations=1,
    )
