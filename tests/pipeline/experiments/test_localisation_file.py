"""The localisation of an experiment, in its file and as settings."""

from dataclasses import replace

import pytest

from components.localisation.box_recipe import BoxEvaluation
from components.recipe import TrainedLayers
from models.errors import InputError
from models.localisation.regression import Regression
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.experiments.experiment_file import to_toml, with_settings

BOXES = EXPERIMENTS["demo-boxes"]


@pytest.mark.parametrize("name", ["demo-boxes", "loc-D-384-multiscale", "loc-D-384-scr-fc", "loc-D-merged"])
def test_a_localisation_that_is_shown_is_read_again(read, name):
    found = read(to_toml(EXPERIMENTS[name]))
    assert found.localisation == EXPERIMENTS[name].localisation
    assert found.weights == EXPERIMENTS[name].weights


def test_fields_of_localisation_in_a_file_and_as_settings(read):
    """All that is not named stays the base's, and the classification net is found in the cache."""
    text = """
        base = "demo-boxes"
        [localisation]
        regression = "scr"
        [localisation.training]
        trained_layers = "fc"
        most_epochs = 3
        [localisation.evaluation]
        shorter_sides = [64, 80]
        """
    fields = ("training.trained_layers=fc", "training.most_epochs=3", "evaluation.shorter_sides=[64, 80]")
    words = [f"localisation.{field}" for field in ("regression=scr", *fields)]
    wanted = replace(
        BOXES.localisation,
        regression=Regression.SHARED,
        training=replace(BOXES.localisation.training, trained_layers=TrainedLayers.FC, most_epochs=3),
        evaluation=BoxEvaluation((64, 80)),
    )
    for found in (read(text), with_settings(BOXES, words)):
        assert found.localisation == wanted
        assert (found.weights, found.config) == (BOXES.weights, BOXES.config)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("regresion=scr", "localisation: regresion: unknown; did you mean regression"),
        ("regression=both", "localisation.regression = 'both'; expected one of scr, pcr"),
        ("training.batch=x", "localisation.training.batch = 'x'; expected a whole number"),
        ("training.bach=3", "localisation.training: bach: unknown; did you mean batch"),
        ("training=3", "localisation.training = 3; expected a table of fields"),
        ("training.trained_layers=last", "a box net's are all or fc"),
        ("training.new_last_layer=false", "expected true"),
        ("evaluation.shorter_sides=[]", "localisation.evaluation: no Q; expected at least one"),
        ("evaluation.shorter_sides=[32]", "Q (32,): smaller than the net's crop of 64"),
        ("training.smallest_side=48", "S (48, 64): smaller than the net's crop of 64"),
        ("merged_with=nobody", "merged_with: nobody: unknown; expected one that localises"),
        ("merged_with=demo", "merged_with: demo does not localise; expected one that"),
        ("merged_with=demo-boxes", "demo-boxes has the same net, demo; expected one"),
    ],
)
def test_a_mistake_in_localisation_is_one_line(setting, said):
    with pytest.raises(InputError) as raised:
        with_settings(BOXES, [f"localisation.{setting}"])
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_base_without_a_box_net_and_a_field_below_a_value_are_mistakes():
    with pytest.raises(InputError, match="localisation: demo has no box net; expected a base that localises"):
        with_settings(EXPERIMENTS["demo"], ["localisation.regression=scr"])
    words = ["localisation.training=3", "localisation.training.batch=3"]
    with pytest.raises(InputError, match="training is set to a value, too; expected a table"):
        with_settings(BOXES, words)
