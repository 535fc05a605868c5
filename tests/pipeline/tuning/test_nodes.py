"""The wiring of a tuning, and TFX's Tuner as it is wired; trainings and the data are stand-ins."""

import dataclasses
import json
from types import SimpleNamespace

import pytest
from tfx.types import artifact_utils, standard_artifacts

from components.recipe import Evaluation, TrainerConfig, from_json, to_json
from components.training import trainer
from components.tuning import trial
from components.tuning.space import Dimension, Tuning
from components.tuning.trial import OUTCOME
from components.tuning.trials import Outcome
from components.tuning.trials_file import read_trials
from models.errors import InputError, Preempted, Untrainable
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.pipeline import create_pipeline
from pipeline.tuning.nodes import tuning_pipeline

DEMO = EXPERIMENTS["demo"]
RATE = "training.learning_rate"
DIMENSIONS = (Dimension(RATE, low=1e-4, high=1e-1, logarithmic=True), Dimension("net.width", (4, 8)))
TUNING = Tuning(DIMENSIONS, trials=3, seed=5)
BEFORE = {
    "ShardExampleGen",
    "StatisticsGen",
    "WrittenSchemaGen",
    "ExampleValidator",
    "AnomalyGate",
    "Transform",
    "UndecodableGate",
}


def nodes(folder, name="demo", tuning=TUNING, **of_environment):
    environment = Environment(data=folder / "data", home=folder / "home", **of_environment)
    made = tuning_pipeline(EXPERIMENTS[name], tuning, environment, EXPERIMENTS, {})
    run = create_pipeline(EXPERIMENTS[name], environment)
    return {node.id: node for node in made.components}, {node.id: node for node in run.components}


def test_all_before_the_tuner_is_what_a_run_computes_too(tmp_path):
    made, run = nodes(tmp_path)
    assert list(made)[-1] == "Tuner.demo"
    assert set(made) - {"Tuner.demo"} == BEFORE
    assert all(made[id_].exec_properties == run[id_].exec_properties for id_ in BEFORE)
    chain, run = nodes(tmp_path, "small-D-64")
    assert set(chain) == {*BEFORE, "Trainer.small-A-64", "Tuner.small-D-64"}
    base = chain["Tuner.small-D-64"].inputs["base_model"]
    assert base.producer_component_id == "Trainer.small-A-64"
    assert chain["Trainer.small-A-64"].exec_properties == run["Trainer.small-A-64"].exec_properties
    alone, _ = nodes(tmp_path, "small-D-64", init_from=tmp_path / "model", init_fingerprint="abc")
    assert set(alone) == {*BEFORE, "Tuner.small-D-64"}
    custom = json.loads(alone["Tuner.small-D-64"].exec_properties["custom_config"])
    assert (custom["init_from"][-6:], custom["init_fingerprint"]) == ("/model", "abc")


@pytest.fixture
def tuner(tmp_path, monkeypatch):
    """Carries out the Tuner of `nodes` by TFX's executor; gives the folders of its two outputs."""
    examples, graph, schema = (
        kind()
        for kind in (
            standard_artifacts.Examples,
            standard_artifacts.TransformGraph,
            standard_artifacts.Schema,
        )
    )
    examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
    for name, artifact in (("examples", examples), ("graph", graph), ("schema", schema)):
        artifact.uri = str(tmp_path / name)
        (tmp_path / name).mkdir()
    (tmp_path / "schema" / "schema.pbtxt").write_text("")
    inputs = SimpleNamespace(images=100, base_model="", validation=None, layout=None)
    monkeypatch.setattr(trainer, "training_inputs", lambda arguments, classes: inputs)
    made = iter(range(1, 99))

    def run(try_out, tuning=TUNING):
        def here(config, evaluation, inputs, folder, strategy):
            found = try_out(config, evaluation)
            folder = tmp_path / folder
            folder.mkdir(parents=True)
            (folder / OUTCOME).write_text(json.dumps(dataclasses.asdict(found)))
            return found

        monkeypatch.setattr(trial, "try_out", here)  # where TFX's import of the tuner finds it
        node = nodes(tmp_path, tuning=tuning)[0]["Tuner.demo"]
        best, results = standard_artifacts.HyperParameters(), standard_artifacts.TunerResults()
        for name, artifact in (("best_hyperparameters", best), ("tuner_results", results)):
            artifact.uri = str(tmp_path / "Tuner.demo" / name / str(next(made)))
            (tmp_path / "Tuner.demo" / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / artifact.uri).mkdir()
        node.executor_spec.executor_class().Do(
            {"examples": [examples], "transform_graph": [graph], "schema": [schema]},
            {"best_hyperparameters": [best], "tuner_results": [results]},
            dict(node.exec_properties),
        )
        return tmp_path / best.uri, tmp_path / results.uri

    return run


def outcome(error: float) -> Outcome:
    return Outcome({"images": 300.0, "top1_error": error, "top5_error": 0.0, "cross_entropy": 1.0}, 2.0)


def by_rate(config: TrainerConfig, evaluation: Evaluation) -> Outcome:
    """The lower the rate, the better."""
    return outcome(config.training.learning_rate)


def test_each_trial_is_the_experiment_with_its_values_and_the_best_is_tfxs_too(tuner, capfd):
    seen = []

    def of(config, evaluation):
        seen.append(config)
        assert evaluation == DEMO.evaluation
        return by_rate(config, evaluation)

    best, results = tuner(of)
    trials = read_trials(str(results))
    assert [one.number for one in trials] == [1, 2, 3]
    assert seen[0] == DEMO.config
    for config, one in zip(seen, trials, strict=True):
        own = json.loads(to_json(DEMO.config))
        own["training"]["learning_rate"], own["net"]["width"] = one.values[RATE], one.values["net.width"]
        assert config == from_json(TrainerConfig, json.dumps(own))
    least = min(trials, key=lambda one: one.outcome.metrics["top1_error"])
    (file,) = best.iterdir()
    assert json.loads(file.read_text())["values"] == least.values
    scores = [one["score"] for one in json.loads((results / "tuner_results.json").read_text())]
    assert scores == sorted(one.outcome.metrics["top1_error"] for one in trials)
    said = capfd.readouterr().out.splitlines()
    assert said[0] == "  trial 1 of 3: learning_rate 0.0025, width 8"
    assert said[1] == "  top-1 error 0.2 %"
    assert len(said) == 6, "KerasTuner's own lines are none of ours"


def test_a_tuning_that_was_stopped_goes_on_and_more_trials_go_on_from_it(tuner, capfd):
    seen = []

    def stopped_in_the_second(config, evaluation):
        seen.append(config)
        if len(seen) == 2:
            raise Preempted("stopped by SIGTERM after step 1; run the same command to go on")
        return by_rate(config, evaluation)

    with pytest.raises(Preempted, match="after step 1"):
        tuner(stopped_in_the_second)
    first = read_trials(str(tuner(stopped_in_the_second)[1]))
    assert len(seen) == 4, "the first trial is not repeated, the second is"
    assert seen[1] == seen[2]
    assert "trial 1 of 3: learning_rate 0.0025, width 8 (done before)" in capfd.readouterr().out
    more = dataclasses.replace(TUNING, trials=5)
    five = read_trials(str(tuner(stopped_in_the_second, more)[1]))
    assert five[:3] == first
    assert len(seen) == 6


def test_what_cannot_be_trained_is_a_trial_and_all_of_them_are_an_error(tuner):
    failed = Outcome({}, 1.0, "the loss of step 3 is nan")
    best, results = tuner(lambda config, _: failed if config == DEMO.config else outcome(0.4))
    assert [one.outcome.failure for one in read_trials(str(results))] == [failed.failure, "", ""]
    with pytest.raises(InputError, match="none of 4 trials could be trained"):
        tuner(lambda *_: failed, Tuning((DIMENSIONS[0],), 4, seed=6))


def test_a_loss_that_is_not_finite_is_an_outcome(tmp_path, monkeypatch):
    def diverged(*_):
        raise Untrainable("training: the loss of step 3 is nan; lower the experiment's learning rate")

    monkeypatch.setattr(trial, "trained", diverged)
    folder = str(tmp_path / "trial")
    inputs = SimpleNamespace(validation=None, layout=None)
    found = trial.try_out(DEMO.config, DEMO.evaluation, inputs, folder, None)
    assert (found.failure, found.metrics) == ("the loss of step 3 is nan", {})
    assert trial.done_before(folder) == found
    assert trial.done_before(str(tmp_path / "other")) is None
