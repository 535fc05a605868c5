"""Which images an average is of: each once, from every view, or its name is said."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.scored_views import (
    CLASSES,
    IMAGES,
    NO_FLIP,
    D,
    drawn_scores,
    key_of,
    predictions_of,
    write_scores,
)

from components.datasets.layouts import IMAGENET
from components.evaluation import averaging_on_beam as average_posteriors
from components.evaluation.averager import write_predictions
from components.evaluation.averaging_plan import averaging_plan
from components.evaluation.model_evaluation import local_pipeline
from components.evaluation.posteriors import (
    Labelled,
    ScoredImage,
    parse_image,
    partition_path,
    read_view,
    to_record,
)
from components.evaluation.view import View
from models.errors import InputError
from models.protocols import Method


def test_the_number_of_partitions_changes_nothing(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir(), parts.mkdir()
    wanted = averaging_plan([("d", "D", D)])
    one, several = predictions_of(whole, wanted, partitions=1), predictions_of(parts, wanted, partitions=5)
    assert one.keys() == several.keys()
    for key, row in one.items():
        for name in row:
            np.testing.assert_array_equal(row[name], several[key][name])


def test_an_image_missing_from_every_view_is_counted(tmp_path):
    with pytest.raises(InputError, match="22 of 23 images of the split have a prediction"):
        predictions_of(tmp_path, averaging_plan([("d", "D", D)]), leave_out=7)


def test_an_image_missing_from_one_view_is_named(tmp_path):
    wanted = averaging_plan([("d", "D", D)])
    folders = {
        view: write_scores(tmp_path, view, 2, leave_out=7 if view.shorter_side == 384 else None)
        for view in wanted.views
    }
    with pytest.raises(InputError, match=r"22 of 23 .*without all posteriors: 7\.jpg"):
        write_predictions(local_pipeline(), folders, wanted, str(tmp_path / "predictions"), IMAGES)


def test_an_image_that_does_not_decode_is_named(tmp_path):
    wanted = averaging_plan([("d", "D", NO_FLIP)])
    folders = {view: write_scores(tmp_path, view, 1) for view in wanted.views}
    for folder in folders.values():
        labelled = Labelled(b"k" * 16, "broken.jpg", 0)
        uniform = np.full(CLASSES, 1 / CLASSES, np.float32)
        with tf.io.TFRecordWriter(f"{partition_path(folder, 0)}-00001") as writer:
            writer.write(to_record(ScoredImage(labelled, "a class", False, uniform, uniform)))
    predictions = str(tmp_path / "predictions")
    (line,) = write_predictions(local_pipeline(), folders, wanted, predictions, IMAGES + 1)
    assert line == "1 of 24 images do not decode and count as errors: broken.jpg"


def test_records_that_are_alike_count_each(tmp_path):
    """Two copies of one photograph in a split are two images."""
    wanted = averaging_plan([("d", "D", NO_FLIP)])
    folders = {view: write_scores(tmp_path, view, 1) for view in wanted.views}
    for view, folder in folders.items():
        copy = to_record(
            ScoredImage(Labelled(key_of(0), "0.jpg", 0), "a class", True, *drawn_scores(view)[0])
        )
        with tf.io.TFRecordWriter(f"{partition_path(folder, 0)}-00001") as writer:
            writer.write(copy)
    write_predictions(local_pipeline(), folders, wanted, str(tmp_path / "predictions"), IMAGES + 1)


def test_a_view_describes_itself(tmp_path):
    view = View("E-256-512", Method.MULTI_CROP, 384)
    assert read_view(write_scores(tmp_path, view, 1)) == view


def test_partitions_bound_the_memory_of_imagenet():
    """50,000 images, 1000 classes, two posteriors of 4 bytes: 400 MB a view, in parts of 32 MiB."""
    assert average_posteriors.partitions(50_000, 1000) == 12
    assert average_posteriors.partitions(200, 5) == 1


def test_the_key_is_of_the_whole_record():
    def record(name: bytes) -> bytes:
        feature = {
            "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"pixels"])),
            "image/filename": tf.train.Feature(bytes_list=tf.train.BytesList(value=[name])),
            "image/class/label": tf.train.Feature(int64_list=tf.train.Int64List(value=[3])),
        }
        features = tf.train.Features(feature=feature)
        return tf.train.Example(features=features).SerializeToString(deterministic=True)

    (first, encoded), (second, _) = (parse_image(record(name), IMAGENET) for name in (b"a", b"b"))
    assert first.key != second.key
    assert (first.name, first.label, encoded) == ("a", 2, b"pixels")
