"""An environment for the `tfx` command, and the place of its registration in it."""

import os
import sys
from pathlib import Path

import pytest

TFX = Path(sys.executable).with_name("tfx")


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """An environment whose TFX knows no pipeline; `pip` is on the PATH because TFX's commands call it."""
    path = f"{TFX.parent}{os.pathsep}{os.environ['PATH']}"
    return {
        **os.environ,
        "LOCAL_HOME": str(tmp_path / "local"),
        "VGG_HOME": str(tmp_path / "vgg"),
        "PATH": path,
    }


@pytest.fixture
def registration(tmp_path: Path) -> Path:
    return tmp_path / "local" / "vgg" / "pipeline_args.json"
