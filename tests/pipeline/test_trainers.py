"""The wiring of an SVM: what describes the images, and the Trainer that waits for it."""

import dataclasses
import json

import pytest

from models.errors import InputError
from models.net import Net
from pipeline.environment import Environment
from pipeline.experiments.base_net import note_on_base, with_net_of_base
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.pipeline import create_pipeline
from pipeline.running.run import run

BASE = Net("A", classes=10, width=8, input_size=64)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    environment = Environment(
        data=folder / "data", home=folder / "home", init_from=folder / "model", init_fingerprint="abc"
    )
    experiment = with_net_of_base(EXPERIMENTS["transfer"], BASE)
    found = create_pipeline(experiment, environment, {**EXPERIMENTS, "transfer": experiment})
    return {node.id: node for node in found.components}


def test_each_q_is_described_once_by_the_model_that_is_named(nodes):
    described = [id_ for id_ in nodes if id_.startswith("Descriptors")]
    assert sorted(described) == ["Descriptors.110", "Descriptors.146", "Descriptors.73"]
    for id_ in described:
        given = nodes[id_].exec_properties
        assert (given["model"][-6:], given["content"], given["flip"]) == ("/model", "abc", 1)
        assert given["shorter_side"] == int(id_.partition(".")[2])
        assert given["code"]


def test_the_trainer_is_given_descriptors_and_everything_behind_it_is_as_always(nodes):
    trainer = nodes["Trainer.transfer"]
    assert trainer.exec_properties["run_fn"] == "components.transfer.svm_trainer.run_fn"
    producers = {channel.producer_component_id for channel in trainer.inputs["examples"].channels}
    assert producers == {"Descriptors.73", "Descriptors.110", "Descriptors.146"}
    custom = json.loads(trainer.exec_properties["custom_config"])
    assert (custom["init_from"][-6:], custom["init_fingerprint"]) == ("/model", "abc")
    assert {"Exporter", "Scorer.transfer.dense.73", "Evaluator", "InfraValidation", "Pusher"} <= set(nodes)
    assert list(nodes).index("Descriptors.146") < list(nodes).index("Trainer.transfer")


def test_a_net_that_is_trained_needs_no_descriptors(tmp_path):
    environment = Environment(data=tmp_path / "data", home=tmp_path / "home")
    ids = [node.id for node in create_pipeline(EXPERIMENTS["demo"], environment).components]
    assert not [id_ for id_ in ids if id_.startswith("Descriptors")]


def test_an_svm_without_a_model_to_start_from_is_one_line(tmp_path):
    for name, settings in (("transfer", ""), ("demo", "training.trained_layers=svm")):
        variables = {"VGG_EXPERIMENT": name, "VGG_SET": settings, "VGG_HOME": str(tmp_path / "home")}
        with pytest.raises(InputError, match="starts from a model, and none is named"):
            run(variables)
    assert list(tmp_path.iterdir()) == []


def test_s_and_q_that_become_those_of_the_base_net_are_said():
    finetune, transfer = EXPERIMENTS["finetune"], EXPERIMENTS["transfer"]
    assert note_on_base(finetune, with_net_of_base(finetune, BASE)) == (
        "S = 73 to 146, Q = 73, 110, 146: the experiment's S = 256 to 512, Q = 256, 384, 512 are for crops "
        "of 224 pixels, and the model to start from has 64"
    )
    assert note_on_base(transfer, with_net_of_base(transfer, BASE)).startswith("Q = 73, 110, 146: the")
    assert note_on_base(finetune, with_net_of_base(finetune, dataclasses.replace(BASE, input_size=224))) == ""
