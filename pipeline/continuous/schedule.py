"""When to look for new data: every so often, or at a time of day."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from models.errors import InputError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
EVERY = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
AT = re.compile(r"(\d{1,2}):(\d{2})")
SHORTEST = 1.0  # seconds


@dataclass(frozen=True)
class Every:
    """Attributes: seconds from the end of one look, with all that it led to, to the next."""

    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Every":
        """Of such as 30s, 10m, 6h or 1d. Raises InputError."""
        found = EVERY.fullmatch(text.strip())
        if not found or (seconds := float(found[1]) * UNITS[found[2]]) < SHORTEST:
            raise InputError(
                f"--every {text}: expected a time of at least a second, such as 30s, 10m, 6h or 1d"
            )
        return cls(seconds)

    def wait(self, now: datetime) -> float:
        """Seconds until the next look."""
        del now
        return self.seconds


@dataclass(frozen=True)
class At:
    """Attributes: when, of each day, by this machine's clock."""

    when: time

    @classmethod
    def parse(cls, text: str) -> "At":
        """Of such as 02:00. Raises InputError."""
        found = AT.fullmatch(text.strip())
        if not found or int(found[1]) > 23 or int(found[2]) > 59:
            raise InputError(f"--at {text}: expected a time of day such as 02:00")
        return cls(time(int(found[1]), int(found[2])))

    def wait(self, now: datetime) -> float:
        """Seconds until the next look. Of an hour that the clocks leave out or repeat, the first there is."""
        then = datetime.combine(now.date(), self.when)
        if then <= now.replace(tzinfo=None):
            then += timedelta(days=1)
        return then.astimezone().timestamp() - now.astimezone().timestamp()


Schedule = Every | At
