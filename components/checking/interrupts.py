"""Ctrl-C in this process, wherever it finds it.

Python raises KeyboardInterrupt in whatever runs: in a finalizer, or in a callback of Beam's or TensorFlow's
C++, it is printed and lost, and the work goes on. So it is noted too, and asked for after each piece of work.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_asked = threading.Event()


@contextmanager
def noted_interrupts() -> Iterator[None]:
    """Inside, Ctrl-C is noted as well as raised. Of other threads than the main one, nothing changes."""
    _asked.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        _asked.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def check_interrupts() -> None:
    """Raises KeyboardInterrupt where one was noted."""
    if _asked.is_set():
        raise KeyboardInterrupt
