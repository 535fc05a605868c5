"""The training images of an Examples artifact, or a sample of them, for the model that is trained on them."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from components.datasets.layouts import TRAIN_SPLIT
from components.drift.features import features_of
from components.drift.statistics import Statistics, statistics_of
from components.ingestion.shard_example_gen import read_index
from components.training.record_reader import records_in_order
from models.label_space import placeholder
from models.untuned import elements
from serving.saved_model.head import Head

MOST = 1000
"""Images, which takes some seconds. How far apart two samples of one distribution are: docs/continuous.md."""


def training_statistics(examples: str, head: Head, *, most: int = MOST, seed: int = 0) -> Statistics:
    """TFDV's statistics of a split's images, of at most so many, which a seed draws.

    Args:
        examples: folder of ShardExampleGen's artifact.
        head: the model's: which keys the records have, and what the classes are called.

    Raises:
        InputError: no image decodes, or the artifact is another component's.
    """
    index = read_index(f"{examples}/Split-{TRAIN_SPLIT}")
    drawn = np.random.default_rng(seed).permutation(len(index))[:most]
    return statistics_of(features_of(_labelled(index, np.sort(drawn), head)))


def _labelled(index, order: np.ndarray, head: Head) -> Iterator[tuple[bytes, str]]:
    names = head.unique_names
    for record in elements(records_in_order(index, order)):
        feature = tf.train.Example.FromString(record).features.feature
        label = feature[head.label_key].int64_list.value[0] - head.first_label
        name = names[label] if 0 <= label < len(names) else placeholder(label)
        yield feature[head.image_key].bytes_list.value[0], name
