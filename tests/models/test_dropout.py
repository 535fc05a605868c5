"""Dropout by a net whose scores show what was dropped of fc6 and of fc7."""

import numpy as np
import pytest
import tensorflow as tf

from models.dropout import NetWithDropout
from models.net import Net
from models.vgg import build

BATCH, CHANNELS = 32, 64
NET = Net("A", classes=CHANNELS, width=64, input_size=32)
CROPS = np.zeros((BATCH, 32, 32, 3), np.float32)


@pytest.fixture(scope="module")
def model():
    """fc6 gives ones, and fc7 and fc8 give what they get: a score is 1 / kept for each layer that kept it."""
    model = build(NET)
    fc6 = model.get_layer("fc6")
    fc6.set_weights([np.zeros(fc6.kernel.shape), np.ones(CHANNELS)])
    for name in ("fc7", "fc8"):
        model.get_layer(name).set_weights([np.eye(CHANNELS), np.zeros(CHANNELS)])
    return model


def _scores(model, share=0.5, batch=BATCH, seed=0, step=0, rows=range(BATCH)) -> np.ndarray:
    net = NetWithDropout(model, share=share, batch=batch, seed=seed)
    rows = tf.constant(list(rows), tf.int64)
    return net(CROPS[: len(rows)], rows, tf.constant(step, tf.int64)).numpy()


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_fc6_and_fc7_each_keep_their_share_and_kept_outputs_grow(model, share):
    """With both layers a score is 0 or 1 / kept^2, and kept^2 of them are not 0: 2048 draws, 4 deviations."""
    kept = 1 - share
    scores = _scores(model, share)
    np.testing.assert_allclose(np.unique(scores), [0, kept**-2], rtol=1e-6)
    deviation = np.sqrt(kept**2 * (1 - kept**2) / scores.size)
    assert abs(np.mean(scores > 0) - kept**2) < 4 * deviation


@pytest.mark.parametrize("name", ["fc6", "fc7"])
def test_each_of_the_two_layers_keeps_its_share(model, name):
    """The other one's outputs are made equal: fc6 by a bias of fc7, fc7 by fc8's sum over its inputs."""
    net = build(NET)
    net.set_weights(model.get_weights())
    if name == "fc7":  # whatever fc6 drops, fc7 gives ones
        net.get_layer("fc7").set_weights([np.zeros((CHANNELS, CHANNELS)), np.ones(CHANNELS)])
        scores = _scores(net)
    else:  # what fc6 keeps of its one output reaches all of fc7's, of which some are kept
        kernel = np.zeros((CHANNELS, CHANNELS))
        kernel[0] = 1
        net.get_layer("fc7").set_weights([kernel, np.zeros(CHANNELS)])
        scores = _scores(net).max(axis=1)
    assert abs(np.mean(scores > 0) - 0.5) < 4 * 0.5 / np.sqrt(scores.size)


def test_fc6_and_fc7_are_dropped_apart_and_so_are_rows_steps_and_seeds(model):
    """Equal masks in both layers would keep a half; independent ones agree on a quarter of the pairs."""
    first = _scores(model) > 0
    assert abs(first.mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / first.size)
    for other in (_scores(model, step=1), _scores(model, seed=1), _scores(model, step=1 << 40)):
        both = first & (other > 0)  # 1/16 of 2048 if independent
        assert abs(both.mean() - 1 / 16) < 4 * np.sqrt(1 / 16 * 15 / 16 / both.size)
    assert len({row.tobytes() for row in first}) == BATCH


def test_a_row_of_the_batch_has_the_same_mask_whatever_it_is_trained_beside(model):
    whole = _scores(model, step=3)
    np.testing.assert_array_equal(_scores(model, step=3, rows=[5, 31, 0]), whole[[5, 31, 0]])
    np.testing.assert_array_equal(_scores(model, step=3), whole)


def test_under_xla_a_row_has_its_mask_whatever_it_is_trained_beside(model):
    """Its numbers are not those that are drawn without it."""
    compiled = tf.function(NetWithDropout(model, share=0.5, batch=BATCH, seed=4), jit_compile=True)
    step, other = (tf.constant(number, tf.int64) for number in (7, 8))
    whole = compiled(CROPS, tf.range(BATCH, dtype=tf.int64), step).numpy()
    assert set(np.unique(whole)) == {0, 4}
    assert abs(np.mean(whole > 0) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / whole.size)
    some = tf.range(3, 19, dtype=tf.int64)
    np.testing.assert_array_equal(compiled(CROPS[:16], some, step), whole[3:19])
    assert not np.array_equal(compiled(CROPS[:16], some, other), whole[3:19])


def test_without_dropout_it_is_the_net(model):
    random = build(NET, seed=2)
    crops = np.random.default_rng(0).normal(0, 50, (4, 32, 32, 3)).astype(np.float32)
    net = NetWithDropout(random, share=0.0, batch=4, seed=0)
    scores = net(crops, tf.range(4, dtype=tf.int64), tf.constant(0, tf.int64))
    np.testing.assert_array_equal(scores, random(crops))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_in_mixed_precision_the_same_outputs_are_dropped(model, dtype):
    """Ones, twos and fours are exact there; scores stay float32."""
    mixed = build(NET, dtype=dtype)
    mixed.set_weights(model.get_weights())
    scores = _scores(mixed, step=5)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, _scores(model, step=5))
