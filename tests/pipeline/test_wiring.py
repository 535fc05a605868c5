"""What create_pipeline wires for an experiment; nothing is run, and no file is written."""

import dataclasses
import json

import pytest

from pipeline.environment import Environment
from pipeline.experiments.catalogue import (
    experiment,
)
from pipeline.pipeline import create_pipeline


def test_pipelines_name_trainers_by_their_nets_and_write_nothing(tmp_path):
    environment = Environment(data=tmp_path / "data", home=tmp_path / "home")

    def trainers(name):
        nodes = create_pipeline(experiment(name), environment).components
        return [node.id for node in nodes if node.id.startswith("Trainer")]

    assert trainers("demo") == ["Trainer.demo"]
    assert trainers("D-384-multiscale") == ["Trainer.A-256", "Trainer.D-256", "Trainer.D-384"]
    assert not environment.home.exists()


@pytest.mark.parametrize("name", ["demo", "D-384", "fusion-7-dense"])
def test_nothing_is_trained_or_scored_before_the_gates_let_the_data_through(tmp_path, name):
    environment = Environment(data=tmp_path, home=tmp_path / "home")
    nodes = create_pipeline(experiment(name), environment).components
    by_id = {node.id: node for node in nodes}
    assert by_id["AnomalyGate"] in by_id["Transform"].upstream_nodes
    waiting = [node for node in nodes if node.id.split(".")[0] in ("Trainer", "Scorer")]
    assert len(waiting) >= 2
    assert all(by_id["UndecodableGate"] in node.upstream_nodes for node in waiting)


def test_each_net_of_a_chain_starts_from_the_one_before_and_a_model_to_start_from_is_handed_on(tmp_path):
    environment = Environment(data=tmp_path, home=tmp_path / "home")
    nodes = {node.id: node for node in create_pipeline(experiment("D-384"), environment).components}
    bases = {
        name: node.inputs["base_model"].producer_component_id if "base_model" in node.inputs else None
        for name, node in nodes.items()
        if name.startswith("Trainer")
    }
    assert bases == {
        "Trainer.A-256": None,
        "Trainer.D-256": "Trainer.A-256",
        "Trainer.D-384": "Trainer.D-256",
    }
    given = dataclasses.replace(environment, init_from=tmp_path / "model")
    (trainer,) = (
        n for n in create_pipeline(experiment("D-384"), given).components if n.id == "Trainer.D-384"
    )
    assert "base_model" not in trainer.inputs
    assert json.loads(trainer.exec_properties["custom_config"])["init_from"] == str(tmp_path / "model")


def test_scorers_are_one_for_each_net_method_and_q(tmp_path):
    environment = Environment(data=tmp_path, home=tmp_path / "home")

    def nodes(name):
        found = [node.id for node in create_pipeline(experiment(name), environment).components]
        return [node for node in found if node.split(".")[0] in ("Trainer", "Scorer", "Pusher")]

    assert [node for node in nodes("E-256-512-multi-crop-dense") if node.startswith("Scorer")] == [
        f"Scorer.E-256-512.{method}.{q}" for method in ("dense", "multi-crop") for q in (256, 384, 512)
    ]
    fused = nodes("fusion-7-dense")
    assert len([node for node in fused if node.startswith("Scorer")]) == 7 * 3
    assert len([node for node in fused if node.startswith("Trainer")]) == 1 + 3 + 2 + 2
    assert "Pusher" not in fused


def test_a_model_to_start_from_replaces_the_chain(tmp_path):
    environment = Environment(data=tmp_path, home=tmp_path / "home", init_from=tmp_path / "model")
    nodes = create_pipeline(experiment("D-384"), environment).components
    assert [node.id for node in nodes if node.id.startswith("Trainer")] == ["Trainer.D-384"]


@pytest.mark.parametrize(("docker", "validator"), [(False, "InfraValidation"), (True, "InfraValidator")])
def test_a_server_tries_the_model_before_it_is_pushed_in_docker_where_there_is_one(
    tmp_path, docker, validator
):
    environment = Environment(data=tmp_path, home=tmp_path / "home", docker=docker)
    nodes = {node.id: node for node in create_pipeline(experiment("demo"), environment).components}
    assert nodes[validator] in nodes["Pusher"].upstream_nodes
    assert not {"InfraValidation", "InfraValidator"} - {validator} & set(nodes)
