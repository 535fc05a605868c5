"""As many classes as the data have, in all nets of an experiment, unless its file fixes them."""

import dataclasses

import pytest

from pipeline.experiments.catalogue import EXPERIMENTS, chain, fused
from pipeline.experiments.classes import note_on_classes, with_classes_of_data


def _classes(name, experiments):
    members = fused(experiments[name], experiments)
    return {stage.name: stage.config.net.classes for each in members for stage in chain(each, experiments)}


@pytest.mark.parametrize("there", [1, 2, 3, 12, 1500])
def test_every_net_of_the_chain_and_of_the_fusion_has_as_many_as_the_data(there):
    found = with_classes_of_data(["fusion-D-E-dense"], EXPERIMENTS, there)
    classes = _classes("fusion-D-E-dense", found)
    assert {"A-256", "D-256", "D-384", "E-256"} <= set(classes)
    assert set(classes.values()) == {there}
    assert found["flowers"] is EXPERIMENTS["flowers"], "others stay as they were"
    assert _classes("fusion-D-E-dense", EXPERIMENTS)["A-256"] == 1000


def test_nothing_else_changes():
    taken = with_classes_of_data(["small-D-64"], EXPERIMENTS, 12)["small-D-64"]
    written = EXPERIMENTS["small-D-64"]
    net = dataclasses.replace(taken.config.net, classes=written.config.net.classes)
    assert dataclasses.replace(taken, config=dataclasses.replace(taken.config, net=net)) == written


def test_an_experiment_that_fixes_them_keeps_them_and_gives_them_to_the_nets_that_it_starts_from():
    written = EXPERIMENTS["small-D-64"]
    net = dataclasses.replace(written.config.net, classes=12)
    config = dataclasses.replace(written.config, net=net)
    own = dataclasses.replace(written, name="own", config=config, fixes_classes=True)
    found = with_classes_of_data(["own"], {**EXPERIMENTS, "own": own}, 3)
    assert _classes("own", found) == {"small-A-64": 12, "own": 12}
    assert note_on_classes(own, found["own"], 3) == ""


def test_where_the_data_do_not_tell_the_experiments_number_is_taken_and_said():
    found = with_classes_of_data(["flowers"], EXPERIMENTS, None)
    assert found == EXPERIMENTS
    assert note_on_classes(EXPERIMENTS["flowers"], found["flowers"], None) == (
        "Classes: 5, as experiment flowers has; the data do not tell how many they have; "
        "VGG_SET=net.classes=N sets another number"
    )


@pytest.mark.parametrize(
    ("there", "said"), [(5, ""), (12, "Classes: 12, as the data have; experiment flowers is written for 5")]
)
def test_another_number_than_the_experiments_is_said(there, said):
    found = with_classes_of_data(["flowers"], EXPERIMENTS, there)
    assert note_on_classes(EXPERIMENTS["flowers"], found["flowers"], there) == said
