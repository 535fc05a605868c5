"""Which run's evaluation is shown, where several pipelines are recorded in one place."""

import dataclasses

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

from pipeline.environment import Environment
from pipeline.experiments.catalogue import experiment
from pipeline.metadata_connection import metadata_connection
from pipeline.running import results

DEMO = dataclasses.replace(experiment("demo"), fused_with=("other",))  # has no verdict to read


@pytest.fixture
def environment(tmp_path):
    return Environment(data=tmp_path / "data", home=tmp_path, pipeline_name="vgg-ours")


@pytest.fixture
def record(environment):
    """An evaluation as TFX records it."""

    def record(pipeline: str, run: str, uri: str) -> None:
        with metadata.Metadata(metadata_connection(environment)) as handle:
            store, contexts = handle.store, []
            named = (("pipeline", pipeline), ("pipeline_run", run), ("node", f"{pipeline}.Evaluator"))
            for kind, name in named:
                type_id = store.put_context_type(mlmd.ContextType(name=kind))
                contexts.append(mlmd.Context(type_id=type_id, name=name))
            execution = mlmd.Execution(type_id=store.put_execution_type(mlmd.ExecutionType(name="Evaluator")))
            artifact = mlmd.Artifact(
                type_id=store.put_artifact_type(mlmd.ArtifactType(name="ModelEvaluation")), uri=uri
            )
            event = mlmd.Event(type=mlmd.Event.OUTPUT)
            event.path.steps.add(key="evaluation")
            event.path.steps.add(index=0)
            store.put_execution(execution, [(artifact, event)], contexts, reuse_context_if_already_exist=True)

    return record


def test_the_newest_run_of_this_pipeline_counts(environment, record, monkeypatch):
    read = []
    monkeypatch.setattr(results, "read_figures", lambda folder: read.append(folder) or 1 / 0)
    record("vgg-ours", "run 1", "/ours/1")
    record("vgg-ours", "run 2", "/ours/2")
    record("vgg-theirs", "run 3", "/theirs")
    with pytest.raises(ZeroDivisionError):
        results.last_results(environment, DEMO)
    assert read == ["/ours/2"]


def test_a_pipeline_without_an_evaluation_is_said(environment, record):
    record("vgg-theirs", "run 1", "/theirs")
    with pytest.raises(LookupError, match=rf"no evaluation in {environment.home}/metadata\.sqlite"):
        results.last_results(environment, DEMO)
