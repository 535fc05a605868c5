"""bfloat16 is measured on the processor, and training in it says so where it gains nothing."""

import tensorflow as tf

from components.recipe import Precision
from components.training import precision_gain

CPU = tf.distribute.OneDeviceStrategy("/cpu:0")


def test_a_precision_is_about_as_fast_as_itself():
    gains = [precision_gain.times_as_fast(Precision.FLOAT32, 0.2) for _ in range(3)]
    assert min(abs(gain - 1) for gain in gains) < 0.5


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
