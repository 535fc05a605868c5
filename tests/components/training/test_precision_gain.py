"""bfloat16 is measured on the processor, and training in it says so where it gains nothing."""

import tensorflow as tf

from components.recipe import Precision
from components.training import precision_gain

CPU = tf.distribute.OneDeviceStrategy("/cpu:0")


def test_a_convolution_and_its_gradients_are_run_in_both_precisions(monkeypatch):
    made = []

    def step(precision, real=precision_gain._step):
        made.append(precision)
        return real(precision)

    monkeypatch.setattr(precision_gain, "_step", step)
    assert precision_gain.times_as_fast(Precision.BFLOAT16, 0.0) > 0
    assert made == [Precision.FLOAT32, Precision.BFLOAT16]


def test_a_precision_that_takes_twice_as_long_is_half_as_fast(monkeypatch):
    calls = {Precision.FLOAT32: 1, Precision.BFLOAT16: 2}
    clock = iter(range(1000))

    def step(precision):
        return lambda: [next(clock) for _ in range(10 * calls[precision])]

    monkeypatch.setattr(precision_gain, "_step", step)
    monkeypatch.setattr(precision_gain.time, "perf_counter", lambda: next(clock))
    assert precision_gain.times_as_fast(Precision.BFLOAT16, 0.0) == 11 / 21


def test_the_warning_names_precision_and_gain(monkeypatch):
    monkeypatch.setattr(precision_gain, "times_as_fast", lambda precision: 0.41)
    said = precision_gain.warning(Precision.BFLOAT16, CPU)
    assert said.startswith("bfloat16 is 0.41 times as fast as float32")
    assert 'precision = "float32"' in said


def test_nothing_is_said_where_it_gains_or_was_not_asked_for(monkeypatch):
    monkeypatch.setattr(precision_gain, "times_as_fast", lambda precision: 1.8)
    assert precision_gain.warning(Precision.BFLOAT16, CPU) == ""
    monkeypatch.setattr(precision_gain, "times_as_fast", lambda precision: 0.1)
    assert precision_gain.warning(Precision.FLOAT32, CPU) == ""
