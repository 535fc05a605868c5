"""Which machines train together, and which of them this one is: VGG_WORKERS and VGG_WORKER, or TF_CONFIG."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from models.errors import InputError

TF_CONFIG, WORKERS, WORKER, PATIENCE = "TF_CONFIG", "VGG_WORKERS", "VGG_WORKER", "VGG_WORKER_PATIENCE"
PATIENT_SECONDS = 600.0
TRAINING_JOBS = ("chief", "worker")


@dataclass(frozen=True)
class Cluster:
    """Several machines that train together.

    Attributes:
        addresses: host:port of each, where TensorFlow's processes meet; the first is the chief's, whose
            process runs the pipeline.
        index: which of them this is.
        patience: seconds without a sign of life after which another one is given up.
    """

    addresses: tuple[str, ...]
    index: int
    patience: float = PATIENT_SECONDS

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> "Cluster | None":
        """What VGG_WORKERS (host:port,...) and VGG_WORKER say, else TF_CONFIG; None for one machine.

        Raises:
            InputError: they are not what they should be, or both are there.
        """
        named = variables.get(WORKERS, "")
        of_tf = tf_config(variables[TF_CONFIG]) if variables.get(TF_CONFIG) else ((), 0)
        if not named:
            if variables.get(WORKER):
                raise InputError(
                    f"{WORKER}={variables[WORKER]}: of which machines? set {WORKERS} (--workers)"
                )
            addresses, index = of_tf
        elif len(of_tf[0]) > 1:
            raise InputError(f"{WORKERS} and {TF_CONFIG} both name several machines; give one of the two")
        else:
            addresses, index = _named(named, variables.get(WORKER, ""))
        return cls(addresses, index, _patience(variables)) if len(addresses) > 1 else None

    def tf_config(self) -> str:
        """For the process that trains on this machine. TensorFlow takes the first worker for the chief."""
        task = {"type": "worker", "index": self.index}
        return json.dumps({"cluster": {"worker": list(self.addresses)}, "task": task})

    def name(self, index: int) -> str:
        """As messages name one of the machines."""
        return f"worker {index} ({self.addresses[index]})"


def tf_config(text: str) -> tuple[tuple[str, ...], int]:
    """Of TF_CONFIG: the addresses of chief and workers, and which of them this process is.

    Vertex's custom training and Kubeflow's training operator name the first one chief, others worker 0.

    Raises:
        InputError: it is not what TensorFlow defines, or this process is no chief and no worker.
    """
    try:
        config = json.loads(text)
        cluster = {kind: list(names) for kind, names in config.get("cluster", {}).items()}
        addresses = tuple(address for kind in TRAINING_JOBS for address in cluster.get(kind, []))
        if len(addresses) < 2:
            return addresses, 0
        kind, index = config["task"]["type"], int(config["task"]["index"])
        if kind in TRAINING_JOBS and 0 <= index < len(cluster[kind]):
            return addresses, index + (len(cluster.get("chief", [])) if kind == "worker" else 0)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError(
            f'{TF_CONFIG}: not as TensorFlow defines it; expected JSON such as {{"cluster": {{"worker": '
            f'["host:port", ...]}}, "task": {{"type": "worker", "index": 0}}}}, or no {TF_CONFIG}'
        ) from None
    raise InputError(
        f"{TF_CONFIG}: this process is {kind} {index} of {len(cluster.get(kind, []))}; expected one of chief "
        "and workers, which alone take part in a training"
    )


def _named(text: str, index: str) -> tuple[tuple[str, ...], int]:
    addresses = tuple(part.strip() for part in text.split(","))
    wrong = [
        each for each in addresses if not each.rpartition(":")[0] or not each.rpartition(":")[2].isdigit()
    ]
    if wrong or len(set(addresses)) < len(addresses):
        said = f"{wrong[0]!r} in it" if wrong else "one is named twice"
        raise InputError(f"{WORKERS}={text}: {said}; expected HOST:PORT,HOST:PORT,... each once")
    if not index.isdigit() or int(index) >= len(addresses):
        raise InputError(
            f"{WORKER}={index}: expected which of the {len(addresses)} in {WORKERS} this machine is "
            f"(--worker): 0, which runs the pipeline, to {len(addresses) - 1}"
        )
    return addresses, int(index)


def _patience(variables: Mapping[str, str]) -> float:
    said = variables.get(PATIENCE) or str(PATIENT_SECONDS)
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InputError(f"{PATIENCE}={said}: expected seconds without a sign of life, such as 600")
    return seconds
