"""Everything that TFX, Beam and TensorFlow say goes to one file a run; the terminal stays for people."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Sends Python's logging, warnings and standard error, C++'s included, to `path` and back afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    root, stderr = logging.getLogger(), os.dup(2)
    handlers, level = root.handlers[:], root.level
    with open(path, "a", encoding="utf-8") as file:
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.handlers[:] = [handler]
        root.setLevel(logging.INFO)
        sys.stderr.flush()
        os.dup2(file.fileno(), 2)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("default")
                yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            root.handlers[:] = handlers
            root.setLevel(level)
