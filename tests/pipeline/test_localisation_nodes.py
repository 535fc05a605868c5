"""The nodes of two box nets whose boxes are merged: what each is made from, what the Localiser is given."""

import json

import pytest

from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.experiments.classes import with_classes_of_data
from pipeline.pipeline import create_pipeline


def nodes(name: str, tmp_path, experiments=EXPERIMENTS) -> dict:
    pipeline = create_pipeline(
        experiments[name], Environment.from_variables({"VGG_HOME": str(tmp_path)}), experiments
    )
    return {node.id: node for node in pipeline.components}


def producers(node) -> dict[str, str]:
    return {name: channel.producer_component_id for name, channel in node.inputs.items()}


def test_two_box_nets_each_of_its_own_chain(tmp_path):
    found = nodes("loc-D-merged", tmp_path)
    for net in ("D-256", "D-384"):
        assert producers(found[f"Trainer.{net}.boxes"])["base_model"] == f"Trainer.{net}"
    localiser, exporter = found["Localiser.D-384"], found["Exporter"]
    inputs = producers(localiser)
    assert (inputs["model"], inputs["boxes"]) == ("Trainer.D-384", "Trainer.D-384.boxes")
    assert inputs["merged_boxes"] == producers(exporter)["merged_boxes"] == "Trainer.D-256.boxes"
    told = [localiser.exec_properties[name] for name in ("evaluation", "merged_evaluation")]
    assert [json.loads(each)["shorter_sides"] for each in told] == [[352, 384], [256]]
    assert exporter.exec_properties["merged_localisation"] == told[1]
    assert [id_ for id_ in found if id_.startswith("Scorer")] == [
        id_ for id_ in nodes("loc-D-384", tmp_path) if id_.startswith("Scorer")
    ], "classes come from one net"


@pytest.mark.parametrize(("row", "weights"), [("loc-D-256", "D-256"), ("loc-D-384-multiscale", "D-384")])
def test_both_are_found_in_the_cache_of_the_rows_before(tmp_path, row, weights):
    """TFX's cache knows a Trainer by its id, its parameters and its inputs."""
    alone, together = nodes(row, tmp_path), nodes("loc-D-merged", tmp_path)
    first, second = (each[f"Trainer.{weights}.boxes"] for each in (alone, together))
    assert first.exec_properties == second.exec_properties
    assert producers(first) == producers(second)


def test_both_are_of_the_data_s_classes():
    found = with_classes_of_data(["loc-D-merged"], EXPERIMENTS, 12)
    assert {found[name].config.net.classes for name in ("loc-D-merged", "loc-D-256", "A-256")} == {12}
