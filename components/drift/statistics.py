"""TFDV's statistics of images' features, and where a model carries those of its training images."""

import os
from collections.abc import Iterable

import pandas as pd
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.drift.features import Features, as_columns
from models.errors import InputError

FILE = os.path.join("assets.extra", "training_inputs.pb")
BUCKETS = 20
"""Of a number's histogram: TFDV compares these, and its own ten are coarse where a few values lie far out."""

Statistics = statistics_pb2.DatasetFeatureStatisticsList


def statistics_of(rows: Iterable[Features]) -> Statistics:
    """TFDV's, of at least one image.

    Raises:
        InputError: there is none.
    """
    table = pd.DataFrame(as_columns(rows))
    if not len(table):
        raise InputError("images to compare: none that decodes; expected at least one")
    options = tfdv.StatsOptions(num_histogram_buckets=BUCKETS)
    return tfdv.generate_statistics_from_dataframe(table, options, n_jobs=1)


def images_in(statistics: Statistics) -> int:
    """How many images they are of."""
    return int(statistics.datasets[0].num_examples)


def write_statistics(statistics: Statistics, model: str) -> None:
    """Puts them into the SavedModel in folder `model`."""
    path = os.path.join(model, FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(statistics.SerializeToString(deterministic=True))


def read_statistics(model: str) -> Statistics:
    """Those of the images that a model was trained on.

    Raises:
        InputError: it has none.
    """
    path = os.path.join(model, FILE)
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            return Statistics.FromString(file.read())
    except tf.errors.NotFoundError:
        raise InputError(
            f"model {model}: no {FILE} in it; expected a model that a run of this version exported: imported "
            "ones know nothing of the images that they were trained on, older ones did not keep it"
        ) from None
