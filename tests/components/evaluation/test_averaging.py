"""Averages on Beam against a NumPy reference, any partition, and the proof of the denominator."""

import zlib

import numpy as np
import pytest
import tensorflow as tf

from components.datasets.layouts import IMAGENET
from components.evaluation import averaging_on_beam as average_posteriors
from components.evaluation.averager import write_predictions
from components.evaluation.averaging_plan import AVERAGE, averaging_plan
from components.evaluation.model_evaluation import local_pipeline
from components.evaluation.posteriors import (
    Labelled,
    ScoredImage,
    parse_image,
    partition_of,
    partition_path,
    read_view,
    to_record,
    write_view,
)
from components.evaluation.view import View
from components.recipe import Evaluation
from models.errors import InputError
from models.protocols import Method, Protocol

IMAGES, CLASSES = 23, 4
D = Evaluation((256, 384, 512))
BOTH = Evaluation((256, 384), protocol=Protocol.MULTI_CROP_DENSE)
NO_FLIP = Evaluation((224, 256), flip=False)


def _scores(view: View) -> np.ndarray:
    """[IMAGES, plain or flipped, CLASSES]: random posteriors."""
    # Not hash(): Python's differs from process to process.
    generator = np.random.default_rng(zlib.crc32(view.name.encode()))
    return generator.dirichlet(np.ones(CLASSES), (IMAGES, 2)).astype(np.float32)


def _key(image: int) -> bytes:
    return bytes([image * 11 % 256] * 16)


def _write(folder, view: View, partitions: int, leave_out: int | None = None) -> str:
    """As a Scorer writes them; images in another order in each view."""
    path = folder / view.name
    path.mkdir()
    order = np.random.default_rng(view.shorter_side).permutation(IMAGES)
    writers = [tf.io.TFRecordWriter(f"{partition_path(str(path), n)}-00000") for n in range(partitions)]
    scores = _scores(view)
    for image in order:
        if image != leave_out:
            labelled = Labelled(_key(image), f"{image}.jpg", int(image % CLASSES))
            posterior = ScoredImage(labelled, "a class", True, *scores[image])
            writers[partition_of(_key(image), partitions)].write(to_record(posterior))
    for writer in writers:
        writer.close()
    write_view(str(path), view, partitions)
    return str(path)


def _predict(folder, wanted, partitions: int = 3, **changes) -> dict[bytes, dict[str, np.ndarray]]:
    folders = {view: _write(folder, view, partitions, **changes) for view in wanted.views}
    write_predictions(local_pipeline(), folders, wanted, str(folder / "predictions"), IMAGES)
    return _read(folder / "predictions")


def _read(folder) -> dict[bytes, dict[str, np.ndarray]]:
    found = {}
    for record in tf.data.TFRecordDataset([str(f) for f in folder.glob("*")], "GZIP").as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        floats = {name: np.array(f.float_list.value) for name, f in feature.items() if f.float_list.value}
        found[feature["key"].bytes_list.value[0]] = floats
    return found


def test_multi_scale_and_flips_against_numpy(tmp_path):
    found = _predict(tmp_path, averaging_plan([("d", "D", D)]))
    assert len(found) == IMAGES
    for image in range(IMAGES):
        by_scale = [_scores(View("D", Method.DENSE, q))[image].mean(axis=0) for q in (256, 384, 512)]
        for q, expected in zip((256, 384, 512), by_scale, strict=True):
            np.testing.assert_allclose(found[_key(image)][f"Q{q}"], expected, atol=1e-6)
        np.testing.assert_allclose(found[_key(image)][AVERAGE], np.mean(by_scale, axis=0), atol=1e-6)


def test_multi_crop_and_dense_against_numpy(tmp_path):
    found = _predict(tmp_path, averaging_plan([("d", "D", BOTH)]))
    for image in range(IMAGES):
        one = {
            (method, q): _scores(View("D", method, q))[image].mean(axis=0)
            for method in (Method.MULTI_CROP, Method.DENSE)
            for q in (256, 384)
        }
        dense = (one[Method.DENSE, 256] + one[Method.DENSE, 384]) / 2
        crops = (one[Method.MULTI_CROP, 256] + one[Method.MULTI_CROP, 384]) / 2
        at_256 = (one[Method.DENSE, 256] + one[Method.MULTI_CROP, 256]) / 2
        row = found[_key(image)]
        np.testing.assert_allclose(row["dense"], dense, atol=1e-6)
        np.testing.assert_allclose(row["multi-crop"], crops, atol=1e-6)
        np.testing.assert_allclose(row["Q256"], at_256, atol=1e-6)
        np.testing.assert_allclose(row[AVERAGE], (dense + crops) / 2, atol=1e-6)


def test_fusion_weighs_nets_and_not_their_views(tmp_path):
    """Three Q with flips of one net and two without of the other: each net counts half."""
    found = _predict(tmp_path, averaging_plan([("first", "D", D), ("second", "E", NO_FLIP)]))
    for image in range(IMAGES):
        first = np.mean([_scores(View("D", Method.DENSE, q))[image] for q in (256, 384, 512)], axis=(0, 1))
        second = np.mean([_scores(View("E", Method.DENSE, q))[image][0] for q in (224, 256)], axis=0)
        row = found[_key(image)]
        np.testing.assert_allclose(row["first"], first, atol=1e-6)
        np.testing.assert_allclose(row["second"], second, atol=1e-6)
        np.testing.assert_allclose(row[AVERAGE], (first + second) / 2, atol=1e-6)


def test_the_number_of_partitions_changes_nothing(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir(), parts.mkdir()
    wanted = averaging_plan([("d", "D", D)])
    one, several = _predict(whole, wanted, partitions=1), _predict(parts, wanted, partitions=5)
    assert one.keys() == several.keys()
    for key, row in one.items():
        for name in row:
            np.testing.assert_array_equal(row[name], several[key][name])


def test_an_image_missing_from_every_view_is_counted(tmp_path):
    with pytest.raises(InputError, match="22 of 23 images of the split have a prediction"):
        _predict(tmp_path, averaging_plan([("d", "D", D)]), leave_out=7)


def test_an_image_missing_from_one_view_is_named(tmp_path):
    wanted = averaging_plan([("d", "D", D)])
    folders = {
        view: _write(tmp_path, view, 2, leave_out=7 if view.shorter_side == 384 else None)
        for view in wanted.views
    }
    with pytest.raises(InputError, match=r"22 of 23 .*without all posteriors: 7\.jpg"):
        write_predictions(local_pipeline(), folders, wanted, str(tmp_path / "predictions"), IMAGES)


def test_an_image_that_does_not_decode_is_named(tmp_path):
    wanted = averaging_plan([("d", "D", NO_FLIP)])
    folders = {view: _write(tmp_path, view, 1) for view in wanted.views}
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
    folders = {view: _write(tmp_path, view, 1) for view in wanted.views}
    for view, folder in folders.items():
        copy = to_record(ScoredImage(Labelled(_key(0), "0.jpg", 0), "a class", True, *_scores(view)[0]))
        with tf.io.TFRecordWriter(f"{partition_path(folder, 0)}-00001") as writer:
            writer.write(copy)
    write_predictions(local_pipeline(), folders, wanted, str(tmp_path / "predictions"), IMAGES + 1)


def test_a_view_describes_itself(tmp_path):
    view = View("E-256-512", Method.MULTI_CROP, 384)
    assert read_view(_write(tmp_path, view, 1)) == view


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
