"""From an experiment's name to the job that an engine is given."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.recipe import TrainedLayers
from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.engine import Engine
from pipeline.environment import Environment
from pipeline.orchestration.engine_settings import EngineSettings
from pipeline.running.preflight import check_workers
from pipeline.running.run import prepared
from pipeline.store_path import Place, StorePath

if TYPE_CHECKING:
    from pipeline.experiments.experiment import Experiment
    from pipeline.orchestration.compiled import Spec

BY_DIGEST = "@sha256:"


@dataclass(frozen=True)
class Job:
    """What is compiled.

    Attributes:
        experiment: its name.
        spec: a PipelineJob, as JSON has it.
        pipeline_root: where artifacts go.
        notes: what people should know.
    """

    experiment: str
    spec: "Spec"
    pipeline_root: str
    notes: tuple[str, ...]


def job_of(
    engine: Engine,
    cluster: EngineSettings,
    variables: Mapping[str, str] = os.environ,
    *,
    fingerprinted: bool = False,
) -> Job:
    """Compiles the experiment of VGG_EXPERIMENT, with the fields of VGG_SET, for an engine.

    Args:
        engine: Vertex or Kubeflow.
        cluster: the engine's.
        variables: as pipeline.running.run.run has them.
        fingerprinted: whether the data are looked at now, so that the cache of an engine which does not look
            itself can be used. Otherwise nothing is read of the data.

    Raises:
        InputError: the experiment cannot be used, the cluster has no image, or a folder is one that the
            engine's machines do not see.
    """
    if not cluster.image:
        raise InputError(
            'cluster: no image; expected image = "REGISTRY/vgg@sha256:..." (see docs/clusters.md)'
        )
    environment = Environment.from_variables({**variables, "VGG_DOCKER": "0"})
    environment = dataclasses.replace(environment, engine=engine)
    check_workers(environment)
    notes = _on_folders(environment) + _on_image(cluster)
    what = prepared(environment, variables, check=False)
    if len(what.notes) > 1:
        raise InputError(
            f"experiments {', '.join(what.notes)}: expected one, as each is a pipeline of its own; name one"
        )
    ((name, of_experiment),) = what.notes.items()
    _check_joined(what.experiments[name])
    with quiet_imports():
        from components.training.run_time_values import VALUES
        from pipeline.orchestration.compiled import compiled, default_values
        from pipeline.orchestration.data_fingerprint import data_fingerprint
        from pipeline.pipeline import create_pipeline

        values = default_values(str(environment.data), VALUES)
        known = data_fingerprint(str(environment.data)) if fingerprinted else ""
        pipeline = create_pipeline(what.experiments[name], what.environment, what.experiments)
        spec = compiled(pipeline, values, engine, cluster, known)
    return Job(name, spec, str(environment.pipeline_root), (*notes, *of_experiment))


def _check_joined(experiment: "Experiment") -> None:
    """Raises InputError where the Trainer would read the outputs of several nodes as one."""
    sides = experiment.evaluation.shorter_sides
    if experiment.config.training.trained_layers is TrainedLayers.SVM and len(sides) > 1:
        raise InputError(
            f"experiment {experiment.name}: descriptors of {len(sides)} Q, which engines cannot join; "
            f"expected one; --set evaluation.shorter_sides=[{sides[len(sides) // 2]}]"
        )


def _on_folders(environment: Environment) -> tuple[str, ...]:
    """Raises InputError where Vertex would be given a folder of this machine."""
    folders: dict[str, Place] = {
        "data folder": environment.data,
        "pipeline's root": environment.pipeline_root,
        "folder of served models": environment.serving,
    }
    here = {what: folder for what, folder in folders.items() if not isinstance(folder, StorePath)}
    if not here:
        return ()
    what, folder = next(iter(here.items()))
    if environment.engine is Engine.VERTEX:
        raise InputError(
            f"{what} {folder}: of this machine, which Vertex's machines do not see; expected "
            "gs://BUCKET/...; set VGG_HOME and VGG_DATA (or VGG_PIPELINE_ROOT and VGG_SERVING)"
        )
    return (f"Folders: {what} {folder} is a path; each component's container must have that volume there",)


def _on_image(cluster: EngineSettings) -> tuple[str, ...]:
    if BY_DIGEST in cluster.image:
        return ()
    return (f"Image: {cluster.image} has no {BY_DIGEST}...; what runs can change with the registry's tag",)
