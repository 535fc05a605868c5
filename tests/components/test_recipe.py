"""The configuration that the Trainer is given: written as JSON and read again, mistakes refused."""

import dataclasses
import json

import pytest

from components.recipe import (
    Evaluation,
    Precision,
    Threshold,
    TrainedLayers,
    TrainerConfig,
    Training,
    from_json,
    to_json,
)
from models.errors import InputError
from models.initialisation import Initialisation
from models.net import Net
from models.protocols import Protocol
from pipeline.experiments.catalogue import EXPERIMENTS

# Every field differs from its default.
UNUSUAL = TrainerConfig(
    net=Net("E", classes=7, width=4, input_size=96),
    training=Training(
        smallest_side=96,
        largest_side=128,
        batch=5,
        learning_rate=0.125,
        momentum=0.5,
        patience=2,
        most_drops=1,
        most_epochs=3,
        drops=(1, 2),
        l2=0.25,
        dropout=0.75,
        colour_shift=False,
        initialisation=Initialisation.PAPER,
        precision=Precision.BFLOAT16,
        jit_compile=True,
        most_steps=11,
        seed=13,
        new_last_layer=True,
        trained_layers=TrainedLayers.LAST,
        last_layer_rate=3.0,
    ),
)
PROTOCOL = Evaluation(
    (96, 160),
    flip=False,
    protocol=Protocol.TEN_CROP,
    thresholds=(Threshold("cross_entropy", most=2.5, most_worse=0.125, by_class=True),),
)


def _changed(part: str, **fields) -> str:
    values = json.loads(to_json(UNUSUAL))
    values[part].update(fields)
    return json.dumps(values)


@pytest.mark.parametrize("part", [UNUSUAL.net, UNUSUAL.training, PROTOCOL])
def test_the_unusual_configuration_has_no_default(part):
    fields = dataclasses.fields(part)
    assert [field.name for field in fields if getattr(part, field.name) == field.default] == []


@pytest.mark.parametrize(
    "config",
    [
        UNUSUAL,
        PROTOCOL,
        *(entry.config for entry in EXPERIMENTS.values()),
        *(entry.evaluation for entry in EXPERIMENTS.values()),
    ],
)
def test_json_and_back(config):
    text = to_json(config)
    again = from_json(type(config), text)
    assert again == config
    assert hash(again) == hash(config)
    assert "\n" not in text


def test_enums_come_back_as_enums():
    """A plain "paper" would equal Initialisation.PAPER, but has no kernel_initializer."""
    training = from_json(TrainerConfig, to_json(UNUSUAL)).training
    assert training.initialisation is Initialisation.PAPER
    assert training.precision is Precision.BFLOAT16


def test_parts_of_an_evaluation_come_back_as_what_they_were():
    again = from_json(Evaluation, to_json(PROTOCOL))
    assert again.protocol is Protocol.TEN_CROP
    assert isinstance(again.thresholds[0], Threshold)


@pytest.mark.parametrize(
    ("fields", "found"),
    [({"metric": "accuracy", "most": 1.0}, "'accuracy'"), ({"metric": "top1_error"}, "no bound")],
)
def test_a_threshold_that_says_nothing_is_refused(fields, found):
    with pytest.raises(InputError, match=f"{found}.*expected"):
        Threshold(**fields)


def test_equal_configurations_are_equal_strings_and_others_are_not():
    configs = {entry.config for entry in EXPERIMENTS.values()}
    assert len({to_json(config) for config in configs}) == len(configs)
    reordered = json.dumps(dict(reversed(json.loads(to_json(UNUSUAL)).items())))
    assert to_json(from_json(TrainerConfig, reordered)) == to_json(UNUSUAL)


@pytest.mark.parametrize("part", ["net", "training"])
def test_an_unknown_field_is_an_error(part):
    with pytest.raises(TypeError, match="learning_rat"):
        from_json(TrainerConfig, _changed(part, learning_rat=0.1))


def test_an_unknown_part_is_an_error():
    with pytest.raises(TypeError, match="trainning"):
        from_json(TrainerConfig, json.dumps(json.loads(to_json(UNUSUAL)) | {"trainning": {}}))
    with pytest.raises(TypeError, match="fli"):
        from_json(Evaluation, '{"shorter_sides": [64], "fli": true}')


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"smallest_side": 0}, "S from 0 to 128"),
        ({"smallest_side": -1, "largest_side": -1}, "S from -1 to -1"),
        ({"smallest_side": 129}, "S from 129 to 128"),
        ({"batch": 0}, "batch 0"),
        ({"most_epochs": 0}, "epochs 0"),
        ({"patience": 0}, "patience 0"),
    ],
)
def test_impossible_values_are_refused_in_one_line(fields, found):
    with pytest.raises(InputError, match=f"{found}.*expected") as caught:
        dataclasses.replace(UNUSUAL.training, **fields)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=found):
        from_json(TrainerConfig, _changed("training", **fields))


def test_an_unknown_initialisation_is_refused():
    with pytest.raises(ValueError, match="zeros"):
        from_json(TrainerConfig, _changed("training", initialisation="zeros"))


def test_a_configuration_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        UNUSUAL.training.batch = 1


def test_the_defaults_are_the_papers():
    """Section 3.1."""
    training = Training()
    assert (training.batch, training.momentum, training.l2, training.dropout) == (256, 0.9, 5e-4, 0.5)
    assert (training.learning_rate, training.most_drops) == (1e-2, 3)
    assert training.scales == (256, 256)


@pytest.mark.parametrize(("scales", "middle"), [((256, 256), 256), ((384, 384), 384), ((256, 512), 384)])
def test_the_middle_of_the_scales_is_section_4_1s_q(scales, middle):
    assert Training(smallest_side=scales[0], largest_side=scales[1]).middle_side == middle
