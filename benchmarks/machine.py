"""What a benchmark ran on: every figure is one of a machine, and of what else it was doing."""

import datetime
import importlib.metadata
import os
import platform
import time
from pathlib import Path


def machine(*packages: str) -> str:
    """One line: date, cores, processor, load and the versions of `packages`."""
    versions = " ".join(f"{name} {version}" for name, version in versions_of(packages).items())
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{moment()}, {cores()} cores of {processor()}, load {load}, {versions}"


def moment() -> str:
    """Date and time of day of this machine's clock."""
    return f"{datetime.date.today().isoformat()} {time.strftime('%H:%M')}"


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0))


def processor() -> str:
    """Its name, and those of its instructions that decide how fast nets are."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    flags = set(fields.get("flags", "").split())
    known = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return " ".join([fields.get("model name", platform.machine()), f"({', '.join(known)})" if known else ""])


def load() -> float:
    """Processes that ran or waited to run, over the last minute."""
    return os.getloadavg()[0]


def versions_of(packages: tuple[str, ...]) -> dict[str, str]:
    """By the packages' names."""
    return {name: importlib.metadata.version(name) for name in packages}
