"""The line that says what a benchmark ran on."""

import datetime
import importlib.metadata
import os
import platform
import time
from pathlib import Path


def machine(*packages: str) -> str:
    """Date, cores, processor, load and the versions of `packages`."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    versions = " ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    processor = models[0] if models else platform.machine()
    date = datetime.date.today().isoformat()
    return f"{date} {time.strftime('%H:%M')}, {os.cpu_count()} cores of {processor}, load {load}, {versions}"
