"""What TensorFlow Serving's flags do: a server of each."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.running_server import PATIENCE, RunningServer, arrays
from tensorflow_serving.apis import classification_pb2, predict_pb2, prediction_service_pb2_grpc

from models.errors import InputError

TF_SERVING = Path(__file__).parents[4] / "serving" / "tf_serving"


@pytest.fixture
def start(toys) -> Iterator[Callable[..., RunningServer]]:
    """Starts a server of one model, as `net`."""
    with ExitStack() as stack:

        def begin(model: Path | str = "half_plus_two", **options) -> RunningServer:
            return stack.enter_context(RunningServer(toys / model, model_name="net", **options))

        yield begin


def asked(*values: float, signature: str = "", name: str = "x") -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest(model_spec={"name": "net", "signature_name": signature})
    request.inputs[name].CopyFrom(tf.make_tensor_proto(list(values), tf.float32))
    return request


def test_enable_batching_joins_and_splits_any_signature(start):
    request = asked(*[0.0] * 20, signature="rows")
    found = arrays(start("toys").shared_prediction.Predict(request))["count"]
    assert found.tolist() == [20] * 20
    server = start("toys", enable_batching=True)
    assert arrays(server.shared_prediction.Predict(request))["count"].tolist() == [8] * 16 + [4] * 4
    waiting = start("toys", enable_batching=True, batch_timeout_micros=10_000_000, max_batch_size=2)
    both = [waiting.shared_prediction.Predict.future(asked(1.0, signature="rows")) for _ in range(2)]
    assert [arrays(each.result(PATIENCE))["count"].tolist() for each in both] == [[2], [2]]


def test_without_it_requests_that_come_together_are_each_one_run(start):
    server = start("toys", batch_timeout_micros=100_000, num_batch_threads=1)
    several = [server.shared_prediction.Predict.future(asked(1.0, signature="rows")) for _ in range(20)]
    assert {arrays(each.result(PATIENCE))["count"][0] for each in several} == {1}


def test_batching_of_what_is_not_by_rows_answers_whole_requests(start):
    server = start("toys", enable_batching=True, max_batch_size=2)
    made = predict_pb2.PredictRequest(model_spec={"name": "net", "signature_name": "sums"})
    made.inputs["a"].CopyFrom(tf.make_tensor_proto([1.0, 2.0, 3.0]))
    made.inputs["b"].CopyFrom(tf.make_tensor_proto([b"x", b"y", b"z"]))
    found = arrays(server.shared_prediction.Predict(made))
    assert (found["a"].item(), found["b"].tolist()) == (6.0, [b"x", b"y", b"z"])
    found = arrays(server.shared_prediction.Predict(asked(1.0, 2.0, 3.0, signature="nothing")))
    assert found["y"].tolist() == []


def test_the_batching_file_of_tensorflow_serving_is_read(start):
    file = str(TF_SERVING / "batching.config")
    assert start(enable_batching=True, batching_parameters_file=file)
    with pytest.raises(InputError, match="needs --enable_batching"):
        start(batching_parameters_file=file)


FILES = {
    "batching_parameters_file": ("max_batch_size { value: 0 }", "max_batch_size 0"),
    "ssl_config_file": ("nonsense", "no SSLConfig in text form"),
    "monitoring_config_file": ('prometheus_config { enable: true, path: "metrics" }', "begins with /"),
    "tensorflow_session_config_file": ("nonsense: 1", "no ConfigProto in text form"),
}


@pytest.mark.parametrize("flag", FILES)
def test_files_that_cannot_be_used_are_one_clear_line(start, tmp_path, flag):
    text, said = FILES[flag]
    (tmp_path / "file").write_text(text)
    options = {"enable_batching": True} if flag.startswith("batching") else {}
    with pytest.raises(InputError, match=f"--{flag} .*{said}"):
        start(**{flag: str(tmp_path / "file")}, **options)
    with pytest.raises(InputError, match=f"--{flag} .*No such file"):
        start(**{flag: str(tmp_path / "none")}, **options)


def test_the_metrics_are_where_the_file_says(start, tmp_path):
    (tmp_path / "monitoring").write_text('prometheus_config { enable: true, path: "/metrics" }')
    server = start(monitoring_config_file=str(tmp_path / "monitoring"))
    server.shared_prediction.Predict(asked(1.0))
    text = server.shared_rest.get("/metrics").text
    assert ':tensorflow:serving:request_count{model_name="net",status="OK"} 1.0' in text
    count = ':tensorflow:serving:request_latency_count{API="Predict",entrypoint="GRPC",model_name="net"} 1.0'
    assert count in text
    assert server.shared_rest.get("/monitoring/prometheus/metrics").status_code == 404


def test_pages_may_ask_where_the_flag_lets_them(start):
    shut, open_ = start(), start(rest_api_enable_cors_support=True)
    path, body = "/v1/models/net:predict", {"instances": [1.0]}
    assert "access-control-allow-origin" not in shut.shared_rest.post(path, json=body).headers
    assert shut.shared_rest.options(path).status_code == 400
    for answer in (
        open_.shared_rest.post(path, json=body),
        open_.shared_rest.post(path, content=b"{"),
        open_.shared_rest.options(path),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == "POST, GET"
        assert answer.headers["access-control-allow-headers"] == "Content-Type"
    assert open_.shared_rest.options(path).status_code == 200


def test_answers_as_tensor_content(start):
    server = start(enable_serialization_as_tensor_content=True)
    answer = server.shared_prediction.Predict(asked(1.0, 2.0)).outputs["y"]
    assert answer.tensor_content == np.array([2.5, 3.0], np.float32).tobytes()
    assert not answer.float_val


def test_method_names_are_looked_at_where_the_flag_says_so(start):
    """A signature of TensorFlow 2 whose names fit is one for Classify, whatever its method is called."""
    request = classification_pb2.ClassificationRequest(
        model_spec={"name": "net", "signature_name": "names_fit"}
    )
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(1.0)
    answer = start("toys").shared_prediction.Classify(request)
    assert [each.score for each in answer.result.classifications[0].classes] == [1.0]
    with pytest.raises(grpc.RpcError) as error:
        start("toys", enable_signature_method_name_check=True).shared_prediction.Classify(request)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "tensorflow/serving/predict" in error.value.details()


def test_grpc_on_a_socket_alone(start, tmp_path):
    server = start(port=0, grpc_socket_path=str(tmp_path / "socket"))
    assert server.server.grpc_port is None
    with grpc.insecure_channel(f"unix:{tmp_path}/socket") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        assert arrays(stub.Predict(asked(1.0), timeout=PATIENCE))["y"].tolist() == [2.5]


def test_rest_port_0_is_none(start):
    server = start(rest_api_port=0, grpc_channel_arguments="grpc.max_connection_age_ms=20000,name=text")
    assert server.server.rest_port is None
    assert arrays(server.shared_prediction.Predict(asked(1.0)))["y"].tolist() == [2.5]
    with pytest.raises(InputError, match="expected NAME=VALUE"):
        start(grpc_channel_arguments="grpc.max_connection_age_ms")


def test_sessions_are_configured(start, tmp_path):
    (tmp_path / "session").write_text("inter_op_parallelism_threads: 3")
    server = start(
        tensorflow_session_config_file=str(tmp_path / "session"), tensorflow_intra_op_parallelism=1
    )
    servable = server.server.registry.models["net"].choose().servable
    config = servable._session._config
    assert (config.inter_op_parallelism_threads, config.intra_op_parallelism_threads) == (3, 1)


def test_another_tag_is_another_graph(start):
    with pytest.raises(InputError, match="cannot be loaded: .*tag"):
        start(saved_model_tags="gpu,serve")


def test_warm_up_can_be_left_out(toys, tmp_path):
    shutil.copytree(toys / "half_plus_two" / "124", tmp_path / "1")
    extra = tmp_path / "1" / "assets.extra"
    extra.mkdir(exist_ok=True)
    (extra / "tf_serving_warmup_requests").write_bytes(b"no records" * 4)
    with pytest.raises(InputError, match="cannot be loaded"):
        RunningServer(tmp_path).__enter__()
    with RunningServer(tmp_path, enable_model_warmup=False) as server:
        assert server.states() == {1: "AVAILABLE"}
