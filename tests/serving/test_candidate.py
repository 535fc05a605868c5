"""Only a model that a real server serves, and answers with as the model itself does, may be pushed."""

import shutil
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.serving.model_server import VERSION, picture

from serving.candidate import check_boxes, check_candidate, check_posteriors, in_process
from serving.model_server import TF_SERVING, ModelServer, NotServable, server_command


@pytest.fixture
def model(pushed) -> Path:
    return pushed / str(VERSION)


@pytest.fixture
def broken(model, tmp_path) -> Path:
    """The same without its weights."""
    copy = tmp_path / "broken"
    shutil.copytree(model, copy)
    shutil.rmtree(copy / "variables")
    return copy


@pytest.mark.slow
def test_a_good_model_passes(model):
    check_candidate(str(model), [picture(1), picture(2, 64, 200, "PNG")], loads_within=120)


@pytest.mark.slow
def test_a_model_that_does_not_load_says_so(broken):
    with pytest.raises(NotServable, match="variables"):
        check_candidate(str(broken), [picture(1)], loads_within=120)


@pytest.mark.slow
def test_a_photograph_that_the_server_refuses_is_named(model):
    with pytest.raises(NotServable, match=r"INVALID_ARGUMENT: .*image_bytes\[1\]"):
        check_candidate(str(model), [picture(1), b"no photograph"], loads_within=120)


def test_a_server_that_ends_says_with_what(tmp_path):
    program = [sys.executable, "-c", "import sys; sys.exit('no memory left')"]
    with (
        pytest.raises(NotServable, match="ended with status 1: no memory left"),
        ModelServer(str(tmp_path), loads_within=60, command=program),
    ):
        pass


def test_a_server_that_never_serves_is_ended(tmp_path):
    program = [sys.executable, "-c", "import time; time.sleep(600)"]
    server = ModelServer(str(tmp_path), loads_within=1, command=program)
    with pytest.raises(NotServable, match="not loaded within 1 s: it wrote nothing"), server:
        pass
    assert server._process.poll() is not None


def test_the_model_in_this_process_that_does_not_load_is_no_traceback(broken):
    with pytest.raises(NotServable, match="does not run in this process"):
        in_process(str(broken), [picture(1)])


@pytest.mark.parametrize(
    ("served", "message"),
    [
        ([[0.5, 0.5]], r"shape \(1, 2\), the model itself gives \(2, 2\)"),
        ([[0.5, 0.5], [np.nan, 0.5]], "photograph 1: posteriors that are not finite"),
        ([[0.5, 0.5], [0.7, 0.5]], "photograph 1: posteriors that sum to 1.200000"),
        ([[0.4999, 0.5001], [0.25, 0.75]], "photograph 0: a posterior 0.0001 from"),
    ],
)
def test_wrong_posteriors_are_named(served, message):
    expected = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    with pytest.raises(NotServable, match=message):
        check_posteriors(np.array(served, np.float32), expected)
    check_posteriors(expected + np.float32(4e-6) * np.array([1, -1], np.float32), expected)


def _located(**changes) -> dict[str, np.ndarray]:
    """What `localise` answers of a photograph of 40 x 20 pixels, with two classes."""
    answer = {
        "probabilities": np.array([[0.75, 0.25]], np.float32),
        "boxes": np.array([[[0, 0, 40, 20], [3, 4, 5, 6]]], np.float32),
        "box_scores": np.array([[0.9, 0.0]], np.float32),
        "image_sizes": np.array([[40, 20]], np.int32),
    }
    return {**answer, **{name: np.array(value, np.float32) for name, value in changes.items()}}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"probabilities": [[0.7, 0.3]]}, "a posterior 0.05 from what serving_default gives"),
        ({"boxes": [[[0, 0, 20, 40], [3, 4, 5, 6]]]}, "photograph 0: boxes .* of one of 40 x 20 pixels"),
        ({"boxes": [[[0, 0, 40, 20], [5, 4, 3, 6]]]}, "photograph 0: boxes"),
        ({"boxes": [[[0, 0, 40, np.nan], [3, 4, 5, 6]]]}, "photograph 0: boxes"),
        ({"box_scores": [[np.inf, 0]]}, "photograph 0: boxes with scores"),
    ],
)
def test_wrong_boxes_are_named(wrong, message):
    posteriors = np.array([[0.75, 0.25]], np.float32)
    check_boxes(_located(), posteriors)
    with pytest.raises(NotServable, match=message):
        check_boxes(_located(**wrong), posteriors)
    without = {name: value for name, value in _located().items() if name != "boxes"}
    with pytest.raises(NotServable, match="localise has no output boxes"):
        check_boxes(without, posteriors)


def test_tf_serving_is_preferred_where_it_is_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server_command() == [sys.executable, "-m", "serving.server"]
    binary = tmp_path / TF_SERVING
    binary.write_text("#!/bin/sh\n")
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    assert server_command() == [str(binary)]
