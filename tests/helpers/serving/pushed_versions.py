"""Versions in a server's folder, pushed as a Pusher does, and waiting for what a server makes of them."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import grpc

from helpers.serving.running_server import PATIENCE


def push(model: Path, base: Path, version: int) -> None:
    """Appears at once, as `vgg push` has it."""
    hidden = base / f".pushing-{version}"
    shutil.copytree(model, hidden)
    hidden.rename(base / str(version))


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def code_of(error) -> grpc.StatusCode:
    return error.value.code()
