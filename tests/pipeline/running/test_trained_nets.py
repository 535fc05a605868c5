"""A net is not trained anew without a word, and stays where its user says so."""

import dataclasses
import json
import re

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from components.recipe import to_json
from models.errors import InputError
from pipeline.code_of_nodes import code_of, training_code
from pipeline.environment import Environment
from pipeline.experiments.catalogue import experiment
from pipeline.metadata_connection import metadata_connection
from pipeline.pipeline import create_pipeline
from pipeline.running.trained_nets import kept_code, lines_of_change, trained_nets

State = metadata_store_pb2.Execution
DEMO = experiment("demo")
LINE = (
    r"Trainer\.demo: trained \d{4}-\d\d-\d\d \d\d:\d\d by other code of Transform, Trainer\.demo; it is "
    r"trained anew; VGG_KEEP_NETS=1 would keep it"
)


@pytest.fixture
def environment(tmp_path):
    return Environment(data=tmp_path / "data", home=tmp_path / "home")


@pytest.fixture
def record(environment):
    """A run in ML Metadata as TFX records it: each node's code, and how its Trainer ended."""
    environment.home.mkdir()
    runs = iter(range(99))

    def record(code: dict[str, str], state=State.COMPLETE, config=DEMO.config) -> None:
        with metadata.Metadata(metadata_connection(environment)) as handle:
            store, run = handle.store, f"run {next(runs)}"
            for node, fingerprint in code.items():
                kind = store.put_execution_type(metadata_store_pb2.ExecutionType(name=node.split(".")[0]))
                execution = metadata_store_pb2.Execution(type_id=kind, last_known_state=state)
                if node.startswith("Trainer"):
                    text = json.dumps({"config": to_json(config), "code": fingerprint})
                    execution.custom_properties["custom_config"].string_value = text
                elif fingerprint:
                    execution.custom_properties["code"].string_value = fingerprint
                contexts = []
                for type_, name in (("pipeline_run", run), ("node", f"vgg.{node}")):
                    type_id = store.put_context_type(metadata_store_pb2.ContextType(name=type_))
                    contexts.append(metadata_store_pb2.Context(type_id=type_id, name=name))
                store.put_execution(execution, [], contexts, reuse_context_if_already_exist=True)

    return record


def _lines(environment, kept=None):
    nets = trained_nets(environment, DEMO)
    return lines_of_change(nets, create_pipeline(DEMO, environment, kept=kept), DEMO)


def test_a_home_without_runs_has_none_and_is_not_made(environment):
    assert trained_nets(environment, DEMO) == []
    assert not environment.home.exists()


def test_a_net_of_other_code_is_named_with_what_changed(environment, record):
    record(
        {"Transform": "old", "WrittenSchemaGen": _now(environment)["WrittenSchemaGen"], "Trainer.demo": "x"}
    )
    (line,) = _lines(environment)
    assert re.fullmatch(LINE, line)


def test_the_same_code_is_no_line(environment, record):
    record(_now(environment))
    assert _lines(environment) == []
    assert _now(environment)["Trainer.demo"] == training_code()


def test_a_gate_s_code_trains_nothing_anew(environment, record):
    record(
        {**_now(environment), "AnomalyGate": "old", "UndecodableGate": "old", "Scorer.demo.dense.64": "old"}
    )
    assert _lines(environment) == []


def test_another_recipe_is_no_line(environment, record):
    training = dataclasses.replace(DEMO.config.training, most_epochs=3)
    record({"Trainer.demo": "old"}, config=dataclasses.replace(DEMO.config, training=training))
    assert _lines(environment) == []


def test_a_training_that_was_broken_off_is_told_too(environment, record):
    record({"Trainer.demo": "old"}, state=State.RUNNING)
    (line,) = _lines(environment)
    assert line.startswith("Trainer.demo: begun ")


def test_another_pipeline_s_nets_are_none(environment, record):
    record({"Trainer.demo": "old"})
    assert trained_nets(dataclasses.replace(environment, pipeline_name="vgg-other"), DEMO) == []


def test_kept_code_is_that_of_the_newest_net_that_was_finished(environment, record):
    """After it a run of newer code was stopped while it trained; its Transform had finished."""
    record({"Transform": "oldest", "Trainer.demo": "oldest"})
    record({"Transform": "old", "AnomalyGate": "", "Trainer.demo": "old"})
    record({"Transform": "new", "Trainer.demo": "new"}, state=State.FAILED)
    kept = kept_code(trained_nets(environment, DEMO))
    assert kept == {"Transform": "old", "AnomalyGate": "", "Trainer.demo": "old"}
    assert _lines(environment, kept) == []


def test_a_chain_is_kept_as_its_last_net_was_made(environment, record):
    """Net A was trained again by newer code: D keeps the A that it started from."""
    last = experiment("small-D-64")
    record({"Transform": "old", "Trainer.small-A-64": "old", "Trainer.small-D-64": "old"}, config=last.config)
    record({"Transform": "new", "Trainer.small-A-64": "new"})
    kept = kept_code(trained_nets(environment, last))
    assert kept == {"Transform": "old", "Trainer.small-A-64": "old", "Trainer.small-D-64": "old"}


def test_the_variable_is_0_or_1(tmp_path):
    variables = {"VGG_HOME": str(tmp_path)}
    assert not Environment.from_variables(variables).keep_nets
    assert Environment.from_variables({**variables, "VGG_KEEP_NETS": "1"}).keep_nets
    with pytest.raises(InputError, match="VGG_KEEP_NETS=yes: expected 1"):
        Environment.from_variables({**variables, "VGG_KEEP_NETS": "yes"})


def _now(environment) -> dict[str, str]:
    return {node.id: code_of(node) for node in create_pipeline(DEMO, environment).components}
