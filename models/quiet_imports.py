"""Importing TensorFlow, and what is built on it, without the 20 lines that it prints.

It lies in the lowest room because commands of each room above import late.
"""

import gc
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Drops what importing TensorFlow and TFX prints, on CUDA, on Python 3.10 and on gRPC.

    TensorFlow reads its level once, when it is loaded, and logs about CUDA as errors: 3 leaves those out, 2
    does not. Processes started later get the user's own level again.
    """
    level = os.environ.get(LEVEL)
    os.environ[LEVEL] = level or "3"
    try:
        with open(os.devnull, "w") as nowhere, stderr_to(nowhere), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if level is None:
            del os.environ[LEVEL]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Python's collector looks at nothing meanwhile, nor ever again at what is there afterwards: for imports,
    whose objects stay. Of the 11.7 s of processor time that TFX and all of a pipeline take, it takes 2.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextmanager
def stderr_to(file: TextIO) -> Iterator[None]:
    """Sends standard error, C++'s included, to `file` and back afterwards."""
    sys.stderr.flush()
    stderr = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(stderr, 2)
        os.close(stderr)
