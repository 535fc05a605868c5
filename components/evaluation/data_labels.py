"""The label space of data as its records say it, and which label of a model each of its labels is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from components.datasets.layouts import Layout, layout_of
from components.datasets.record_framing import GZIP, compression_of
from models.as_written import as_written
from models.errors import InputError
from models.label_space import Correspondence, LabelSpace, compare, most_frequent
from models.untuned import elements
from serving.saved_model.description import describe

AT_ONCE = 256  # records: of ImageNet's, 28 MB


@dataclass(frozen=True)
class DataLabels:
    """What one pass over a split's records tells.

    Attributes:
        layout: of the records.
        classes: by label, 0..; a class without images has no name.
        images: how many records there are.
        where: begins the line of an error, such as "data folder /data".
    """

    layout: Layout
    classes: LabelSpace
    images: int
    where: str


def read_labels(files: Sequence[str], where: str) -> DataLabels:
    """Reads labels, names and synsets of TFRecords; no picture is decoded or copied into Python.

    Args:
        files: their paths; plain or gzipped.
        where: see DataLabels.

    Raises:
        InputError: no record, or one of an unknown layout.
    """
    records = _records(files)
    first = next(elements(records.take(1)), None)
    if first is None:
        raise InputError(f"{where}: no image; expected TFRecords of at least one; write the data again")
    layout = layout_of(tf.train.Example.FromString(first).features.feature, where)
    spec = {layout.label: tf.io.VarLenFeature(tf.int64)}
    spec |= {key: tf.io.VarLenFeature(tf.string) for key in layout.optional}

    def parse(batch):
        parsed = tf.io.parse_example(batch, spec)
        none = tf.fill([tf.size(batch), 1], tf.constant(layout.first_label - 1, tf.int64))
        label = tf.concat([tf.sparse.to_dense(parsed[layout.label], default_value=none[0, 0]), none], axis=1)
        texts = [_text(parsed, key, tf.size(batch)) for key in (layout.class_text, layout.synset)]
        return label[:, 0] - layout.first_label, *texts

    found, images = Counter(), 0
    for batch in elements(records.batch(AT_ONCE).map(as_written(parse), num_parallel_calls=2)):
        labels, names, synsets = (column.tolist() for column in batch)
        found.update(zip(labels, names, synsets, strict=True))
        images += len(labels)
    named = {
        (label, name.decode(errors="replace"), synset.decode(errors="replace")): count
        for (label, name, synset), count in found.items()
        if label >= 0  # an image without a class is named where it is scored
    }
    return DataLabels(layout, most_frequent(named), images, where)


def labels_for(model: str, data: DataLabels) -> Correspondence:
    """Which label of a model each label of the data is.

    Raises:
        InputError: the data have a class that the model has not.
    """
    return compare(
        describe(model)[1].label_space,
        data.classes,
        what=f"{data.where}, model {model}",
        do="evaluate the model on data of its own classes, in any order",
    )


def _records(files: Sequence[str]) -> tf.data.Dataset:
    plain, gzipped = ([file for file in files if compression_of(file) == kind] for kind in ("", GZIP))
    return tf.data.TFRecordDataset(plain).concatenate(tf.data.TFRecordDataset(gzipped, GZIP))


def _text(parsed: dict, key: str | None, count: tf.Tensor) -> tf.Tensor:
    """string [N], the first value of a key, empty where there is none."""
    if key is None:
        return tf.fill([count], "")
    return tf.strings.reduce_join(tf.sparse.to_dense(parsed[key], default_value="")[:, :1], axis=1)
