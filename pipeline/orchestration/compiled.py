"""The pipeline as Vertex AI and Kubeflow Pipelines take it: a specification in KFP's format, version 2.1.0.

TFX's KubeflowV2DagRunner compiles it. What TFX leaves out is added here: names that both engines take,
resources of every component, retries, defaults of run-time values, and which answers the cache may not give.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.orchestration.pipeline import Pipeline

from pipeline.engine import Engine
from pipeline.orchestration.engine_settings import EngineSettings, Resources
from pipeline.orchestration.task_names import renamed, task_names
from pipeline.run_time_values import DATA

Spec = dict[str, Any]

NOT_CACHED = "LastPushed"
"""Its answer depends on what lies in the folder of served models when it runs."""

BY_FINGERPRINT = "ShardExampleGen"
"""Vertex runs TFX's driver before it looks into its cache: changed data in the same folder are seen. Kubeflow
does not, so there the cache answers for the data alone whose fingerprint is in the specification."""

FINGERPRINT = "data_fingerprint"
FIRST_RETRY_AFTER = "60s"
BOUNDED_BATCHES = "--tfxio_use_byte_size_batching"
"""See pipeline.running.beam_batches: by itself Beam grows batches to gigabytes of photographs."""


def compiled(
    pipeline: Pipeline,
    defaults: Mapping[str, Any],
    engine: Engine,
    cluster: EngineSettings,
    fingerprint: str = "",
) -> Spec:
    """The PipelineJob, as JSON has it; its member "pipelineSpec" is what Kubeflow Pipelines takes.

    Args:
        pipeline: made for `engine`.
        defaults: of the run-time values, by name.
        engine: Vertex or Kubeflow.
        cluster: its image, resources, retries and cache.
        fingerprint: of the data, "" where it is not known.

    Raises:
        InputError: two components have the same name there.
    """
    config = KubeflowV2DagRunnerConfig(
        display_name=pipeline.pipeline_info.pipeline_name,
        default_image=cluster.image,
        use_pipeline_spec_2_1=True,
    )
    if fingerprint:
        _add_fingerprint(pipeline, fingerprint)
    job = KubeflowV2DagRunner(config).run(pipeline, write_out=False)
    return _completed(json.loads(json.dumps(job)), defaults, engine, cluster, fingerprint)


def _completed(
    job: Spec, defaults: Mapping[str, Any], engine: Engine, cluster: EngineSettings, fingerprint: str = ""
) -> Spec:
    """`job` as TFX compiled it, with what TFX leaves out; see `compiled`."""
    spec = job["pipelineSpec"]
    for node, task in spec["root"]["dag"]["tasks"].items():
        container = spec["deploymentSpec"]["executors"][_label(spec, node)]["container"]
        container["args"].append(BOUNDED_BATCHES)
        resources = _resources(cluster.resources_of(node))
        if resources:
            container["resources"] = resources
        if cluster.retries:
            task["retryPolicy"] = {
                "maxRetryCount": cluster.retries,
                "backoffDuration": FIRST_RETRY_AFTER,
                "backoffFactor": 2.0,
            }
        cached = cluster.cache and _may_be_cached(node, engine, fingerprint)
        task["cachingOptions"] = {"enableCache": cached}
    parameters = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, parameter in parameters.items():
        parameter["defaultValue"] = defaults[name]
        parameter["isOptional"] = True
    names = task_names(spec["root"]["dag"]["tasks"])
    job["pipelineSpec"] = renamed(spec, names)
    if cluster.labels:
        job["labels"] = dict(cluster.labels)
    return job


def default_values(data: str, values: Mapping[str, type]) -> dict[str, Any]:
    """Of all run-time values: the folder of the data, and 0 for what the experiment says."""
    return {DATA: data, **{name: kind(0) for name, kind in values.items()}}


def write(job: Spec, path: Path, engine: Engine) -> None:
    """A PipelineJob as JSON for Vertex, the bare specification as YAML for Kubeflow Pipelines."""
    if engine is Engine.VERTEX:
        text = json.dumps(job, indent=2, sort_keys=True)
    else:
        text = yaml.safe_dump(job["pipelineSpec"], sort_keys=True)
    path.write_text(text, encoding="utf-8")


def _add_fingerprint(pipeline: Pipeline, fingerprint: str) -> None:
    """As one more parameter of the component, which its executor does not read and the cache compares."""
    (node,) = (each for each in pipeline.components if each.id == BY_FINGERPRINT)
    node.exec_properties[FINGERPRINT] = fingerprint


def _label(spec: Spec, node: str) -> str:
    return spec["components"][node]["executorLabel"]


def _may_be_cached(node: str, engine: Engine, fingerprint: str) -> bool:
    unseen = node == BY_FINGERPRINT and engine is Engine.KUBEFLOW and not fingerprint
    return node != NOT_CACHED and not unseen


def _resources(wanted: Resources) -> Spec:
    found: Spec = {}
    if wanted.cpu:
        found["cpuLimit"] = wanted.cpu
    if wanted.memory_gb:
        found["memoryLimit"] = wanted.memory_gb
    if wanted.gpus:
        found["accelerator"] = {"count": str(wanted.gpus), "type": wanted.gpu_type}
    return found
