"""TensorFlow Serving's 48 flags: each is taken, or accepted with a line that says why it changes nothing."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import click
import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
import yaml
from helpers.serving.running_server import PATIENCE, RunningServer, arrays
from tensorflow_serving.apis import classification_pb2, predict_pb2, prediction_service_pb2_grpc

from models.errors import InputError
from serving.server.command import options_of, serve
from serving.server.options import Options
from serving.server.unused_flags import UNUSED

TF_SERVING = Path(__file__).parents[4] / "serving" / "tf_serving"

FLAGS = {
    "port": "8500",
    "grpc_socket_path": "/tmp/socket",
    "rest_api_port": "8501",
    "rest_api_num_threads": "8",
    "rest_api_timeout_in_ms": "30000",
    "rest_api_enable_cors_support": "true",
    "enable_batching": "true",
    "allow_version_labels_for_unavailable_models": "true",
    "batching_parameters_file": "/config/batching.config",
    "enable_per_model_batching_parameters": "false",
    "model_config_file": "/config/models.config",
    "model_config_file_poll_wait_seconds": "60",
    "model_name": "default",
    "model_base_path": "/models/default",
    "num_load_threads": "0",
    "num_unload_threads": "0",
    "max_num_load_retries": "5",
    "load_retry_interval_micros": "60000000",
    "file_system_poll_wait_seconds": "1",
    "flush_filesystem_caches": "true",
    "tensorflow_session_parallelism": "0",
    "tensorflow_session_config_file": "/config/session.config",
    "tensorflow_intra_op_parallelism": "2",
    "tensorflow_inter_op_parallelism": "2",
    "use_alts_credentials": "false",
    "ssl_config_file": "/config/ssl.config",
    "platform_config_file": "",
    "per_process_gpu_memory_fraction": "0.5",
    "saved_model_tags": "serve",
    "grpc_channel_arguments": "grpc.max_connection_age_ms=2000",
    "grpc_max_threads": "8",
    "enable_model_warmup": "true",
    "num_request_iterations_for_warmup": "2",
    "version": "false",
    "monitoring_config_file": "/config/monitoring.config",
    "remove_unused_fields_from_bundle_metagraph": "true",
    "prefer_tflite_model": "false",
    "num_tflite_pools": "2",
    "num_tflite_interpreters_per_pool": "1",
    "enable_signature_method_name_check": "true",
    "xla_cpu_compilation_enabled": "false",
    "xla_gpu_compilation_enabled": "false",
    "enable_profiler": "true",
    "thread_pool_factory_config_file": "",
    "mixed_precision": "",
    "skip_initialize_tpu": "true",
    "enable_grpc_healthcheck_service": "true",
    "enable_serialization_as_tensor_content": "true",
}
NEEDED = {"batching_parameters_file": ["--enable_batching"]}


def parsed(*arguments: str) -> Options:
    return options_of(serve.make_context("vgg serve", list(arguments)))


def test_these_are_all():
    assert len(FLAGS) == 48


@pytest.mark.parametrize("flag", FLAGS)
def test_each_is_taken_or_answered_with_one_line(flag, capsys):
    base = [] if flag == "model_base_path" else ["--model_base_path=/models/vgg"]
    options = parsed(*base, *NEEDED.get(flag, ()), f"--{flag}={FLAGS[flag]}")
    lines = capsys.readouterr().err.splitlines()
    if flag in UNUSED:
        (line,) = lines
        assert re.fullmatch(rf"vgg serve: --{flag} changes nothing here: \w.{{10,}}", line)
        assert not hasattr(options, flag)
    else:
        assert lines == []
        if flag != "version":
            found = getattr(options, flag)
            assert str(found).lower() in (FLAGS[flag], f"{FLAGS[flag]}.0") or found == FLAGS[flag]


def test_all_of_them_at_once(capsys):
    arguments = [f"--{flag}={value}" for flag, value in FLAGS.items()]
    assert parsed(*arguments).model_config_file == "/config/models.config"
    assert len(capsys.readouterr().err.splitlines()) == len(UNUSED)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--enable_batching"], True),
        (["--enable_batching=true"], True),
        (["--enable_batching=1"], True),
        (["--enable_batching=false"], False),
        (["--enable_batching=0"], False),
        (["--enable_batching", "--enable_batching=false"], False),
        (["--no_enable_batching"], False),
        ([], False),
    ],
)
def test_flags_of_truth_have_both_forms(arguments, expected):
    assert parsed("--model_base_path=/models/vgg", *arguments).enable_batching is expected


def test_flags_that_are_none_are_refused():
    for wrong in ("--enable_batching=maybe", "--no_such_flag=1", "--port=many"):
        with pytest.raises(click.UsageError):
            parsed("--model_base_path=/models/vgg", wrong)


def test_the_last_of_two_counts_as_behind_the_images_entry_point():
    image = ["--port=8500", "--rest_api_port=8501", "--model_name=model", "--model_base_path=/models/model"]
    options = parsed(*image, "--port=9000", "--model_config_file=/config/models.config")
    assert (options.port, options.rest_api_port, options.model_name) == (9000, 8501, "model")


def test_an_empty_text_is_none():
    options = parsed("--model_base_path=/models/vgg", "--model_config_file=", "--monitoring_config_file=")
    assert (options.model_config_file, options.monitoring_config_file) == (None, None)


def test_versions_are_said(capsys):
    with pytest.raises(click.exceptions.Exit):
        parsed("--version")
    assert re.fullmatch(r"vgg serve: vgg \S+, TensorFlow 2\.\S+\n", capsys.readouterr().out)


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


@pytest.mark.parametrize("source", ["compose.yaml", "kubernetes.yaml"])
def test_a_command_line_written_for_the_image_starts_it(source, toys, tmp_path, capsys):
    """Unchanged, but for where a container has its folders, and the ports, which are taken perhaps."""
    documents = list(yaml.safe_load_all((TF_SERVING / source).read_text()))
    if source == "compose.yaml":
        arguments = documents[0]["services"]["vgg"]["command"]
    else:
        arguments = documents[0]["spec"]["template"]["spec"]["containers"][0]["args"]
    shutil.copytree(TF_SERVING, tmp_path / "config")
    models = tmp_path / "config" / "models.config"
    models.write_text(models.read_text().replace("/models/vgg", f"{toys}/half_plus_two"))
    given = [argument.replace("=/config/", f"={tmp_path}/config/") for argument in arguments]
    options = parsed(*given, "--port=-1", "--rest_api_port=-1")
    assert capsys.readouterr().err == ""
    with RunningServer.of(options) as server:
        answer = server.shared_rest.post("/v1/models/vgg:predict", json={"instances": [1.0]})
        assert answer.json() == {"predictions": [2.5]}
        assert httpx.get(f"{server.url}/monitoring/prometheus/metrics").status_code == 200
