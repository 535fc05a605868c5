"""What a run was: versions, hardware and git commit, written down as it ends and read by later reports."""

import dataclasses
import json
import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("tfx", "tensorflow", "keras", "tensorflow-model-analysis", "apache-beam", "ml-metadata", "numpy")
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Identity:
    """What one process ran with.

    Attributes:
        commit: of git, with "+" where files were changed since; "unknown" outside a clone.
        versions: by package.
        hardware: in words.
    """

    commit: str
    versions: dict[str, str]
    hardware: str


def this_process() -> Identity:
    """The identity of the process that asks."""
    return Identity(_commit(), {"python": platform.python_version(), **_versions()}, _hardware())


def gpu_names() -> list[str]:
    """The names of the GPUs that TensorFlow sees; none of them is set up by asking."""
    import tensorflow as tf  # takes seconds

    return [
        tf.config.experimental.get_device_details(device).get("device_name", device.name)
        for device in tf.config.list_physical_devices("GPU")
    ]


def remember(folder: Path, run: str) -> None:
    """Writes down, once, what made a run; for the process that has just finished it."""
    path = _path(folder, run)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.write_text(json.dumps(dataclasses.asdict(this_process()), indent=2), encoding="utf-8")
        part.replace(path)


def recall(folder: Path, run: str) -> Identity | None:
    """What was written down of a run, or None."""
    try:
        return Identity(**json.loads(_path(folder, run).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _path(folder: Path, run: str) -> Path:
    return folder / "runs" / f"{run.replace(':', '').replace('/', '_')}.json"


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(PROJECT), *words], capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


def _hardware() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    accelerators = ", ".join(gpu_names()) or "no GPU"
    return f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {accelerators}; {platform.platform()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
