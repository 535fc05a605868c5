"""Averages on Beam against a NumPy reference, any partition, and the proof of the denominator."""

import numpy as np
import pytest
from helpers.scored_views import (
    CLASSES,
    IMAGES,
    NAMES,
    NO_FLIP,
    D,
    drawn_scores,
    key_of,
    predictions_of,
    read_predictions,
    records_in,
    write_scores,
)

from components.evaluation.averager import write_predictions
from components.evaluation.averaging_plan import AVERAGE, averaging_plan
from components.evaluation.model_evaluation import local_pipeline
from components.evaluation.view import View
from components.recipe import Evaluation
from models.errors import InputError
from models.protocols import Method, Protocol

ORDER = (2, 0, 3, 1)  # another net's class k is NAMES[ORDER[k]]
BOTH = Evaluation((256, 384), protocol=Protocol.MULTI_CROP_DENSE)


def test_multi_scale_and_flips_against_numpy(tmp_path):
    found = predictions_of(tmp_path, averaging_plan([("d", "D", D)]))
    assert len(found) == IMAGES
    for image in range(IMAGES):
        by_scale = [drawn_scores(View("D", Method.DENSE, q))[image].mean(axis=0) for q in (256, 384, 512)]
        for q, expected in zip((256, 384, 512), by_scale, strict=True):
            np.testing.assert_allclose(found[key_of(image)][f"Q{q}"], expected, atol=1e-6)
        np.testing.assert_allclose(found[key_of(image)][AVERAGE], np.mean(by_scale, axis=0), atol=1e-6)


def test_multi_crop_and_dense_against_numpy(tmp_path):
    found = predictions_of(tmp_path, averaging_plan([("d", "D", BOTH)]))
    for image in range(IMAGES):
        one = {
            (method, q): drawn_scores(View("D", method, q))[image].mean(axis=0)
            for method in (Method.MULTI_CROP, Method.DENSE)
            for q in (256, 384)
        }
        dense = (one[Method.DENSE, 256] + one[Method.DENSE, 384]) / 2
        crops = (one[Method.MULTI_CROP, 256] + one[Method.MULTI_CROP, 384]) / 2
        at_256 = (one[Method.DENSE, 256] + one[Method.MULTI_CROP, 256]) / 2
        row = found[key_of(image)]
        np.testing.assert_allclose(row["dense"], dense, atol=1e-6)
        np.testing.assert_allclose(row["multi-crop"], crops, atol=1e-6)
        np.testing.assert_allclose(row["Q256"], at_256, atol=1e-6)
        np.testing.assert_allclose(row[AVERAGE], (dense + crops) / 2, atol=1e-6)


def test_fusion_weighs_nets_and_not_their_views(tmp_path):
    """Three Q with flips of one net and two without of the other: each net counts half."""
    found = predictions_of(tmp_path, averaging_plan([("first", "D", D), ("second", "E", NO_FLIP)]))
    for image in range(IMAGES):
        first = np.mean(
            [drawn_scores(View("D", Method.DENSE, q))[image] for q in (256, 384, 512)], axis=(0, 1)
        )
        second = np.mean([drawn_scores(View("E", Method.DENSE, q))[image][0] for q in (224, 256)], axis=0)
        row = found[key_of(image)]
        np.testing.assert_allclose(row["first"], first, atol=1e-6)
        np.testing.assert_allclose(row["second"], second, atol=1e-6)
        np.testing.assert_allclose(row[AVERAGE], (first + second) / 2, atol=1e-6)


FUSION = averaging_plan(
    [(name, net, Evaluation((224, 256))) for name, net in (("first", "D"), ("second", "E"))]
)


def _folders(folder, names, order=ORDER, **changes) -> dict[View, str]:
    """Net D in the order of NAMES, net E in another one."""
    others = {"names": names, "order": order, **changes}
    return {
        view: write_scores(folder, view, 2, **(others if view.weights == "E" else {}))
        for view in FUSION.views
    }


def test_a_net_with_its_classes_in_another_order_is_brought_into_the_firsts(tmp_path):
    (tmp_path / "plain").mkdir(), (tmp_path / "mixed").mkdir()
    plain = predictions_of(tmp_path / "plain", FUSION)
    folders = _folders(tmp_path / "mixed", [f" {NAMES[label]}" for label in ORDER])  # D's names are shown
    said = write_predictions(local_pipeline(), folders, FUSION, str(tmp_path / "predictions"), IMAGES)
    found = read_predictions(tmp_path / "predictions")
    assert said == []
    assert found.keys() == plain.keys()
    for key, row in plain.items():
        for name in ("first", "second", AVERAGE):
            np.testing.assert_allclose(found[key][name], row[name], atol=1e-7)
    for record in records_in(tmp_path / "predictions"):
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
