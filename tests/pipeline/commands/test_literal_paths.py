"""Paths that are patterns for Beam or TensorFlow are refused at every door."""

import os
from pathlib import Path

import pytest

from models.errors import InputError
from models.literal_paths import check_literal
from pipeline.commands.vgg import main
from pipeline.environment import Environment
from serving.push import push
from serving.saved_model.description import describe
from serving.server.options import check_path

ODD = ["*", "?", "[", "\\"]


@pytest.mark.parametrize("odd", ODD)
def test_the_character_and_the_path_are_named(odd):
    with pytest.raises(InputError) as caught:
        check_literal("data folder", f"/data/a{odd}b/c")
    message = str(caught.value)
    assert message.startswith(f"data folder /data/a{odd}b/c: has a {odd} in it")
    assert "symbolic link" in message
    assert "\n" not in message


@pytest.mark.parametrize("path", ["/a b/{x}/ä]c/%20#,!$~@", Path("relative"), "gs://bucket/data", ""])
def test_other_characters_are_nobodys_pattern(path):
    check_literal("data folder", path)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("variable", "what"),
    [("VGG_HOME", "home folder"), ("VGG_DATA", "data folder"), ("VGG_INIT_FROM", "initial model's folder")],
)
def test_a_run_in_such_a_folder(tmp_path, odd, variable, what):
    path = tmp_path / f"a{odd}"
    with pytest.raises(InputError) as caught:
        Environment.from_variables({"VGG_HOME": str(tmp_path / "home"), variable: str(path)})
    assert str(caught.value).startswith(f"{what} {path}: has a {odd} in it")


@pytest.mark.parametrize("odd", ODD)
def test_models_in_such_a_folder(tmp_path, odd):
    """TensorFlow would read the weights of another folder, or of none."""
    path = tmp_path / f"1{odd}"
    path.mkdir()
    (path / "saved_model.pb").touch()
    calls = [
        lambda: describe(str(path)),
        lambda: check_path("vgg", str(path)),
        lambda: push(str(path), str(path / "base")),
    ]
    for call in calls:
        with pytest.raises(InputError, match=r"has a . in it"):
            call()
    assert os.listdir(path) == ["saved_model.pb"]


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--home", "{}"],
        ["run", "--data", "{}"],
        ["report", "--home", "{}"],
        ["predict", "--home", "{}", "photograph.jpg"],
        ["evaluate", "--home", "{}", "--data", "data", "--model", "model"],
        ["evaluate", "--data", "data", "--model", "{}"],
        ["data", "sample", "--out", "{}"],
        ["data", "folders", "photographs", "--out", "{}"],
    ],
)
def test_commands_end_with_one_line_and_status_2(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs").mkdir()
    odd = str(tmp_path / "a[1]")
    with pytest.raises(SystemExit) as ended:
        main([word.format(odd) for word in words])
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert f" {odd}: has a [ in it" in line or f" {odd}/" in line
    assert os.listdir(tmp_path) == ["photographs"]
