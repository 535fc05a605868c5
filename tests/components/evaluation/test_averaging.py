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
from models.label_space import LabelSpace
from models.protocols import Method, Protocol

IMAGES, CLASSES = 23, 4
NAMES = ("ant", "bee", "cat", "dog")
ORDER = (2, 0, 3, 1)  # another net's class k is NAMES[ORDER[k]]
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


def _write(
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
    scores = _scores(view)
    for image in images:
        if image != leave_out:
            label = list(order).index(int(image % CLASSES))
            labelled = Labelled(_key(image), f"{image}.jpg", label)
            posterior = ScoredImage(labelled, names[label], True, *scores[image][:, list(order)])
            writers[partition_of(_key(image), partitions)].write(to_record(posterior))
    for writer in writers:
        writer.close()
    write_view(str(path), view, partitions, LabelSpace(tuple(names)), trusted=trusted)
    return str(path)


def _predict(folder, wanted, partitions: int = 3, **changes) -> dict[bytes, dict[str, np.ndarray]]:
    folders = {view: _write(folder, view, partitions, **changes) for view in wanted.views}
    write_predictions(local_pipeline(), folders, wanted, str(folder / "predictions"), IMAGES)
    return _read(folder / "predictions")


def _records(folder) -> list:
    files = [str(file) for file in folder.glob("*")]
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    return [tf.train.Example.FromString(record).features.feature for record in records]


def _read(folder) -> dict[bytes, dict[str, np.ndarray]]:
    found = {}
    for feature in _records(folder):
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


FUSION = averaging_plan(
    [(name, net, Evaluation((224, 256))) for name, net in (("first", "D"), ("second", "E"))]
)


def _folders(folder, names, order=ORDER, **changes) -> dict[View, str]:
    """Net D in the order of NAMES, net E in another one."""
    others = {"names": names, "order": order, **changes}
    return {view: _write(folder, view, 2, **(others if view.weights == "E" else {})) for view in FUSION.views}


def test_a_net_with_its_classes_in_another_order_is_brought_into_the_firsts(tmp_path):
    (tmp_path / "plain").mkdir(), (tmp_path / "mixed").mkdir()
    plain = _predict(tmp_path / "plain", FUSION)
    folders = _folders(tmp_path / "mixed", [f" {NAMES[label]}" for label in ORDER])  # D's names are shown
    said = write_predictions(local_pipeline(), folders, FUSION, str(tmp_path / "predictions"), IMAGES)
    found = _read(tmp_path / "predictions")
    assert said == []
    assert found.keys() == plain.keys()
    for key, row in plain.items():
        for name in ("first", "second", AVERAGE):
            np.testing.assert_allclose(found[key][name], row[name], atol=1e-7)
    for record in _records(tmp_path / "predictions"):
        label = record["label"].int64_list.value[0]
        assert int(record["name"].bytes_list.value[0].decode().removesuffix(".jpg")) % CLASSES == label
        assert record["class"].bytes_list.value[0].decode() == NAMES[label]


def test_a_net_of_another_class_is_refused(tmp_path):
    folders = _folders(tmp_path, ("cat", "ant", "dog", "yak"))
    line = "net E: class 3, counted from 0, is 'yak', D's is 'dog'; only nets of the same classes"
    with pytest.raises(InputError, match=line):
        write_predictions(local_pipeline(), folders, FUSION, str(tmp_path / "predictions"), IMAGES)


def test_nets_that_give_an_image_different_classes_are_refused(tmp_path):
    """One names its classes and was matched with the data, one does not and was taken on trust."""
    folders = _folders(tmp_path, [""] * CLASSES, trusted=True)
    with pytest.raises(Exception, match=r"class \d of one net, \d of E; expected the same one"):
        write_predictions(local_pipeline(), folders, FUSION, str(tmp_path / "predictions"), IMAGES)


def test_what_is_taken_on_trust_is_said(tmp_path):
    folders = _folders(tmp_path, [""] * CLASSES, order=range(CLASSES), trusted=True)
    said = write_predictions(local_pipeline(), folders, FUSION, str(tmp_path / "predictions"), IMAGES)
    assert said == ["E: the net or the data name no classes; that both number them alike is taken on trust"]


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
