"""Servers of the toy models: half_plus_two as versions 123 and 124 with labels, half_plus_three, toys."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from helpers.built_once import built_once
from helpers.serving.running_server import RunningServer
from helpers.serving.toy_models import write_half_plus, write_half_plus_of_v1, write_toys


@pytest.fixture(scope="session")
def toys(tmp_path_factory) -> Path:
    """Base paths of the models; tests that change nothing in them may use them as they are."""

    def build(folder: Path) -> None:
        write_half_plus(folder / "half_plus_two" / "00000123", 2)
        write_half_plus(folder / "half_plus_two" / "124", 2)
        write_half_plus(folder / "half_plus_three" / "1", 3)
        write_half_plus_of_v1(folder / "shared" / "1")
        write_toys(folder / "toys" / "1")

    return built_once(tmp_path_factory, "toys", build)


@pytest.fixture(scope="session")
def toy_server(toys, tmp_path_factory) -> Iterator[RunningServer]:
    """Of all of them, by TensorFlow Serving's configuration file."""
    file = tmp_path_factory.mktemp("config") / "models.config"
    file.write_text(
        f"""model_config_list {{
          config {{ name: "half_plus_two" base_path: "{toys}/half_plus_two" model_platform: "tensorflow"
            model_version_policy {{ all {{}} }}
            version_labels {{ key: "stable" value: 123 }} version_labels {{ key: "ca na/ry" value: 124 }} }}
          config {{ name: "half_plus_three" base_path: "{toys}/half_plus_three" }}
          config {{ name: "a/b: c" base_path: "{toys}/half_plus_three" }}
          config {{ name: "shared" base_path: "{toys}/shared" }}
          config {{ name: "toys" base_path: "{toys}/toys" }}
        }}"""
    )
    with RunningServer(None, model_config_file=str(file)) as running:
        yield running


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
