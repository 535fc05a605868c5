"""What an engine has to know of its cluster: a file of TOML.

image = "REGISTRY/vgg@sha256:..."
service_account = "vgg@my-project.iam.gserviceaccount.com"
retries = 2
[labels]
team = "vision"
[resources.default]
cpu = 4
memory_gb = 16
[resources.Trainer]
gpus = 8
gpu_type = "NVIDIA_TESLA_A100"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tomli

from models.errors import InputError, cause_of
from pipeline.experiments.fields import changed, check_name

DEFAULT = "default"
TABLES = ("labels", "resources")


@dataclass(frozen=True)
class Resources:
    """What a component's machine has; 0 and "" leave it to the engine.

    Attributes:
        cpu: cores.
        memory_gb: 10^9 bytes.
        gpus, gpu_type: how many accelerators, and which, in the engine's words.
    """

    cpu: float = 0.0
    memory_gb: float = 0.0
    gpus: int = 0
    gpu_type: str = ""

    def __post_init__(self):
        if min(self.cpu, self.memory_gb, self.gpus) < 0:
            raise InputError("cpu, memory_gb and gpus cannot be negative")
        if bool(self.gpus) != bool(self.gpu_type):
            raise InputError(
                f"gpus = {self.gpus} of type {self.gpu_type!r}; expected both, such as gpus = 8 and "
                'gpu_type = "NVIDIA_TESLA_A100", or none'
            )


@dataclass(frozen=True)
class EngineSettings:
    """One cluster.

    Attributes:
        image: of every component; with @sha256:... it is the same one for as long as the pipeline is there.
        project, region: Google Cloud's, for Vertex.
        host: address of Kubeflow Pipelines.
        service_account: whose rights the components have; "" for the engine's own.
        retries: how often a component that failed is tried again.
        cache: whether the engine answers from its cache.
        labels: pairs of the run.
        resources: by component, or by the first part of its name (Trainer), or `default`.
    """

    image: str = ""
    project: str = ""
    region: str = ""
    host: str = ""
    service_account: str = ""
    retries: int = 0
    cache: bool = True
    labels: tuple[tuple[str, str], ...] = ()
    resources: tuple[tuple[str, Resources], ...] = ()

    def resources_of(self, node: str) -> Resources:
        """Of a node by its id, such as "Trainer.demo"."""
        named = dict(self.resources)
        kind = node.partition(".")[0]
        return named.get(node) or named.get(kind) or named.get(DEFAULT) or Resources()


def read_settings(path: str) -> EngineSettings:
    """The cluster that a file describes.

    Raises:
        InputError: it cannot be read, or has a field that there is not, or a value of another kind.
    """
    where = f"cluster {path}"
    try:
        content = tomli.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise InputError(f"{where}: cannot be read ({cause_of(error)}); expected a file of TOML") from None
    plain = {name: value for name, value in content.items() if name not in TABLES}
    labels = _table(content, "labels", where)
    for name, value in labels.items():
        if not isinstance(value, str):
            raise InputError(f"{where}: labels.{name} = {value!r}; expected a text")
    resources = {
        name: changed(Resources(), values, f"{where}: resources.{name}")
        for name, values in _table(content, "resources", where).items()
    }
    known = [name for name in EngineSettings.__dataclass_fields__ if name not in TABLES]
    check_name(list(plain), [*known, *TABLES], where)
    cluster = changed(EngineSettings(), plain, where)
    if cluster.retries < 0:
        raise InputError(f"{where}: retries = {cluster.retries}; expected 0 or more")
    return EngineSettings(
        **{name: getattr(cluster, name) for name in known},
        labels=tuple(labels.items()),
        resources=tuple(resources.items()),
    )


def _table(content: Mapping, name: str, where: str) -> Mapping:
    table = content.get(name, {})
    if not isinstance(table, Mapping):
        raise InputError(f"{where}: {name} = {table!r}; expected a table, [{name}]")
    return table
