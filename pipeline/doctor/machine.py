"""What a machine has that the pipeline needs or can use; looked up, and not yet judged."""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.environment import Environment

CHROMIUM = ("chromium", "chromium-browser")
COMPILERS = ("c++", "g++", "clang++")
TF_SERVING = "tensorflow_model_server"
NVIDIA = Path("/proc/driver/nvidia/version")
MOST_SECONDS = 300

# In a process of its own: where TensorFlow ends the process, as without AVX, the doctor must not end too.
IMPORT = """
import json, sys, time
started = time.process_time()
import tensorflow as tf
seconds = time.process_time() - started
gpus = tf.config.list_physical_devices("GPU")
names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
told = {"seconds": seconds, "gpus": names}
if not gpus:
    from components.recipe import Precision
    from components.training.precision_gain import times_as_fast
    told["bfloat16"] = times_as_fast(Precision.BFLOAT16)
json.dump(told, sys.stdout)
"""


@dataclass(frozen=True)
class TensorFlow:
    """What importing TensorFlow came to.

    Attributes:
        seconds: of processor time that it took.
        gpus: names of those that it sees.
        bfloat16: how many times as fast as in float32 a convolution is on the processor; 0 where GPUs train.
        error: the last line that it said where it cannot be imported, else "".
    """

    seconds: float = 0.0
    gpus: tuple[str, ...] = ()
    bfloat16: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Machine:
    """Facts alone.

    Attributes:
        system: distribution and kernel, in words.
        glibc: its version, "" on a system of another C library.
        python: its version.
        tfx: its version, "" where it is not installed.
        tensorflow: its version, "" where it is not installed.
        imported: what importing TensorFlow came to.
        nvidia: whether the kernel has NVIDIA's driver.
        cores: that this process may use.
        memory: bytes.
        home: the home folder.
        free: bytes free on its file system.
        docker: whether there is a Docker engine.
        tf_serving, chromium, compiler: paths of the programs, "" where they are not on the PATH.
    """

    system: str
    glibc: str
    python: str
    tfx: str
    tensorflow: str
    imported: TensorFlow
    nvidia: bool
    cores: int
    memory: int
    home: str
    free: int
    docker: bool
    tf_serving: str
    chromium: str
    compiler: str


def this_machine(environment: Environment) -> Machine:
    """Looks everything up. Takes as long as importing TensorFlow, some seconds."""
    library, glibc = platform.libc_ver()
    return Machine(
        system=f"{_distribution()}, {platform.system()} {platform.release()} {platform.machine()}",
        glibc=glibc if library == "glibc" else "",
        python=platform.python_version(),
        tfx=_version("tfx"),
        tensorflow=_version("tensorflow"),
        imported=_import_tensorflow(),
        nvidia=NVIDIA.exists(),
        cores=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        home=str(environment.home),
        free=shutil.disk_usage(_existing(environment.home)).free,
        docker=environment.docker,
        tf_serving=shutil.which(TF_SERVING) or "",
        chromium=_first_program(CHROMIUM),
        compiler=_first_program(COMPILERS),
    )


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown distribution"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _import_tensorflow() -> TensorFlow:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", IMPORT],
            capture_output=True,
            text=True,
            errors="replace",
            env=quiet,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return TensorFlow(error=f"it takes more than {MOST_SECONDS} s")
    if done.returncode:
        said = done.stderr.strip().splitlines()
        return TensorFlow(error=said[-1] if said else f"the process ended with status {done.returncode}")
    told = json.loads(done.stdout.splitlines()[-1])
    return TensorFlow(told["seconds"], tuple(told["gpus"]), told.get("bfloat16", 0.0))


def _first_program(names: tuple[str, ...]) -> str:
    return next((path for name in names if (path := shutil.which(name))), "")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())
