"""Scores of a net's views, drawn from a seed, as the Scorer leaves them, and their averages."""

import zlib

import numpy as np
import tensorflow as tf

from components.evaluation.averager import write_predictions
from components.evaluation.model_evaluation import local_pipeline
from components.evaluation.posteriors import (
    Labelled,
    ScoredImage,
    partition_of,
    partition_path,
    to_record,
    write_view,
)
from components.evaluation.view import View
from components.recipe import Evaluation
from models.label_space import LabelSpace

IMAGES, CLASSES = 23, 4
NAMES = ("ant", "bee", "cat", "dog")
D = Evaluation((256, 384, 512))
NO_FLIP = Evaluation((224, 256), flip=False)


def drawn_scores(view: View) -> np.ndarray:
    """[IMAGES, plain or flipped, CLASSES]: random posteriors."""
    # Not hash(): Python's differs from process to process.
    generator = np.random.default_rng(zlib.crc32(view.name.encode()))
    return generator.dirichlet(np.ones(CLASSES), (IMAGES, 2)).astype(np.float32)


def key_of(image: int) -> bytes:
    return bytes([image * 11 % 256] * 16)


def write_scores(
    folder,
    view: View,
    partitions: int,
    leave_out: int | None = None,
    names=NAMES,
    order=range(CLASSES),
    trusted=False,
) -> str:
    """As a Scorer writes them; images in another order in each view."""
    path = folder / view.name
    path.mkdir()
    images = np.random.default_rng(view.shorter_side).permutation(IMAGES)
    writers = [tf.io.TFRecordWriter(f"{partition_path(str(path), n)}-00000") for n in range(partitions)]
    scores = drawn_scores(view)
    for image in images:
        if image != leave_out:
            label = list(order).index(int(image % CLASSES))
            labelled = Labelled(key_of(image), f"{image}.jpg", label)
            posterior = ScoredImage(labelled, names[label], True, *scores[image][:, list(order)])
            writers[partition_of(key_of(image), partitions)].write(to_record(posterior))
    for writer in writers:
        writer.close()
    write_view(str(path), view, partitions, LabelSpace(tuple(names)), trusted=trusted)
    return str(path)


def predictions_of(folder, wanted, partitions: int = 3, **changes) -> dict[bytes, dict[str, np.ndarray]]:
    folders = {view: write_scores(folder, view, partitions, **changes) for view in wanted.views}
    write_predictions(local_pipeline(), folders, wanted, str(folder / "predictions"), IMAGES)
    return read_predictions(folder / "predictions")


def records_in(folder) -> list:
    files = [str(file) for file in folder.glob("*")]
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    return [tf.train.Example.FromString(record).features.feature for record in records]


def read_predictions(folder) -> dict[bytes, dict[str, np.ndarray]]:
    found = {}
    for feature in records_in(folder):
        floats = {name: np.array(f.float_list.value) for name, f in feature.items() if f.float_list.value}
        found[feature["key"].bytes_list.value[0]] = floats
    return found
