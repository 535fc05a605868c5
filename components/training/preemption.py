"""SIGTERM asks for an end: it is noted, and training ends after the step in hand with a checkpoint."""

import signal
import threading
from types import FrameType


class Preemption:
    """Context manager; `asked` becomes true when SIGTERM comes inside it."""

    def __init__(self):
        self.asked = False

    def __enter__(self) -> "Preemption":
        # Signals reach only the main thread; elsewhere (a Beam worker, say) there is nothing to catch.
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(self, *_) -> None:
        if self._main:
            signal.signal(signal.SIGTERM, self._before)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True
