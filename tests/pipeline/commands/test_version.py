"""`vgg --version`: what a bug report needs, with nothing imported for it (test_starting.py)."""

import importlib.metadata
import platform
import re

import pytest

from pipeline.commands import version
from pipeline.commands.vgg import main


def shown(capsys) -> list[str]:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    return capsys.readouterr().out.splitlines()


def test_the_versions_are_those_that_the_packages_have(capsys):
    import google.protobuf
    import keras
    import numpy
    import tensorflow
    import tfx.version

    lines = shown(capsys)
    assert lines[0] == f"vgg {importlib.metadata.version('vgg-pipeline')}"
    assert lines[1] == f"Python {platform.python_version()}"
    for name, package in [
        ("tensorflow", tensorflow),
        ("keras", keras),
        ("tfx", tfx.version),
        ("numpy", numpy),
        ("protobuf", google.protobuf),
    ]:
        assert f"{name} {package.__version__}" in lines
    others = ["tfx-bsl", "tensorflow-model-analysis", "tensorflow-transform", "tensorflow-data-validation"]
    for name in (*others, "ml-metadata", "apache-beam", "grpcio"):
        assert any(re.fullmatch(rf"{name} \d+\.\d+\S*", line) for line in lines), name


def test_the_platform_comes_last(capsys):
    last = shown(capsys)[-1]
    assert " ".join(platform.libc_ver()) in last
    assert platform.machine() in last


def test_a_package_that_is_missing_is_said_to_be(monkeypatch, capsys):
    monkeypatch.setattr(version, "PACKAGES", ("tensorflow", "no-such-package"))
    assert "no-such-package is not installed" in shown(capsys)
