"""Reloads that the reference refuses: nothing that was served is taken away."""

from pathlib import Path

import pytest
from helpers.serving.reloaded import (
    INVALID,
    NOT_FOUND,
    VERSION,
    answers,
    asking,
    model,
    refused,
)

from models.errors import InputError


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


def test_a_refused_reload_leaves_nothing_loaded(start, base):
    server = start(model(base / "two", "two", "specific { versions: 1 }"))
    refused(server, model(base / "two", "two"), model(base / "none", "three"))
    assert server.states("two") == {1: "AVAILABLE"}
    assert answers(server, "two", **VERSION[2]) == NOT_FOUND
    assert answers(server, "three") == NOT_FOUND
    assert server.log.getvalue().count('"event": "version_available"') == 2  # it had been loaded


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
