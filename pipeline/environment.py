"""Where things are: the folders of data, of the pipeline's artifacts and of the pushed model."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.beam_options import BEAM_HERE, beam_options
from models.errors import InputError
from models.literal_paths import check_literal

PIPELINE_NAME = "vgg"
KEEP_NETS = "VGG_KEEP_NETS"
COPY_DATA = "VGG_COPY_DATA"
BEAM = "VGG_BEAM"
DOCKER_SOCKET = Path("/var/run/docker.sock")


@dataclass(frozen=True)
class Environment:
    """Absolute paths of one user's data and results.

    Attributes:
        data: folder of TFRecords (`VGG_DATA`), train-* and validation-*.
        home: folder of everything that a run writes (`VGG_HOME`).
        init_from: folder of an exported model to start training from (`VGG_INIT_FROM`), or None for the
            experiment's own base model.
        init_fingerprint: of that model's content, which TFX's cache compares; "" without one.
        docker: whether models are tried in TF Serving's image before they are pushed (`VGG_DOCKER`).
        keep_nets: whether nets stay as they were trained though the code that trains has changed since
            (`VGG_KEEP_NETS`).
        copy_data: whether the data are copied into the home folder and not read where they lie
            (`VGG_COPY_DATA`).
        beam: options of Beam's pipelines (`VGG_BEAM`).
    """

    data: Path
    home: Path
    init_from: Path | None = None
    init_fingerprint: str = ""
    docker: bool = False
    keep_nets: bool = False
    copy_data: bool = False
    beam: tuple[str, ...] = BEAM_HERE

    @classmethod
    def from_variables(cls, variables: Mapping[str, str] = os.environ) -> "Environment":
        """Reads VGG_HOME (default ~/vgg), VGG_DATA (default $VGG_HOME/data), VGG_INIT_FROM, VGG_DOCKER
        (default: whether there is a Docker engine), VGG_KEEP_NETS (default 0), VGG_COPY_DATA (default 0)
        and VGG_BEAM (default BEAM_HERE).

        Raises:
            InputError: a path that Beam or TensorFlow takes for a pattern, or a switch that is not 0 or 1.
        """
        home = _absolute(variables.get("VGG_HOME") or "~/vgg")
        data = _absolute(variables.get("VGG_DATA") or home / "data")
        init_from = variables.get("VGG_INIT_FROM")
        init_from = _absolute(init_from) if init_from else None
        for what, path in (("home", home), ("data", data), ("initial model's", init_from)):
            if path:
                check_literal(f"{what} folder", path)
        return cls(
            data=data,
            home=home,
            init_from=init_from,
            docker=_has_docker(variables),
            keep_nets=_switch(
                variables, KEEP_NETS, "nets stay as they were trained", "mended code trains anew"
            ),
            copy_data=_switch(
                variables, COPY_DATA, "data are copied into the home folder", "they are read where they lie"
            ),
            beam=beam_options(variables.get(BEAM, ""), BEAM),
        )

    @property
    def pipeline_root(self) -> Path:
        """Artifacts, one folder per component and execution."""
        return self.home / "pipeline"

    @property
    def metadata(self) -> Path:
        """ML Metadata's SQLite file."""
        return self.home / "metadata.sqlite"

    @property
    def serving(self) -> Path:
        """Base path of the pushed model: TF Serving's `--model_base_path`, VERSION/ below."""
        return self.home / "serving" / "vgg"

    @property
    def logs(self) -> Path:
        """What TFX, Beam and TensorFlow log, one file per run."""
        return self.home / "logs"


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()


def _has_docker(variables: Mapping[str, str]) -> bool:
    """VGG_DOCKER, 0 or 1; else whether an engine is where the `docker` command would look for it.

    Raises:
        InputError: another value.
    """
    said = variables.get("VGG_DOCKER") or os.environ.get("VGG_DOCKER")
    if said not in (None, "", "0", "1"):
        raise InputError(f"VGG_DOCKER={said}: expected 1, models are tried in Docker, or 0, they are not")
    return said == "1" if said else "DOCKER_HOST" in os.environ or DOCKER_SOCKET.exists()


def _switch(variables: Mapping[str, str], name: str, one: str, zero: str) -> bool:
    """Raises InputError where it is neither 0 nor 1."""
    said = variables.get(name) or "0"
    if said not in ("0", "1"):
        raise InputError(f"{name}={said}: expected 1, {one}, or 0, {zero}")
    return said == "1"
