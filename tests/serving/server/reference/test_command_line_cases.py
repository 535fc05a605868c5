"""TensorFlow Serving's 48 flags: each is taken, or accepted with a line that says why it changes nothing."""

import re
import shutil
from pathlib import Path

import click
import httpx
import pytest
import yaml
from helpers.serving.running_server import RunningServer

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
