"""A reload is all or nothing: what it keeps never stops answering, and a refused one leaves no trace."""

import shutil
import threading
import time
from collections.abc import Callable

import grpc
import pytest
from helpers.serving.reloaded import (
    INVALID,
    NOT_FOUND,
    VERSION,
    answers,
    asking,
    model,
    refused,
    reload,
)
from helpers.serving.running_server import PATIENCE, RunningServer
from tensorflow_serving.apis import get_model_status_pb2

from models.errors import InputError


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


def test_another_folder_takes_the_place_of_the_old_one_at_once(start, base):
    server = start(model(base / "two", "net"))
    assert answers(server, "net") == 2.5
    reload(server, model(base / "three", "net"))
    assert answers(server, "net") == 3.5


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
