"""Which model is the baseline, by ML Metadata as runs of several experiments leave it."""

import dataclasses
import json
from pathlib import Path

import ml_metadata
import pytest
from helpers.serving.exported import HEAD, NET
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.dsl.compiler.compiler import Compiler
from tfx.dsl.components.common.resolver import Resolver
from tfx.types import standard_artifacts

from components.evaluation.baseline import LastBlessedOfExperiment
from components.recipe import TOP1_ERROR, Evaluation, Threshold
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.pipeline import create_pipeline
from serving.saved_model.description import DESCRIPTION

NAMES = ("ant", "bee", "cat", "dog", "emu", "fox", "gnu")


class _Home:
    """Runs, the oldest first, in a real ML Metadata store in memory."""

    def __init__(self, folder: Path):
        self._folder = folder
        connection = mlmd.ConnectionConfig()
        connection.fake_database.SetInParent()
        self.store = ml_metadata.MetadataStore(connection)
        self.models, self.blessings = [], []

    def run(self, experiment: str, names=NAMES, *, blessed: bool = True) -> standard_artifacts.Model:
        """Averager and Evaluator; the model that was evaluated."""
        model = self._artifact(standard_artifacts.Model, describes=names)
        predictions = self._artifact(standard_artifacts.Examples)
        blessing = self._artifact(standard_artifacts.ModelBlessing)
        blessing.set_int_custom_property("blessed", int(blessed))
        blessing.set_int_custom_property("current_model_id", model.id)
        self._execution("Averager", {}, {"predictions": predictions}, experiment=experiment)
        self._execution("Evaluator", {"examples": predictions, "model": model}, {"blessing": blessing})
        self.models.append(model)
        self.blessings.append(blessing)
        return model

    def resolve(self, experiment: str, names=NAMES) -> list[standard_artifacts.Model]:
        """For a new candidate, which is among the pipeline's models."""
        candidate = self._artifact(standard_artifacts.Model, describes=names)
        found = LastBlessedOfExperiment(experiment=experiment).resolve_artifacts(
            self.store,
            {
                "model": [*self.models, candidate],
                "model_blessing": list(self.blessings),
                "candidate": [candidate],
            },
        )
        assert len(found["model"]) == len(found["model_blessing"])
        assert found["candidate"] == [candidate]
        for model, blessing in zip(found["model"], found["model_blessing"], strict=True):
            assert blessing.get_int_custom_property("current_model_id") == model.id
        return found["model"]

    def _artifact(self, kind, describes=None):
        artifact = kind()
        type_id = self.store.put_artifact_type(mlmd.ArtifactType(name=kind.TYPE_NAME))
        (artifact.id,) = self.store.put_artifacts([mlmd.Artifact(type_id=type_id)])
        artifact.uri = str(self._folder / str(artifact.id))
        if describes:
            head = dataclasses.replace(HEAD, class_names=describes, synsets=())
            path = Path(artifact.uri) / "Format-Serving" / DESCRIPTION
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"net": dataclasses.asdict(NET), "head": dataclasses.asdict(head)}))
        return artifact

    def _execution(self, kind: str, inputs: dict, outputs: dict, **properties: str) -> None:
        type_id = self.store.put_execution_type(mlmd.ExecutionType(name=kind))
        execution = mlmd.Execution(type_id=type_id)
        for name, value in properties.items():
            execution.custom_properties[name].string_value = value
        (id_,) = self.store.put_executions([execution])
        for channels, direction in ((inputs, mlmd.Event.INPUT), (outputs, mlmd.Event.OUTPUT)):
            for channel, artifact in channels.items():
                event = mlmd.Event(artifact_id=artifact.id, execution_id=id_, type=direction)
                event.path.steps.add(key=channel)
                self.store.put_events([event])


@pytest.fixture
def home(tmp_path) -> _Home:
    return _Home(tmp_path)


def test_the_last_blessed_model_of_the_same_experiment(home):
    home.run("demo")
    last = home.run("demo")
    home.run("demo", blessed=False)
    home.run("flowers")
    assert home.resolve("demo") == [last]


def test_another_experiments_model_is_no_baseline(home):
    home.run("flowers")
    assert home.resolve("demo") == []
    assert _Home(home._folder / "empty").resolve("demo") == []


def test_the_same_classes_in_another_order_are_a_baseline(home):
    last = home.run("demo", NAMES[::-1])
    assert home.resolve("demo") == [last]


def test_a_model_of_other_classes_is_none_and_this_is_said(home, capsys):
    """And no older one of the same classes either: two data sets since is another history."""
    home.run("demo")
    last = home.run("demo", (*NAMES[:6], "yak"))
    assert home.resolve("demo") == []
    said = capsys.readouterr().out
    assert said.startswith(
        f"last blessed model {last.uri}/Format-Serving: class 6, counted from 0, is 'yak', the cand"
    )
    assert said.endswith("so there is no baseline\n")


def test_the_pipeline_compiles_with_the_experiments_own_baseline(tmp_path):
    thresholds = (Threshold(TOP1_ERROR, most_worse=0.01),)
    entry = dataclasses.replace(EXPERIMENTS["demo"], evaluation=Evaluation((64,), thresholds=thresholds))
    environment = Environment(data=tmp_path / "data", home=tmp_path / "home")
    nodes = create_pipeline(entry, environment)
    (resolver,) = (node for node in nodes.components if isinstance(node, Resolver))
    assert resolver.exec_properties["source_uri"] == {"experiment": "demo"}
    assert resolver.exec_properties["resolver_class"] is LastBlessedOfExperiment
    compiled = str(Compiler().compile(nodes))
    assert "components.evaluation.baseline.LastBlessedOfExperiment" in compiled
    assert "LatestBlessedModelStrategy" not in compiled
