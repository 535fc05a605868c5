"""Structured log: a line of JSON for each event and each request. Never the contents of a request."""

import json
import sys
import time
from datetime import datetime, timezone
from typing import TextIO


class EventLog:
    """Writes to `stream`, standard error unless told otherwise."""

    def __init__(self, stream: TextIO | None = None):
        self._stream = stream

    def say(self, event: str, **fields: object) -> None:
        """One line; fields that are None are left out."""
        now = datetime.fromtimestamp(time.time(), timezone.utc).isoformat(timespec="milliseconds")
        given = {name: value for name, value in fields.items() if value is not None}
        line = json.dumps({"time": now, "event": event, **given}, ensure_ascii=False, default=str)
        try:
            print(line, file=self._stream or sys.stderr, flush=True)
        except (OSError, ValueError):
            # A reader that has gone away must not end the server.
            return
