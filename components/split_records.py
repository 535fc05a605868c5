"""Reads the TFRecords of one split of an Examples artifact."""

import os
from collections.abc import Iterator

import tensorflow as tf

from models.untuned import elements


def records_in(folder: str) -> Iterator[bytes]:
    """The records of all files in a split's folder, which are gzipped where their names end in .gz.

    A link to a file that is gone is passed over: data that are read where they lie may have been moved since.
    """
    for file in sorted(tf.io.gfile.glob(os.path.join(folder, "*"))):
        if tf.io.gfile.exists(file):
            compression = "GZIP" if file.endswith(".gz") else ""
            yield from elements(tf.data.TFRecordDataset(file, compression))
