"""`vgg push` as its users call it."""

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
