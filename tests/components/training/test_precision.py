"""Mixed precision and XLA: variables and scores stay float32, and training goes where it goes without."""

import numpy as np
import pytest
import tensorflow as tf

from components.recipe import Precision, Training
from components.training.loop import Data, Loop
from models.net import Net
from models.vgg import build

NET = Net("A", classes=4, width=16, input_size=32)


def _weights_after_training(
    precision: Precision, folder: str, jit_compile: bool = False, dropout: float = 0.5
) -> list[np.ndarray]:
    crops = np.random.default_rng(0).normal(0, 50, (16, 32, 32, 3)).astype(np.float32)
    images = tf.data.Dataset.from_tensor_slices((crops, np.arange(16) % 4, np.arange(16)))
    training = Training(
        smallest_side=32,
        largest_side=32,
        batch=8,
        most_epochs=2,
        drops=(1,),
        learning_rate=1e-3,
        precision=precision,
        jit_compile=jit_compile,
        dropout=dropout,
    )
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        model = build(NET, dtype=precision.value, seed=1)
        loop = Loop(model, training, strategy)
    validation = images.map(lambda crop, label, place: (crop, label))
    loop.run(Data(epoch=lambda epoch, first: images.skip(first), validation=validation, images=16), folder)
    assert model.output.dtype == "float32"
    return model.get_weights()


@pytest.mark.parametrize("precision", [Precision.BFLOAT16, Precision.FLOAT16])
def test_mixed_precision_trains_as_float32_does(tmp_path, precision):
    """With dropout, which drops the same outputs in each."""
    exact = _weights_after_training(Precision.FLOAT32, str(tmp_path / "float32"))
    mixed = _weights_after_training(precision, str(tmp_path / "mixed"))
    untrained = build(NET, seed=1).get_weights()
    assert all(weight.dtype == np.float32 for weight in mixed)
    moved = sum(np.abs(a - b).sum() for a, b in zip(exact, untrained, strict=True))
    apart = sum(np.abs(a - b).sum() for a, b in zip(exact, mixed, strict=True))
    assert 0 < apart < 0.25 * moved


@pytest.mark.slow
def test_a_step_compiled_by_xla_is_the_step(tmp_path):
    """Four steps. XLA sums in another order: 1e-6 is eight units in the last place of a weight near 1.

    Without dropout, as it draws other numbers of the same seed too.
    """
    compiled = _weights_after_training(Precision.FLOAT32, str(tmp_path / "xla"), True, dropout=0.0)
    plain = _weights_after_training(Precision.FLOAT32, str(tmp_path / "plain"), dropout=0.0)
    untrained = build(NET, seed=1).get_weights()
    assert not all(map(np.array_equal, compiled, plain))  # or nothing was compiled
    for found, expected, start in zip(compiled, plain, untrained, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
        assert np.abs(expected - start).max() > 5e-6
