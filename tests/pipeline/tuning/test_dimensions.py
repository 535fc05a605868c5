"""Which fields are tried and within which bounds, and what cannot be tried is one line."""

import dataclasses

import pytest

from components.tuning.space import Dimension
from models.errors import InputError
from pipeline.experiments.catalogue import EXPERIMENTS, experiment
from pipeline.tuning.dimensions import combinations, dimensions, lines
from pipeline.tuning.tune import shortened

DEMO = experiment("demo")  # S from 64 to 80, batch 16, rate 2.5e-3, width 8


def found(*words: str, has_base: bool = False, of=DEMO) -> tuple[Dimension, ...]:
    return dimensions(of, words, has_base=has_base)


def test_the_usual_ones_lie_around_what_the_experiment_has():
    assert found() == (
        Dimension("training.learning_rate", low=2.5e-4, high=1e-2, logarithmic=True),
        Dimension("training.batch", (8, 16, 32)),
        Dimension("net.width", (4, 8, 16)),
        Dimension("training.largest_side", (64, 80, 96, 128)),
    )
    assert [one.field for one in found(has_base=True)] == [
        "training.learning_rate",
        "training.batch",
        "training.largest_side",
    ]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_has_usual_ones_that_go_together(name):
    entry = EXPERIMENTS[name]
    usual = found(has_base=bool(entry.starts_from), of=entry)
    assert {one.field for one in usual} <= {
        "training.learning_rate",
        "training.batch",
        "net.width",
        "training.largest_side",
    }


def test_those_that_are_named_alone_and_with_their_own_values():
    words = ("net.width=8", "training.batch=64,16,64", "training.dropout=0..0.5", "training.l2=1e-5..1e-3")
    assert found(*words, "training.patience = 2 .. 6", "training.colour_shift=true,false") == (
        Dimension("net.width", (8,)),
        Dimension("training.batch", (64, 16)),
        Dimension("training.dropout", low=0.0, high=0.5),
        Dimension("training.l2", low=1e-5, high=1e-3, logarithmic=True),
        Dimension("training.patience", low=2, high=6, whole=True),
        Dimension("training.colour_shift", (True, False)),
    )
    assert found("training.initialisation=he,glorot")[0].values == ("he", "glorot")
    assert found("training.batch") == (Dimension("training.batch", (8, 16, 32)),)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("batch=16", r"--tune batch=16: expected SECTION.FIELD, such as training.batch=16,32"),
        ("trainning.batch=16", r"trainning: unknown; did you mean training\?"),
        ("training.batches=16", r"training: batches: unknown; did you mean batch\?"),
        ("evaluation.flip=true", r"evaluation: unknown; expected one of net, training"),
        ("training.batch=16,many", r"training.batch=16,many = 'many'; expected a whole number"),
        ("training.batch=0,16", r"with training.batch = 0: batch 0, .*expected at least 1"),
        ("net.width=2,3,4", r"width 3: expected a divisor of 64"),
        (
            "training.learning_rate=1e-2..1e-3",
            r"expected LOW..HIGH, two numbers above 0, the lower one first",
        ),
        ("training.learning_rate=0.0..1e-3", r"two numbers above 0, the lower one first"),
        ("training.batch=8..", r"batch=8.. = ''; expected a whole number"),
        ("training.colour_shift=false..true", r"expected LOW..HIGH, two numbers, the lower"),
        ("training.drops=5", r"is a list; expected a field of one value"),
        ("training.momentum", r"has no usual bounds; expected training.momentum=VALUE,VALUE or"),
        ("net.classes=3,4", r"is not tried: the data say it"),
        ("training.seed=1,2", r"is not tried: the best of several seeds is luck"),
        (
            "training.smallest_side=48,64",
            r"with training.smallest_side = 48: S from 48: smaller than the crop",
        ),
    ],
)
def test_what_cannot_be_tried(word, said):
    with pytest.raises(InputError, match=said) as caught:
        found(word)
    assert "\n" not in str(caught.value)


def test_ranges_that_do_not_go_together():
    words = ("training.smallest_side=64..96", "training.largest_side=80,128")
    with pytest.raises(InputError, match="smallest_side = 96, training.largest_side = 80: S from 96 to 80"):
        found(*words)
    assert len(found("training.smallest_side=64..80", words[1])) == 2


def test_the_shape_of_a_net_to_start_from_is_fixed():
    with pytest.raises(InputError, match="net.width=4,8: the net has the shape of the model to start from"):
        found("net.width=4,8", has_base=True)
    with pytest.raises(InputError, match="training.batch: is named twice"):
        found("training.batch=1,2", "training.batch=3")


def test_each_range_is_said_with_what_the_experiment_has():
    assert lines(found("training.learning_rate", "net.width=4,8"), DEMO.config) == [
        "training.learning_rate  0.00025 to 0.01, logarithmically; the experiment has 0.0025",
        "net.width               4, 8; the experiment has 8",
    ]


def test_how_many_trials_differ():
    assert combinations(found("net.width=4,8", "training.batch=1..3")) == 6
    assert combinations(found()) == float("inf")


def test_fewer_epochs_divide_the_rate_after_the_same_share_of_them():
    training = shortened(DEMO, 5).config.training  # 15 epochs, divided after 11 and 14
    assert (training.most_epochs, training.drops) == (5, (4, 5))
    assert shortened(DEMO, 1).config.training.drops == (1,)  # none would be another schedule
    assert shortened(DEMO, 15) == DEMO == shortened(DEMO, 0)
    plateau = dataclasses.replace(
        DEMO,
        config=dataclasses.replace(DEMO.config, training=dataclasses.replace(DEMO.config.training, drops=())),
    )
    assert shortened(plateau, 3).config.training.drops == ()
