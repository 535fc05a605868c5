"""The learning rate by hand; nothing here needs TensorFlow."""

import pytest

from components.recipe import Training
from components.training.schedule import Schedule


def _rates(training: Training, errors: list[float]) -> list[float]:
    """The rate of each epoch until training ends; errors are those after each epoch."""
    schedule, rates = Schedule(), []
    for error in errors:
        rates.append(schedule.rate(training))
        schedule = schedule.after_epoch(training, error)
        if schedule.finished:
            break
    return rates


def test_the_rate_is_a_tenth_after_each_fixed_drop():
    rates = _rates(Training(drops=(24, 48, 64), most_epochs=74), [0.5] * 100)
    assert rates == pytest.approx([1e-2] * 24 + [1e-3] * 24 + [1e-4] * 16 + [1e-5] * 10)


def test_the_rate_is_a_tenth_where_the_error_stops_falling():
    """Patience two: an equal error is no better one, and the plateau after the last drop is the end."""
    errors = [0.9, 0.8, 0.8, 0.7, 0.75, 0.7, 0.6, 0.6, 0.6, 0.1]
    rates = _rates(Training(patience=2, most_drops=1, learning_rate=1.0), errors)
    assert rates == pytest.approx([1.0] * 6 + [0.1] * 3)


def test_training_ends_after_the_most_epochs_even_if_the_error_falls():
    errors = [1 / (epoch + 1) for epoch in range(10)]
    assert _rates(Training(most_epochs=4, learning_rate=0.5), errors) == [0.5] * 4


def test_each_plateau_lasts_the_patience_whatever_came_before():
    """Patience four: after the best epoch, the first, four pass before each of three drops and the end."""
    rates = _rates(Training(patience=4, most_drops=3, learning_rate=1.0), [0.5] * 100)
    assert rates == pytest.approx([1.0] * 5 + [0.1] * 4 + [0.01] * 4 + [0.001] * 4)
