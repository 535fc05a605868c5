"""A line on the terminal for each component as LocalDagRunner runs it."""

import logging
import re
import time

from rich.console import Console

# What LocalDagRunner and its launcher log: the runner has no callbacks.
RUNNING = re.compile(r"Component (\S+) is running\.")
FINISHED = re.compile(r"Component (\S+) is finished\.")
SCORED = re.compile(r"Scored \d+ images")  # components/evaluation/scoring_on_beam.py
CACHED = re.compile(r"A cached execution \d+ is used\.")


class ComponentLines(logging.Handler):
    """Turns the runner's log messages into lines of name, time and whether the cache answered."""

    def __init__(self, console: Console):
        super().__init__(logging.INFO)
        self._console = console
        self.running = ""
        self._started, self._cached = 0.0, False

    def emit(self, record: logging.LogRecord) -> None:
        """Called for each log record of the run."""
        message = record.getMessage()
        if match := RUNNING.fullmatch(message):
            self.running, self._started, self._cached = match[1], time.monotonic(), False
            self._show_running("...")
        elif SCORED.fullmatch(message):
            self._show_running(f"... {message.lower()}")
        elif CACHED.fullmatch(message):
            self._cached = True
        elif FINISHED.fullmatch(message):
            seconds = time.monotonic() - self._started
            how = "cached" if self._cached else f"{seconds:.1f} s"
            self._console.print(f"  {self.running:<20} {how:>8}", highlight=False)
            self.running = ""

    def _show_running(self, what: str) -> None:
        if self._console.is_terminal:
            self._console.print(f"  {self.running} {what}", end="\r", highlight=False)
