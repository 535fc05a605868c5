"""Reads single records out of TFRecord files, in any order, with tf.data."""

import numpy as np
import tensorflow as tf

from components.datasets.record_index import RecordIndex
from models.as_written import as_written

AT_ONCE = 16  # reads that wait for storage side by side
FRAME = 16  # bytes around a record's data


def records_in_order(index: RecordIndex, order: np.ndarray | tf.Tensor) -> tf.data.Dataset:
    """The records, string scalars, that an index has at the places `order` (int [M]).

    The index stays in NumPy and out of the graph, which TensorFlow copies several times.

    Each is read by itself: 0.2 ms of processor time for 100 kB in memory, as long as reading a file from its
    beginning takes for one.

    Raises (when it is read):
        tf.errors.DataLossError: a record whose checksums do not agree, or which does not lie there any more.
    """
    files = tf.constant(index.files)
    where = tf.numpy_function(
        lambda order: (index.shard[order], index.offset[order], index.length[order]),
        [order],
        [tf.as_dtype(column.dtype) for column in (index.shard, index.offset, index.length)],
    )
    for column in where:
        column.set_shape([None])

    def read(shard, offset, length):
        # The one reader of TensorFlow that begins at an offset has no function of its own in tf.data.
        reader = tf.raw_ops.TFRecordDatasetV2(
            filenames=files[shard][tf.newaxis],
            compression_type="",
            buffer_size=length + FRAME,
            byte_offsets=offset[tf.newaxis],
        )
        records = tf.data.experimental.from_variant(reader, tf.TensorSpec([], tf.string))
        return records.take(1).get_single_element()

    return tf.data.Dataset.from_tensor_slices(tuple(where)).map(
        as_written(read), num_parallel_calls=AT_ONCE, deterministic=True
    )
