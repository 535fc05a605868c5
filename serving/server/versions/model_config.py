"""Which versions of which models are served: TensorFlow Serving's ModelServerConfig, checked."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from models.errors import InputError
from serving.server.options import check_path

PLATFORMS = ("", "tensorflow")
COLLECTORS = ("", "tfrecord")
"""LogCollectorConfig's types: its own binary has none until somebody builds one in."""


@dataclass(frozen=True)
class Logging:
    """TensorFlow Serving's LoggingConfig: which share of a model's requests is written, and where.

    Attributes:
        filename_prefix: an absolute path or a URI, without the rest of the files' names.
        sampling_rate: 0..1.
    """

    filename_prefix: str
    sampling_rate: float

    def check(self, where: str) -> None:
        """Raises InputError; `where` begins the line."""
        if not 0 <= self.sampling_rate <= 1:
            raise InputError(f"{where}: sampling rate {self.sampling_rate}; expected a share, 0 to 1")
        folder, name = os.path.split(self.filename_prefix)
        if not name or ("://" not in folder and not os.path.isabs(folder)):
            raise InputError(
                f"{where}: filename prefix {self.filename_prefix!r}; expected an absolute path and the "
                "beginning of a name, such as /logs/vgg"
            )


@dataclass(frozen=True)
class ModelConfig:
    """One model.

    Attributes:
        base_path: folder of version folders, decimal numbers.
        newest: how many of the highest versions are served; None for all.
        specific: the versions to serve, in place of `newest`.
        labels: versions by label.
        logging: of its requests; None for none.
    """

    name: str
    base_path: str
    newest: int | None = 1
    specific: tuple[int, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    logging: Logging | None = None

    def wanted(self, versions: Collection[int]) -> list[int]:
        """Those of `versions` that are to be served, the newest first."""
        descending = sorted(versions, reverse=True)
        if self.specific:
            return [version for version in descending if version in self.specific]
        return descending[: self.newest]


def read_config_file(path: str) -> list[ModelConfig]:
    """The models of a file such as TF Serving's --model_config_file. Raises InputError."""
    try:
        config = text_format.Parse(
            Path(path).read_text(encoding="utf-8"), model_server_config_pb2.ModelServerConfig()
        )
    except OSError as error:
        raise InputError(f"--model_config_file {path}: {error.strerror}") from None
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise InputError(f"--model_config_file {path}: no ModelServerConfig in text form: {error}") from None
    return read_config(config)


def read_config(config: model_server_config_pb2.ModelServerConfig) -> list[ModelConfig]:
    """The models of a ModelServerConfig, which may be none. Raises InputError."""
    # An empty file is one that is being written; an empty list says that no model is to be served.
    if not config.HasField("model_config_list"):
        raise InputError("ModelServerConfig: expected a model_config_list")
    configs = [_read(each) for each in config.model_config_list.config]
    names = [each.name for each in configs]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"ModelServerConfig: model {doubled[0]} is there twice")
    return configs


def _read(config: model_server_config_pb2.ModelConfig) -> ModelConfig:
    if not config.name or not config.base_path:
        raise InputError("ModelServerConfig: a model without name or base_path")
    if config.model_platform not in PLATFORMS:
        raise InputError(f"model {config.name}: platform {config.model_platform}; expected tensorflow")
    check_path(config.name, config.base_path)
    policy = config.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "specific" and not policy.specific.versions:
        raise InputError(f"model {config.name}: a specific version policy without versions")
    return ModelConfig(
        name=config.name,
        base_path=config.base_path,
        newest=None if kind == "all" else policy.latest.num_versions or 1,
        specific=tuple(policy.specific.versions) if kind == "specific" else (),
        labels=dict(config.version_labels),
        logging=_logging(config),
    )


def _logging(config: model_server_config_pb2.ModelConfig) -> Logging | None:
    if not config.HasField("logging_config"):
        return None
    collector, where = config.logging_config.log_collector_config, f"model {config.name}: logging_config"
    if collector.type not in COLLECTORS:
        raise InputError(f"{where}: log collector {collector.type}; expected none or {COLLECTORS[1]}")
    found = Logging(collector.filename_prefix, config.logging_config.sampling_config.sampling_rate)
    found.check(where)
    return found
