"""What Vertex and Kubeflow are given: for every experiment a specification that KFP's own code takes."""

import dataclasses
import json
import re

import kfp
import pytest
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from components.datasets.sample import write_sample
from models.errors import InputError
from pipeline.engine import Engine
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.metadata_connection import metadata_connection
from pipeline.orchestration.compiled import write
from pipeline.orchestration.engine_settings import EngineSettings, Resources
from pipeline.orchestration.job import job_of

CLUSTER = EngineSettings(
    image="REGISTRY/vgg@sha256:0",
    retries=2,
    labels=(("team", "vision"),),
    resources=(
        ("default", Resources(cpu=4, memory_gb=16)),
        ("Trainer", Resources(cpu=16, memory_gb=64, gpus=8, gpu_type="A100")),
    ),
)
GS = {"VGG_DATA": "gs://bucket/data", "VGG_HOME": "gs://bucket/home"}
CONFIGURED = {"data": "STRING", "learning_rate": "NUMBER_DOUBLE", "most_epochs": "NUMBER_INTEGER"}
BASELINE = "[[evaluation.thresholds]]\nmetric = 'top1_error'\nmost_worse = 0.01\n"


def _spec(engine: Engine = Engine.VERTEX, experiment: str = "demo", **variables) -> dict:
    return job_of(engine, CLUSTER, {**GS, "VGG_EXPERIMENT": experiment, **variables}).spec["pipelineSpec"]


@pytest.fixture(scope="module")
def demo() -> dict:
    return _spec()


def _container(spec: dict, task: str) -> dict:
    label = spec["components"][task]["executorLabel"]
    return spec["deploymentSpec"]["executors"][label]["container"]


@pytest.mark.parametrize("name", [name for name, entry in EXPERIMENTS.items() if not entry.needs_base])
def test_every_experiment_is_a_whole_graph_of_kfps_messages(name):
    job = job_of(Engine.KUBEFLOW, CLUSTER, {**GS, "VGG_EXPERIMENT": name})
    spec = json_format.ParseDict(job.spec["pipelineSpec"], pipeline_spec_pb2.PipelineSpec())
    tasks = spec.root.dag.tasks
    assert all(re.fullmatch("[a-z0-9]([a-z0-9-]*[a-z0-9])?", task) for task in tasks)
    for task in tasks.values():
        assert set(task.dependent_tasks) <= set(tasks)
        executor = spec.components[task.component_ref.name].executor_label
        assert spec.deployment_spec["executors"][executor]["container"]["image"] == CLUSTER.image
        for artifact in task.inputs.artifacts.values():
            source = artifact.task_output_artifact
            made = spec.components[tasks[source.producer_task].component_ref.name].output_definitions
            assert source.output_artifact_key in made.artifacts
    assert ("pusher" in tasks) == (not EXPERIMENTS[name].fused_with)


@pytest.mark.parametrize("name", ["demo", "small-D-64-128", "fusion-7-dense"])
def test_kfps_own_loader_takes_the_file(name, tmp_path):
    """Of one net, of a chain, of a fusion."""
    job = job_of(Engine.KUBEFLOW, CLUSTER, {**GS, "VGG_EXPERIMENT": name})
    write(job.spec, tmp_path / "pipeline.yaml", Engine.KUBEFLOW)
    loaded = kfp.components.load_component_from_file(str(tmp_path / "pipeline.yaml"))
    assert loaded.pipeline_spec == json_format.ParseDict(
        job.spec["pipelineSpec"], pipeline_spec_pb2.PipelineSpec()
    )


def test_a_job_for_vertex_is_a_pipeline_job(tmp_path):
    job = job_of(Engine.VERTEX, CLUSTER, GS)
    write(job.spec, tmp_path / "job.json", Engine.VERTEX)
    read = json_format.Parse((tmp_path / "job.json").read_text(), pipeline_spec_pb2.PipelineJob())
    assert read.runtime_config.gcs_output_directory == "gs://bucket/home/pipeline" == job.pipeline_root
    assert read.labels == {"team": "vision"}
    assert read.pipeline_spec["schemaVersion"] == "2.1.0"


def test_kubeflow_gets_the_bare_specification_without_resolvers(tmp_path):
    (tmp_path / "worse.toml").write_text(f"base = 'demo'\n{BASELINE}")
    job = job_of(Engine.KUBEFLOW, CLUSTER, {**GS, "VGG_EXPERIMENT": str(tmp_path / "worse.toml")})
    write(job.spec, tmp_path / "pipeline.yaml", Engine.KUBEFLOW)
    spec = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())
    assert {"pipelineInfo", "root", "components", "deploymentSpec"} <= set(spec)
    assert all(set(one) == {"container"} for one in spec["deploymentSpec"]["executors"].values())
    tasks = spec["root"]["dag"]["tasks"]
    given = tasks["evaluator"]["inputs"]["artifacts"]["baseline_model"]["taskOutputArtifact"]
    assert given["producerTask"] == "last-pushed"
    assert tasks["last-pushed"]["cachingOptions"] == {"enableCache": False}


def test_the_exporter_waits_for_the_box_net_of_an_experiment_that_localises(demo):
    tasks = _spec(Engine.KUBEFLOW, "demo-boxes")["root"]["dag"]["tasks"]
    given = tasks["exporter"]["inputs"]
    assert given["artifacts"]["boxes"]["taskOutputArtifact"]["producerTask"] == "trainer-demo-boxes"
    assert "trainer-demo-boxes" in tasks["exporter"]["dependentTasks"]
    assert json.loads(given["parameters"]["localisation"]["runtimeValue"]["constant"]) == {
        "shorter_sides": [64]
    }
    assert "boxes" not in demo["root"]["dag"]["tasks"]["exporter"]["inputs"]["artifacts"]


def test_resources_retries_and_caching_of_each_component(demo):
    trainer, scorer = (
        _container(demo, task)["resources"] for task in ("trainer-demo", "scorer-demo-dense-64")
    )
    assert trainer == {
        "cpuLimit": 16.0,
        "memoryLimit": 64.0,
        "accelerator": {"count": "8", "type": "A100"},
    }
    assert scorer == {"cpuLimit": 4.0, "memoryLimit": 16.0}
    assert _container(demo, "shard-example-gen")["resources"] == scorer, "which TFX leaves out"
    for executor in demo["deploymentSpec"]["executors"].values():
        assert "--tfxio_use_byte_size_batching" in executor["container"]["args"]
    for task in demo["root"]["dag"]["tasks"].values():
        assert task["retryPolicy"]["maxRetryCount"] == 2
        assert task["cachingOptions"] == {"enableCache": True}
    shown = {task["taskInfo"]["name"] for task in demo["root"]["dag"]["tasks"].values()}
    assert {"Trainer.demo", "Scorer.demo.dense.64", "ShardExampleGen"} <= shown


def test_what_is_given_at_the_start_reaches_its_component(demo):
    parameters = demo["root"]["inputDefinitions"]["parameters"]
    assert {name: parameters[name]["parameterType"] for name in CONFIGURED} == CONFIGURED
    assert parameters["data"]["defaultValue"] == "gs://bucket/data"
    tasks = demo["root"]["dag"]["tasks"]
    read = tasks["shard-example-gen"]["inputs"]["parameters"]["input_base"]
    assert read == {"componentInputParameter": "data"}
    trained = tasks["trainer-demo"]["inputs"]["parameters"]
    for name in ("learning_rate", "most_epochs", "most_steps"):
        assert trained[name] == {"componentInputParameter": name}
        assert parameters[name]["defaultValue"] == 0
    assert "components.training.run_time_values.Executor" in _container(demo, "trainer-demo")["args"]


def test_kubeflows_cache_answers_for_data_that_were_looked_at_alone(tmp_path):
    write_sample(tmp_path / "data", train_per_class=1, validation_per_class=1)
    here = {"VGG_DATA": str(tmp_path / "data"), "VGG_HOME": str(tmp_path / "home")}

    def example_gen(**options) -> dict:
        spec = job_of(Engine.KUBEFLOW, CLUSTER, here, **options).spec["pipelineSpec"]
        return spec["root"]["dag"]["tasks"]["shard-example-gen"]

    unseen, seen = example_gen(), example_gen(fingerprinted=True)
    assert [one["cachingOptions"]["enableCache"] for one in (unseen, seen)] == [False, True]
    same = example_gen(fingerprinted=True)
    with open(next((tmp_path / "data").glob("train-*")), "ab") as file:
        file.write(b"\0")
    changed = example_gen(fingerprinted=True)
    prints = [one["inputs"]["parameters"]["data_fingerprint"] for one in (seen, same, changed)]
    assert prints[0] == prints[1] != prints[2]


def test_folders_of_this_machine(tmp_path):
    here = {"VGG_DATA": str(tmp_path / "data"), "VGG_HOME": "gs://bucket/home"}
    with pytest.raises(
        InputError, match="of this machine, which Vertex's machines do not see; expected gs://"
    ):
        job_of(Engine.VERTEX, CLUSTER, here)
    notes = job_of(Engine.KUBEFLOW, CLUSTER, here).notes
    assert any("each component's container must have that volume there" in note for note in notes)


def test_another_engine_has_metadata_of_its_own():
    environment = Environment.from_variables(GS)
    assert metadata_connection(environment).sqlite.filename_uri == "gs://bucket/home/metadata.sqlite"
    assert metadata_connection(dataclasses.replace(environment, engine=Engine.VERTEX)) is None


def test_images():
    with pytest.raises(InputError, match="cluster: no image; expected image ="):
        job_of(Engine.VERTEX, EngineSettings(), GS)
    notes = job_of(Engine.VERTEX, EngineSettings(image="REGISTRY/vgg:latest"), GS).notes
    assert any("can change with the registry's tag" in note for note in notes)


def test_one_pipeline_at_a_time():
    with pytest.raises(InputError, match="experiments mini-.*: expected one, as each is a pipeline"):
        job_of(Engine.VERTEX, CLUSTER, {**GS, "VGG_EXPERIMENT": "mini-A*"})


def test_the_same_experiment_is_the_same_specification(demo):
    assert json.dumps(_spec(), sort_keys=True) == json.dumps(demo, sort_keys=True)
