"""Warm-up requests that a model brings along, in TensorFlow Serving's own file."""

import re
import shutil
from collections.abc import Callable
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


def write_counter(path: Path) -> None:
    """A model that counts: Classify adds 1, Regress 10 for each tf.Example; Predict tells the sum."""
    module = tf.Module()
    module.count = tf.Variable(0.0)

    def adding(step: float, output: str) -> Callable:
        def function(inputs):
            x = tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]
            with tf.control_dependencies([module.count.assign_add(step * tf.cast(tf.size(x), tf.float32))]):
                return {output: tf.identity(x)}

        return tf.function(function, [tf.TensorSpec([None], tf.string, name="inputs")], autograph=False)

    count = tf.function(lambda x: {"y": x + module.count}, [tf.TensorSpec([None], name="x")], autograph=False)
    served = {"classify": adding(1, "scores"), "regress": adding(10, "outputs"), "serving_default": count}
    tf.saved_model.save(module, str(path), served)


def examples_log(kind: str, *signatures: str, feature: str = "x", examples: int = 1):
    """Of a Classify, a Regress or a MultiInference."""
    log = prediction_log_pb2.PredictionLog()
    request = getattr(log, kind).request
    for _ in range(examples):
        request.input.example_list.examples.add().features.feature[feature].float_list.value.append(1)
    for signature in signatures:
        spec = request.tasks.add().model_spec if kind == "multi_inference_log" else request.model_spec
        spec.name, spec.signature_name = "vgg", signature
    return log


@pytest.fixture
def counter(tmp_path) -> Path:
    write_counter(tmp_path / "counter" / "1")
    return tmp_path / "counter"


@pytest.mark.parametrize("times", [1, 3])
def test_each_kind_is_replayed(start, counter, times):
    write(
        counter,
        examples_log("classify_log", "classify", examples=2),
        examples_log("regress_log", "regress"),
        examples_log("multi_inference_log", "classify", "regress", examples=5),
    )
    server = start(counter, num_request_iterations_for_warmup=times)
    assert '"requests": 3' in server.log.getvalue()
    answer = server.rest().post("/v1/models/vgg:predict", json={"instances": [0.0]})
    assert answer.json() == {"predictions": [times * (2 * 1 + 1 * 10 + 5 * (1 + 10))]}


@pytest.mark.parametrize(
    ("kind", "signatures"),
    [
        ("classify_log", ["classify"]),
        ("regress_log", ["regress"]),
        ("multi_inference_log", ["classify", "regress"]),
    ],
)
def test_one_of_each_kind_that_has_no_answer_is_named(counter, kind, signatures):
    write(counter, examples_log(kind, *signatures), examples_log(kind, *signatures, feature="y"))
    with pytest.raises(InputError, match="1 cannot be loaded: warm-up request 2: .*x"):
        RunningServer(counter).__enter__()
    write(counter, examples_log(kind, *signatures[:-1], "none"))
    with pytest.raises(InputError, match="warm-up request 1: .*no signature 'none'"):
        RunningServer(counter).__enter__()


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
