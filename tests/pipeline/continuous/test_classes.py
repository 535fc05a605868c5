"""Other classes than the model's, and what an experiment becomes for a generation."""

import pytest

from components.recipe import TOP1_ERROR, Threshold
from models.label_space import LabelSpace
from pipeline.continuous.classes import change_of_classes, for_generation
from pipeline.experiments.catalogue import experiment

MODEL = LabelSpace(("cat", "dog", "owl"))


@pytest.mark.parametrize(
    "names", [("cat", "dog", "owl"), ("owl", "cat", "dog"), ("cat", "", "owl"), ("", "", "")]
)
def test_the_same_classes_in_any_order(names):
    assert change_of_classes(MODEL, LabelSpace(names), 3) is None


@pytest.mark.parametrize(
    ("names", "added", "removed"),
    [
        (("ant", "cat", "dog", "owl"), ("ant",), ()),
        (("cat", "dog"), (), ("owl",)),
        (("cat", "dog", "yak"), ("yak",), ("owl",)),
    ],
)
def test_other_classes_are_named(names, added, removed):
    found = change_of_classes(MODEL, LabelSpace(names), len(names))
    assert (found.added, found.removed) == (added, removed)
    assert all(name in str(found) for name in (*added, *removed))


def test_a_number_that_alone_differs_is_said():
    found = change_of_classes(MODEL, LabelSpace(("", "", "", "")), 4)
    assert (found.added, found.removed) == ((), ())
    assert "another number of classes" in str(found)
    assert change_of_classes(MODEL, LabelSpace(("cat", "dog")), 3) is None, "no image of the owls is there"


def test_a_bound_against_the_last_blessed_model_is_added_where_there_is_none_and_the_name_stays():
    entry = experiment("demo")
    adapted = for_generation(entry, new_last_layer=False, most_worse=0.02)
    assert adapted.evaluation.thresholds == (
        *entry.evaluation.thresholds,
        Threshold(TOP1_ERROR, most_worse=0.02),
    )
    assert (adapted.name, adapted.config) == (entry.name, entry.config)
    again = for_generation(adapted, new_last_layer=True, most_worse=0.5)
    assert again.evaluation == adapted.evaluation
    assert again.config.training.new_last_layer
