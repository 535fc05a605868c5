"""Which trials are drawn, how they are counted, and what becomes of those that fail or are interrupted."""

import pytest
from keras_tuner.errors import FatalError

from components.recipe import TrainerConfig, Training
from components.tuning.space import Dimension, Tuning, values_of, with_values
from components.tuning.trials import Outcome
from components.tuning.tuner import check_any_trained, check_batches, tuner_of
from models.errors import InputError, Preempted
from models.net import Net

CONFIG = TrainerConfig(Net("A", classes=3, width=8, input_size=64), Training(64, 80, batch=16))
RATE, BATCH, WIDTH = "training.learning_rate", "training.batch", "net.width"
DIMENSIONS = (
    Dimension(RATE, low=1e-4, high=1e-1, logarithmic=True),
    Dimension(BATCH, (8, 16, 32)),
    Dimension("training.patience", low=2, high=6, whole=True),
)


@pytest.fixture
def search(tmp_path):
    """Runs a tuning whose trials' outcomes a function of number and values gives; all as they ended."""

    def search(of, trials=6, seed=0, dimensions=DIMENSIONS, objective="top1_error"):
        tuning = Tuning(dimensions, trials, seed, objective)
        tuner = tuner_of(tuning, values_of(CONFIG, dimensions), str(tmp_path), of)
        tuner.search(verbose=0)
        return tuner

    return search


def error(value: float) -> Outcome:
    return Outcome({"images": 10, "top1_error": value, "cross_entropy": 1 - value}, 1.0)


def test_the_first_trial_is_the_experiment_and_the_others_lie_within_the_bounds(search):
    trials = search(lambda number, values: error(0.5), trials=20).trials
    assert [one.number for one in trials] == list(range(1, 21))
    assert trials[0].values == {RATE: 1e-2, BATCH: 16, "training.patience": 5}
    rates = [one.values[RATE] for one in trials[1:]]
    assert min(rates) >= 1e-4
    assert max(rates) <= 1e-1
    assert all(float(f"{rate:.3g}") == rate for rate in rates)
    assert 5 <= sum(rate < 10**-2.5 for rate in rates) <= 14, "evenly by factors, and not by differences"
    assert {one.values[BATCH] for one in trials} == {8, 16, 32}
    assert {one.values["training.patience"] for one in trials} <= {2, 3, 4, 5, 6}
    assert len({tuple(one.values.values()) for one in trials}) == 20


def test_the_seed_decides_the_trials_and_their_outcomes_do_not(search):
    first = [one.values for one in search(lambda number, values: error(0.5)).trials]
    assert [one.values for one in search(lambda number, values: error(number / 9)).trials] == first
    assert [one.values for one in search(lambda number, values: error(0.5), trials=9).trials][:6] == first
    # KerasTuner counts up from the seed: of neighbouring seeds one would draw what the other does.
    drawn = [
        {
            tuple(one.values.values())
            for one in search(lambda number, values: error(0.5), seed=seed).trials[1:]
        }
        for seed in range(4)
    ]
    assert len(set.union(*drawn)) == 4 * 5


def test_the_best_is_the_least_by_the_objective(search):
    of = lambda number, values: error((0.3, 0.1, 0.2)[number - 1])  # noqa: E731
    tuner = search(of, trials=3)
    assert tuner.get_best_hyperparameters()[0].values == tuner.trials[1].values
    tuner = search(of, trials=3, objective="cross_entropy")
    assert tuner.get_best_hyperparameters()[0].values == tuner.trials[0].values


def test_a_trial_that_fails_is_kept_and_the_others_go_on(search):
    """Even many in a row: KerasTuner by itself ends at the third."""
    failed = Outcome({}, 1.0, "the loss of step 3 is nan")
    tuner = search(lambda number, values: failed if number < 6 else error(0.4))
    assert [one.outcome.failure for one in tuner.trials] == [failed.failure] * 5 + [""]
    assert tuner.get_best_hyperparameters()[0].values == tuner.trials[5].values
    check_any_trained(tuner.trials)
    with pytest.raises(InputError, match="none of 5 trials could be trained; the first: the loss of step 3"):
        check_any_trained(tuner.trials[:5])


@pytest.mark.parametrize("ends", [Preempted("stopped"), InputError("disk full"), RuntimeError("a bug")])
def test_what_ends_a_run_ends_the_search(search, ends):
    """KerasTuner would take it for a failed trial and go on."""
    seen = []

    def of(number, values):
        seen.append(number)
        if number == 2:
            raise ends
        return error(0.5)

    with pytest.raises(FatalError) as caught:
        search(of)
    assert caught.value.__cause__ is ends
    assert seen == [1, 2]


def test_a_space_of_few_values_is_tried_whole(search):
    trials = search(lambda number, values: error(0.5), trials=9, dimensions=(Dimension(WIDTH, (4, 8, 16)),))
    assert sorted(one.values[WIDTH] for one in trials.trials) == [4, 8, 16]


def test_values_are_a_configuration_like_any_other():
    own = with_values(CONFIG, {RATE: 1e-3, WIDTH: 4, "training.initialisation": "he"})
    expected = TrainerConfig(
        Net("A", classes=3, width=4, input_size=64),
        Training(64, 80, batch=16, learning_rate=1e-3, initialisation="he"),
    )
    assert own == expected
    assert type(own.training.initialisation).__name__ == "Initialisation"
    with pytest.raises(InputError, match="width 3"):
        with_values(CONFIG, {WIDTH: 3})


def test_batches_that_cannot_be_had_are_found_before_the_first_trial():
    tuning = Tuning((Dimension(BATCH, (8, 32)),), 2, 0)
    check_batches(CONFIG, tuning, images=32, devices=8)
    for images, devices in ((31, 1), (100, 9)):
        with pytest.raises(InputError, match=r"training.batch of 8 to 32, with (31|100) training images"):
            check_batches(CONFIG, tuning, images, devices)
    with pytest.raises(InputError, match="of 16 to 16, with 15 training images"):
        check_batches(CONFIG, Tuning(DIMENSIONS[:1], 2, 0), images=15, devices=1)
