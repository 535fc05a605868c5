"""What the facts about a machine mean: what works, what does not, and the one command that mends it."""

from dataclasses import dataclass

from components.recipe import LEAST_GAIN
from pipeline.doctor.machine import Machine

NEEDED_GLIBC = (2, 39)
"""Of TFX 1.21's wheels; .ci/setup.sh chooses by the same number."""
NEEDED_BY_NET_A = 6 * 2**30
"""Bytes: net A at full width with a batch of 32 took 5.6 GiB (docs/results.md)."""
LITTLE_DISK = 10 * 10**9
SETUP = "make setup"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: of the thing.
        found: what is there.
        works: whether all that it is for works.
        needed: whether the pipeline needs it; without the other things it does less.
        means: what follows, "" where nothing does.
        mend: one command, or another way in words; "" where there is nothing to mend, or no way.
    """

    name: str
    found: str
    works: bool = True
    needed: bool = False
    means: str = ""
    mend: str = ""


def findings(machine: Machine) -> list[Finding]:
    """All of them, what the pipeline needs first."""
    return [
        Finding("system", machine.system),
        _glibc(machine),
        _python(machine),
        _tfx(machine),
        _tensorflow(machine),
        _gpu(machine),
        *_bfloat16(machine),
        Finding("cores", str(machine.cores)),
        _memory(machine),
        _disk(machine),
        _docker(machine),
        _tf_serving(machine),
        _chromium(machine),
        _compiler(machine),
    ]


def runs(found: list[Finding]) -> bool:
    """Whether the pipeline can run."""
    return all(each.works for each in found if each.needed)


def _is_new(machine: Machine) -> bool:
    return bool(machine.glibc) and _numbers(machine.glibc) >= NEEDED_GLIBC


def _glibc(machine: Machine) -> Finding:
    if not machine.glibc:
        return Finding(
            "glibc", "none", False, True, "TFX has wheels for glibc alone", "use Debian or Ubuntu, or WSL"
        )
    if _is_new(machine):
        return Finding("glibc", machine.glibc)
    return Finding(
        "glibc",
        machine.glibc,
        False,
        means="TFX 1.16 on Python 3.10, which gets no more security updates; TFX 1.21 wants glibc 2.39",
        mend="use Debian 13 or Ubuntu 24.04, and there: make setup",
    )


def _python(machine: Machine) -> Finding:
    wanted = ("3.11", "3.12", "3.13") if machine.tfx.startswith("1.21") else ("3.10",)
    if machine.python.startswith(tuple(f"{each}." for each in wanted)):
        return Finding("Python", machine.python, needed=True)
    return Finding(
        "Python",
        machine.python,
        False,
        True,
        f"this TFX runs on {' to '.join(wanted[:: len(wanted) - 1 or 1])}",
        SETUP,
    )


def _tfx(machine: Machine) -> Finding:
    if not machine.tfx:
        return Finding("TFX", "not installed", False, True, "no run", SETUP)
    if _is_new(machine) and machine.tfx.startswith("1.16"):
        return Finding("TFX", machine.tfx, False, means="this machine can have TFX 1.21", mend=SETUP)
    return Finding("TFX", machine.tfx, needed=True)


def _tensorflow(machine: Machine) -> Finding:
    if not machine.tensorflow:
        return Finding("TensorFlow", "not installed", False, True, "no run, no server", SETUP)
    if machine.imported.error:
        mend = f"rm -rf .venv && {SETUP}"
        means = f"it cannot be imported: {machine.imported.error}"
        return Finding("TensorFlow", machine.tensorflow, False, True, means, mend)
    seconds = f"{machine.imported.seconds:.0f} s of processor time to import"
    return Finding("TensorFlow", f"{machine.tensorflow}, {seconds}", needed=True)


def _gpu(machine: Machine) -> Finding:
    if machine.imported.gpus:
        return Finding("GPU", ", ".join(machine.imported.gpus), means="training shares each batch among them")
    if machine.nvidia:
        return Finding(
            "GPU",
            "NVIDIA's driver, but TensorFlow sees none",
            False,
            means="training on the CPU",
            mend=f"{SETUP} GPU=1",
        )
    return Finding("GPU", "none", False, means="training on the CPU: small experiments, not ImageNet")


def _bfloat16(machine: Machine) -> list[Finding]:
    gain = machine.imported.bfloat16
    if not gain:
        return []
    if gain >= LEAST_GAIN:
        means, mend = "training gains by it", ""
    else:
        means, mend = (
            "training is faster in float32",
            'precision = "float32" in the experiment, as it is unasked',
        )
    return [
        Finding(
            "bfloat16", f"{gain:.2f} times as fast as float32", gain >= LEAST_GAIN, means=means, mend=mend
        )
    ]


def _memory(machine: Machine) -> Finding:
    gib = f"{machine.memory / 2**30:.1f} GiB"
    if machine.memory >= NEEDED_BY_NET_A:
        return Finding("memory", gib)
    return Finding(
        "memory",
        gib,
        False,
        means="too little for a net of full width",
        mend="VGG_EXPERIMENT=demo, or another at 1/8 width",
    )


def _disk(machine: Machine) -> Finding:
    found = f"{machine.free / 10**9:.0f} GB free in {machine.home}"
    if machine.free >= LITTLE_DISK:
        return Finding("disk", found, means="docs/imagenet.md says what ImageNet takes")
    return Finding(
        "disk", found, False, means="enough for the demo alone", mend="VGG_HOME=a folder with more room"
    )


def _docker(machine: Machine) -> Finding:
    if machine.docker:
        return Finding(
            "Docker", "an engine", means="a model is tried in TensorFlow Serving's image before a push"
        )
    return Finding(
        "Docker",
        "no engine",
        False,
        means="`vgg serve` tries a model before a push",
        mend="apt-get install docker.io",
    )


def _tf_serving(machine: Machine) -> Finding:
    if machine.tf_serving:
        return Finding("tensorflow_model_server", machine.tf_serving)
    return Finding(
        "tensorflow_model_server",
        "not installed",
        False,
        means="`vgg serve` serves in its place",
        mend="docs/serving.md, TensorFlow Serving",
    )


def _chromium(machine: Machine) -> Finding:
    if machine.chromium:
        return Finding("Chromium", machine.chromium)
    return Finding(
        "Chromium",
        "not installed",
        False,
        means="tests that open pages are skipped",
        mend="apt-get install chromium",
    )


def _compiler(machine: Machine) -> Finding:
    if machine.compiler:
        return Finding("C++ compiler", machine.compiler)
    return Finding(
        "C++ compiler", "none", False, means="`make setup` cannot build", mend="apt-get install g++"
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
