"""Iterators end at once: none of ours has tf.data's tuning thread."""

from pathlib import Path

import tensorflow as tf

from components.training.distribution import Workers
from models.untuned import elements, untuned

ROOT = Path(__file__).resolve().parents[2]


def test_the_elements_are_the_same_in_their_order():
    squares = tf.data.Dataset.range(100).map(lambda n: n * n, num_parallel_calls=tf.data.AUTOTUNE)
    assert [int(n) for n in elements(squares)] == [n * n for n in range(100)]


def test_tuning_is_off_and_other_options_stay():
    options = tf.data.Options()
    options.deterministic = False
    found = untuned(tf.data.Dataset.range(3).with_options(options)).options()
    assert found.autotune.enabled is False
    assert found.deterministic is False


def test_a_training_on_one_cpu_is_not_tuned():
    batches = Workers(tf.distribute.MirroredStrategy(["/cpu:0"])).split(tf.data.Dataset.range(8).batch(4), 4)
    assert batches.options().autotune.enabled is False
    assert [batch.numpy().tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_no_other_module_makes_an_iterator_of_numpys_arrays():
    modules = [
        path
        for package in ("models", "serving", "components", "pipeline")
        for path in ROOT.glob(f"{package}/**/*.py")
    ]
    makers = [str(path.relative_to(ROOT)) for path in modules if ".as_numpy_iterator(" in path.read_text()]
    assert makers == ["models/untuned.py"]
