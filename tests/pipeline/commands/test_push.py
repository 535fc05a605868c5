"""`vgg push` as its users call it."""

import json
import shutil

import pytest
from helpers.serving.model_server import VERSION, picture

from pipeline.commands.vgg import main


@pytest.fixture
def model(pushed):
    return pushed / str(VERSION)


def vgg(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    return ended.value.code, shown.out, shown.err


def test_a_model_becomes_a_version_below_home(model, tmp_path, capsys):
    status, out, _ = vgg(capsys, "push", model, "--home", tmp_path)
    (version,) = (tmp_path / "serving" / "vgg").iterdir()
    assert (status, out) == (0, f"Pushed model: {version}\n")
    assert (version / "saved_model.pb").is_file()


@pytest.mark.slow
def test_a_server_tries_the_model_first(model, tmp_path, capsys):
    photograph = tmp_path / "photograph.jpg"
    photograph.write_bytes(picture(1))
    words = ("--base-path", tmp_path / "base", "--photograph", photograph)
    assert vgg(capsys, "push", model, *words)[0] == 0
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    shutil.rmtree(broken / "variables")
    status, out, err = vgg(capsys, "push", broken, *words)
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert err.startswith(f"vgg: model {broken}: not pushed, ")
    assert len(list((tmp_path / "base").iterdir())) == 1


def test_what_is_no_model_is_bad_input(tmp_path, capsys):
    status, out, err = vgg(capsys, "push", tmp_path / "nothing", "--home", tmp_path)
    assert (status, out, len(err.splitlines())) == (2, "", 1)


def test_the_folder_of_served_models_is_the_environments(model, tmp_path, capsys, monkeypatch):
    """A push goes there, and a prediction is by the newest model of it, whatever lies in the home folder."""
    monkeypatch.setenv("VGG_SERVING", str(tmp_path / "served"))
    monkeypatch.setenv("VGG_HOME", str(tmp_path / "home"))
    assert vgg(capsys, "push", model)[0] == 0
    (version,) = (tmp_path / "served").iterdir()
    (tmp_path / "a.jpg").write_bytes(picture(1))
    status, out, _ = vgg(capsys, "predict", "--json", tmp_path / "a.jpg")
    assert status == 0
    assert json.loads(out)["model"] == str(version)
    assert vgg(capsys, "rollback")[0] == 2  # of one version there is none before
    assert not (tmp_path / "home").exists()
