"""Everything that TFX, Beam and TensorFlow say goes to one file a run; the terminal stays for people."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from absl import logging as absl_logging

from models.quiet_imports import stderr_to


@contextmanager
def logging_to(path: Path, *also: logging.Handler) -> Iterator[None]:
    """Sends Python's logging, warnings and standard error, C++'s included, to `path` and back afterwards.

    `also` get the log records too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    handlers, level, verbosity = root.handlers[:], root.level, absl_logging.get_verbosity()
    with open(path, "a", encoding="utf-8") as file, stderr_to(file), warnings.catch_warnings():
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.handlers[:] = [handler, *also]
        root.setLevel(logging.INFO)
        # Saving a SavedModel lowers and then restores absl's own level: unset, it is restored to WARNING,
        # and TFX's lines about all later components are lost.
        absl_logging.set_verbosity(absl_logging.INFO)
        warnings.simplefilter("default")
        try:
            yield
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)
            absl_logging.set_verbosity(verbosity)
