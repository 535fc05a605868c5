"""Warm-up requests that a model brings along, in TensorFlow Serving's own file."""

import re
import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from helpers.serving.running_server import RunningServer, picture, predict_request
from tensorflow_serving.apis import prediction_log_pb2

from models.errors import InputError
from serving.server.versions import warm_up


def write(base: Path, *logs: prediction_log_pb2.PredictionLog) -> None:
    file = base / "1" / warm_up.WARM_UP
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


def predict_log(*images: bytes, signature: str = "") -> prediction_log_pb2.PredictionLog:
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(predict_request(images, signature))
    return log


def test_they_are_answered_before_anyone_elses(start, base_path):
    write(base_path, predict_log(picture(1)), predict_log(picture(2), picture(3), signature="single_scale"))
    assert '"requests": 2' in start().log.getvalue()


@pytest.mark.slow
def test_an_exported_models_own_are_answered(start, exported, exported_base_path):
    shutil.copy(exported.with_name("warm-up"), exported_base_path / "1" / warm_up.WARM_UP)
    requests = int(
        re.search(r'"version_warm".*"requests": (\d+)', start(exported_base_path).log.getvalue())[1]
    )
    assert requests > 1


def test_a_version_that_cannot_answer_them_is_not_served(base_path):
    write(base_path, predict_log(picture(1)), predict_log(b"no image"))
    with pytest.raises(InputError, match=r"1 cannot be loaded: warm-up request 2: image_bytes\[0\]: "):
        RunningServer(base_path).__enter__()


def test_another_kind_of_log_is_refused(base_path):
    log = prediction_log_pb2.PredictionLog()
    log.session_run_log.request.model_spec.name = "vgg"
    write(base_path, log)
    with pytest.raises(
        InputError, match="warm-up request 1: is a session_run_log; expected one of Predict, "
    ):
        RunningServer(base_path).__enter__()


def test_more_than_tensorflow_serving_takes_are_refused(base_path, monkeypatch):
    monkeypatch.setattr(warm_up, "MOST", 2)
    write(base_path, *[predict_log(picture(1))] * 3)
    with pytest.raises(InputError, match="more than 2 requests"):
        RunningServer(base_path).__enter__()


def test_a_file_that_is_cut_off_is_named(base_path):
    write(base_path, predict_log(picture(1)))
    file = base_path / "1" / warm_up.WARM_UP
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(InputError, match="1 cannot be loaded: truncated record"):
        RunningServer(base_path).__enter__()
