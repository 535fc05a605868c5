"""Where things are: the folders of data, of the pipeline's artifacts and of the pushed model, here or in an
object store."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.beam_options import BEAM_HERE, beam_options
from models.errors import InputError
from models.literal_paths import check_literal
from pipeline.database import METADATA, Database
from pipeline.engine import Engine
from pipeline.store_path import Place, StorePath, place

PIPELINE_NAME = "vgg"
KEEP_NETS = "VGG_KEEP_NETS"
COPY_DATA = "VGG_COPY_DATA"
BEAM = "VGG_BEAM"
SIDE_BY_SIDE = "VGG_SIDE_BY_SIDE"
PIPELINE_ROOT, SERVING = "VGG_PIPELINE_ROOT", "VGG_SERVING"
DOCKER_SOCKET = Path("/var/run/docker.sock")


@dataclass(frozen=True)
class Environment:
    """Absolute paths, or folders of object stores, of one user's data and results.

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
        artifacts: the pipeline's root where it is not in `home` (`VGG_PIPELINE_ROOT`), or None.
        served: where models are pushed to if not in `home` (`VGG_SERVING`), or None.
        engine: what runs the pipeline.
        database: of ML Metadata if not SQLite in `home` (`VGG_METADATA`), or None.
        pipeline_name: in ML Metadata (pipeline.home_name).
        side_by_side: the most components at a time (`VGG_SIDE_BY_SIDE`); 0 for what suits the machine
            (pipeline.running.room).
    """

    data: Place
    home: Place
    init_from: Place | None = None
    init_fingerprint: str = ""
    docker: bool = False
    keep_nets: bool = False
    copy_data: bool = False
    beam: tuple[str, ...] = BEAM_HERE
    artifacts: Place | None = None
    served: Place | None = None
    engine: Engine = Engine.LOCAL
    database: Database | None = None
    pipeline_name: str = PIPELINE_NAME
    side_by_side: int = 0

    @classmethod
    def from_variables(cls, variables: Mapping[str, str] = os.environ) -> "Environment":
        """Reads VGG_HOME (default ~/vgg), VGG_DATA (default $VGG_HOME/data), VGG_INIT_FROM, VGG_DOCKER
        (default: whether there is a Docker engine), VGG_KEEP_NETS (default 0), VGG_COPY_DATA (default 0),
        VGG_BEAM (default BEAM_HERE), VGG_PIPELINE_ROOT, VGG_SERVING, VGG_METADATA (default: in the home
        folder) and VGG_SIDE_BY_SIDE.

        Raises:
            InputError: a path that Beam or TensorFlow takes for a pattern, a switch that is not 0 or 1,
                options that Beam cannot use, a database's URL that is none, or a number of components that is
                none.
        """
        home = place(variables.get("VGG_HOME") or "~/vgg")
        data = place(variables.get("VGG_DATA") or home / "data")
        init_from, artifacts, served = (
            place(variables[name]) if variables.get(name) else None
            for name in ("VGG_INIT_FROM", PIPELINE_ROOT, SERVING)
        )
        for what, path in (
            ("home folder", home),
            ("data folder", data),
            ("initial model's folder", init_from),
            ("pipeline's root", artifacts),
            ("folder of served models", served),
        ):
            if path:
                check_literal(what, path)
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
            artifacts=artifacts,
            served=served,
            database=Database.from_url(variables[METADATA]) if variables.get(METADATA) else None,
            side_by_side=_side_by_side(variables),
        )

    @classmethod
    def of_home(cls, home: str | None) -> "Environment":
        """As the process's variables say, but for the home folder where one is named. See from_variables."""
        return cls.from_variables({**os.environ, **({"VGG_HOME": home} if home else {})})

    @property
    def pipeline_root(self) -> Place:
        """Artifacts, one folder per component and execution."""
        return self.artifacts or self.home / "pipeline"

    @property
    def copies_data(self) -> bool:
        """Whether the shards are copied: as `copy_data` says, and where one side is an object store, which
        has no links."""
        return self.copy_data or any(isinstance(path, StorePath) for path in (self.data, self.pipeline_root))

    @property
    def metadata(self) -> Place:
        """ML Metadata's SQLite file, of the local engine without a `database`; see
        pipeline.metadata_connection."""
        return self.home / "metadata.sqlite"

    @property
    def serving(self) -> Place:
        """Base path of the pushed model: TF Serving's `--model_base_path`, VERSION/ below."""
        return self.served or self.home / "serving" / "vgg"

    @property
    def logs(self) -> Place:
        """What TFX, Beam and TensorFlow log: a file for each run, and in a folder of its name one for each
        component."""
        return self.home / "logs"


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


def _side_by_side(variables: Mapping[str, str]) -> int:
    """Raises InputError where it is not a number from 1 on."""
    said = variables.get(SIDE_BY_SIDE) or ""
    if said and not (said.isdecimal() and int(said)):
        raise InputError(
            f"{SIDE_BY_SIDE}={said}: expected how many components may run at a time; 1 is one after another"
        )
    return int(said or 0)
