"""A reload is all or nothing: what it keeps never stops answering, and a refused one leaves no trace."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from helpers.serving.running_server import PATIENCE, RunningServer
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, predict_pb2

from models.errors import InputError

PRECONDITION, INVALID = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.fixture
def base(toys, tmp_path) -> Path:
    """Two models that a test may change: `two` with versions 1 and 2, `three` with version 1."""
    for name, number in (("two", 1), ("two", 2), ("three", 1)):
        source = toys / "half_plus_two" / "124" if name == "two" else toys / "half_plus_three" / "1"
        shutil.copytree(source, tmp_path / name / str(number))
    return tmp_path


@pytest.fixture
def start(base) -> Iterator[Callable[..., RunningServer]]:
    """Starts a server of a configuration's text, without polling unless told otherwise."""
    with ExitStack() as stack:

        def begin(text: str, **options) -> RunningServer:
            file = base / "models.config"
            file.write_text(f"model_config_list {{ {text} }}")
            given = {"file_system_poll_wait_seconds": 0, **options}
            return stack.enter_context(RunningServer(None, model_config_file=str(file), **given))

        yield begin


def model(path: Path | str, name: str, versions: str = "all {}", **labels: int) -> str:
    named = " ".join(f'version_labels {{ key: "{key}" value: {value} }}' for key, value in labels.items())
    return (
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" '
        f"model_version_policy {{ {versions} }} {named} }}"
    )


def reload(server: RunningServer, *models: str) -> None:
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(f"model_config_list {{ {' '.join(models)} }}", request.config)
    server.model.HandleReloadConfigRequest(request, timeout=PATIENCE)


def refused(server: RunningServer, *models: str, code: grpc.StatusCode = PRECONDITION) -> str:
    with pytest.raises(grpc.RpcError) as error:
        reload(server, *models)
    assert error.value.code() == code, error.value.details()
    return error.value.details()


def asked(name: str, **which) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest(model_spec={"name": name, **which})
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    return request


def answers(server: RunningServer, name: str, **which) -> float | grpc.StatusCode:
    try:
        return (
            server.shared_prediction.Predict(asked(name, **which), timeout=PATIENCE).outputs["y"].float_val[0]
        )
    except grpc.RpcError as error:
        return error.code()


VERSION = [{"version": {"value": number}} for number in (0, 1, 2)]


@contextmanager
def asking(server: RunningServer, *specs: dict) -> Iterator[list]:
    """Requests to all of these without a pause; the list of what was not answered rightly."""
    wrong: list = []
    stop = threading.Event()
    expected = {"two": 2.5, "three": 3.5}

    def ask() -> None:
        while not stop.is_set():
            for each in specs:
                if (found := answers(server, **each)) != expected[each["name"]]:
                    wrong.append((each, found))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)


def narrowed(base: Path) -> list[str]:
    return [model(base / "two", "two", "specific { versions: 2 }", stable=1), model(base / "three", "three")]


def mistyped(base: Path) -> list[str]:
    return [model(base / "two", "two", "specific { versions: 2 }"), model(base / "tree", "three")]


def damaged(base: Path) -> list[str]:
    (base / "bad" / "1").mkdir(parents=True, exist_ok=True)
    return [model(base / "two", "two", "latest {}"), model(base / "bad", "bad")]


def empty(base: Path) -> list[str]:
    (base / "empty").mkdir(exist_ok=True)
    return [model(base / "three", "two"), model(base / "empty", "empty")]


@pytest.mark.parametrize("change", [narrowed, mistyped, damaged, empty])
def test_a_refused_reload_takes_nothing_away(start, base, change):
    server = start(model(base / "two", "two", stable=1) + model(base / "three", "three"))
    every = [{"name": "two", **VERSION[1]}, {"name": "two", **VERSION[2]}, {"name": "three"}]
    with asking(server, *every, {"name": "two", "version_label": "stable"}) as wrong:
        for _ in range(3):
            refused(server, *change(base))
    assert not wrong
    assert server.states("two") == {2: "AVAILABLE", 1: "AVAILABLE"}
    assert server.states("three") == {1: "AVAILABLE"}


def test_what_a_reload_keeps_never_stops_answering(start, base):
    server = start(model(base / "two", "two", stable=1))
    kept = {"name": "two", **VERSION[2]}
    with asking(server, kept) as wrong:
        reload(server, model(base / "two", "two", "specific { versions: 2 }"))
        reload(server, model(base / "two", "two"), model(base / "three", "three"))
        reload(server, model(base / "two", "two", "latest {}"))
    assert not wrong
    assert answers(server, "two", **VERSION[1]) == NOT_FOUND
    assert answers(server, "two", version_label="stable") == INVALID


def test_a_refused_reload_leaves_nothing_loaded(start, base):
    server = start(model(base / "two", "two", "specific { versions: 1 }"))
    refused(server, model(base / "two", "two"), model(base / "none", "three"))
    assert server.states("two") == {1: "AVAILABLE"}
    assert answers(server, "two", **VERSION[2]) == NOT_FOUND
    assert answers(server, "three") == NOT_FOUND
    assert server.log.getvalue().count('"event": "version_available"') == 2  # it had been loaded


def test_another_folder_takes_the_place_of_the_old_one_at_once(start, base):
    server = start(model(base / "two", "net"))
    assert answers(server, "net") == 2.5
    reload(server, model(base / "three", "net"))
    assert answers(server, "net") == 3.5


@pytest.mark.parametrize("path", ["models/two", "./two", "two", ""])
def test_a_relative_folder_is_refused(start, base, path):
    server = start(model(base / "two", "two"))
    refused(server, model(path, "two"), code=INVALID)
    with pytest.raises(InputError, match="absolute path|without name or base_path"):
        start(model(path, "two"))


@pytest.mark.parametrize(
    "text", ["", 'name: "x"', 'base_path: "/x"', 'name: "x" base_path: "/x" model_platform: "other"']
)
def test_a_model_that_is_none_is_refused(start, base, text):
    refused(start(model(base / "two", "two")), f"config {{ {text} }}", code=INVALID)


def test_a_model_that_is_listed_twice_is_refused(start, base):
    server = start(model(base / "two", "two"))
    assert "twice" in refused(server, model(base / "two", "two"), model(base / "two", "two"), code=INVALID)


def test_a_reload_to_no_models_and_back(start, base):
    server = start("")
    assert answers(server, "two") == NOT_FOUND
    reload(server, model(base / "two", "two"))
    assert answers(server, "two") == 2.5
    reload(server)
    assert answers(server, "two") == NOT_FOUND
    assert server.states("two") == {2: "END", 1: "END"}
    reload(server, model(base / "three", "two"))
    assert answers(server, "two") == 3.5


def test_a_removed_models_versions_stay_in_the_status_as_ended(start, base):
    server = start(model(base / "two", "two") + model(base / "three", "three"))
    reload(server, model(base / "three", "three"))
    assert server.states("two") == {2: "END", 1: "END"}
    found = server.shared_rest.get("/v1/models/two/versions/2").json()["model_version_status"]
    assert [each["state"] for each in found] == ["END"]
    request = get_model_status_pb2.GetModelStatusRequest(model_spec={"name": "never"})
    with pytest.raises(grpc.RpcError) as error:
        server.model.GetModelStatus(request)
    assert error.value.code() == NOT_FOUND


def test_labels_move_only_to_versions_that_are_there(start, base):
    server = start(model(base / "two", "two", "specific { versions: 1 }", stable=1))
    assert "label stable" in refused(server, model(base / "two", "two", "specific { versions: 1 }", stable=2))
    assert answers(server, "two", version_label="stable") == 2.5
    reload(server, model(base / "two", "two", stable=2, old=1))
    assert answers(server, "two", version_label="old") == 2.5


def test_new_labels_may_name_what_is_not_there_where_a_flag_lets_them(start, base):
    one = "specific { versions: 1 }"
    server = start(
        model(base / "two", "two", one, stable=1, next=7), allow_version_labels_for_unavailable_models=True
    )
    assert answers(server, "two", version_label="next") == NOT_FOUND
    reload(server, model(base / "two", "two", one, stable=1, next=7, later=8))
    refused(server, model(base / "two", "two", one, stable=9))
    assert answers(server, "two", version_label="stable") == 2.5
    with pytest.raises(InputError, match="label next names version 7, not loaded"):
        start(model(base / "two", "two", one, next=7))


def test_a_folder_that_comes_late_keeps_no_other_model_from_answering(start, base):
    (base / "three").rename(base / "elsewhere")
    server = RunningServer(
        None, model_config_file=str(base / "late.config"), file_system_poll_wait_seconds=0.05
    )
    text = model(base / "three", "three") + model(base / "two", "two")
    (base / "late.config").write_text(f"model_config_list {{ {text} }}")
    thread = threading.Thread(target=server.__enter__)
    thread.start()
    until(lambda: server.said == [f"no folder {base}/three; waiting for one"])
    until(lambda: answers(server, "two") == 2.5)
    assert answers(server, "three") == grpc.StatusCode.UNAVAILABLE
    (base / "elsewhere").rename(base / "three")
    thread.join(PATIENCE)
    assert answers(server, "three") == 3.5
    server.__exit__()


def test_the_configuration_file_is_looked_at_again(start, base):
    server = start(model(base / "two", "two"), model_config_file_poll_wait_seconds=0.05)
    file = base / "models.config"
    file.write_text(f"model_config_list {{ {model(base / 'two', 'two')} {model(base / 'none', 'three')} }}")
    until(lambda: '"config_refused"' in server.log.getvalue())
    assert answers(server, "two") == 2.5
    (base / "three").rename(base / "none")  # refused until then, and tried again
    until(lambda: answers(server, "three") == 3.5)
    for wrong, said in {"nonsense": "no ModelServerConfig", "": "expected a model_config_list"}.items():
        file.write_text(wrong)
        until(lambda said=said: said in server.log.getvalue())
    assert answers(server, "two") == 2.5


@pytest.mark.parametrize("seconds", [-1, 0])
def test_without_polling_only_the_start_and_reloads_look_for_versions(start, base, seconds):
    server = start(model(base / "two", "two", "latest {}"), file_system_poll_wait_seconds=seconds)
    shutil.copytree(base / "two" / "2", base / "two" / "3")
    assert server.server.registry.models["two"]._polling is None
    reload(server, model(base / "two", "two", "latest {}"))
    until(lambda: server.states("two").get(3) == "AVAILABLE")


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
