"""The training loop against SGD written out in NumPy."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.recipe import Training
from components.training.loop import Data, Loop
from components.training.step import TrainingStep
from models.errors import InputError, Preempted
from models.net import Net
from models.vgg import build

# Net A at 1/16 width: eight convolutions, fc6, fc7, fc8.
NET = Net("A", classes=3, width=16, input_size=32)
TRAINING = Training(
    most_epochs=2, drops=(1,), batch=4, learning_rate=0.02, momentum=0.75, l2=0.05, dropout=0.0
)


def _crops(images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    shape = (images, NET.input_size, NET.input_size, 3)
    return generator.normal(0, 2, shape).astype(np.float32), generator.integers(0, 3, images)


def _with_places(crops: tuple) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((*crops, np.arange(crops[1].shape[0])))


def _of_epoch(epochs: list, number: tf.Tensor) -> list[tf.Tensor]:
    return [tf.gather(np.stack(each), number) for each in zip(*epochs, strict=True)]


def _data(epochs: list, validation: tuple, images: int | None = None) -> Data:
    return Data(
        epoch=lambda number, first: _with_places(_of_epoch(epochs, number)).skip(first),
        validation=tf.data.Dataset.from_tensor_slices(validation),
        images=len(epochs[0][1]) if images is None else images,
    )


def _model() -> keras.Model:
    """With biases that are not zero, so that a penalty on them would show."""
    model = build(NET, seed=3)
    generator = np.random.default_rng(5)
    model.set_weights(
        [w if w.ndim > 1 else generator.uniform(0.02, 0.1, w.shape) for w in model.get_weights()]
    )
    return model


def _trained(training: Training, data: Data, folder: Path, make: Callable = _model) -> keras.Model:
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        model = make()
        loop = Loop(model, training, strategy)
    loop.run(data, str(folder))
    return model


def _scores(weights, crops):
    """Net A of Table 1 in plain TensorFlow: a max-pool after convolutions 1, 2, 4, 6 and 8."""
    x = tf.convert_to_tensor(crops, weights[0].dtype)
    for layer in range(8):
        kernel, bias = weights[2 * layer : 2 * layer + 2]
        x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)
        if layer in (0, 1, 3, 5, 7):
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    x = tf.reshape(x, [len(crops), -1])
    for layer in (8, 9):
        x = tf.nn.relu(x @ weights[2 * layer] + weights[2 * layer + 1])
    return x @ weights[20] + weights[21]


def _losses(weights, crops, labels):
    log = tf.nn.log_softmax(_scores(weights, crops))
    return -tf.gather(log, tf.constant(labels, tf.int64), axis=1, batch_dims=1)


def _gradients(weights: list[np.ndarray], crops, labels) -> list[np.ndarray]:
    variables = [tf.constant(weight) for weight in weights]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        loss = tf.reduce_mean(_losses(variables, crops, labels))
    return [gradient.numpy() for gradient in tape.gradient(loss, variables)]


def test_two_steps_by_hand(tmp_path):
    """v = momentum v - rate (g + l2 w) and w = w + v, the rate a tenth in the second step; biases: no l2."""
    before = _model().get_weights()
    weights = [weight.astype(np.float64) for weight in before]
    velocities = [np.zeros_like(weight) for weight in weights]
    epochs = [_crops(4, seed) for seed in (1, 2)]
    for (crops, labels), rate in zip(epochs, (0.02, 0.002), strict=True):
        gradients = _gradients(weights, crops, labels)
        assert all(np.abs(gradient).max() > 1e-5 for gradient in gradients)
        for index, gradient in enumerate(gradients):
            decay = 0.05 * weights[index] if weights[index].ndim > 1 else 0.0
            velocities[index] = 0.75 * velocities[index] - rate * (gradient + decay)
        weights = [weight + velocity for weight, velocity in zip(weights, velocities, strict=True)]

    model = _trained(TRAINING, _data(epochs, epochs[0]), tmp_path)
    for start, found, expected in zip(before, model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-6)
        assert np.abs(found - start).max() > 2e-5  # ten times the tolerance


def test_a_summary_holds_means_over_images_and_not_over_batches(tmp_path):
    """Five validation images are a batch of four and one of one."""
    held_out = _crops(5, 9)
    model = _trained(replace(TRAINING, most_epochs=1), _data([_crops(4, 1)], held_out), tmp_path)
    weights = [tf.constant(weight, tf.float64) for weight in model.get_weights()]
    loss = _losses(weights, *held_out).numpy()
    errors = _scores(weights, held_out[0]).numpy().argmax(axis=1) != held_out[1]
    assert abs(loss.mean() - (loss[:4].mean() + loss[4]) / 2) > 1e-3

    (events,) = (tmp_path / "logs").glob("events.out.tfevents.*")
    found = {
        value.tag: (event.step, float(tf.make_ndarray(value.tensor)))
        for record in tf.data.TFRecordDataset(str(events)).as_numpy_iterator()
        for event in [tf.compat.v1.Event.FromString(record)]
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "scalars"
    }
    assert found["validation/loss"] == (1, pytest.approx(loss.mean(), abs=1e-4))
    assert found["validation/top1_error"] == (1, pytest.approx(errors.mean(), abs=1e-6))
    assert found["learning_rate"] == (1, pytest.approx(0.02))
    assert set(found) >= {"train/loss", "train/top1_error", "images_per_second"}


@pytest.mark.parametrize(("most_steps", "epochs", "steps"), [(0, 3, 6), (3, 2, 3), (2, 1, 2), (99, 3, 6)])
def test_training_ends_after_its_epochs_or_most_steps(tmp_path, capsys, most_steps, epochs, steps):
    """Without momentum, l2 and gradients of the kernels a step moves fc8's bias by a known amount."""
    crops = np.zeros((9, 32, 32, 3), np.float32), np.zeros(9, np.int64)  # two steps of four; one is left
    training = replace(TRAINING, most_epochs=3, drops=(99,), momentum=0.0, l2=0.0, most_steps=most_steps)
    data = _data([crops] * 3, crops)
    model = _trained(training, data, tmp_path, make=lambda: build(NET))
    assert capsys.readouterr().out.count("epoch ") == epochs
    bias = np.zeros(3)
    for _ in range(steps):  # black images through zero biases: the scores are fc8's bias
        bias -= 0.02 * (np.exp(bias) / np.exp(bias).sum() - [1, 0, 0])
    np.testing.assert_allclose(model.get_layer("fc8").bias, bias, atol=1e-6)


def test_a_loss_or_weight_that_is_not_finite_names_its_step(tmp_path):
    """Which of them depends on the CPU: oneDNN's ReLU of NaN is NaN on some, 0 on others."""
    bad = _crops(8, 2)
    bad[0][5] = np.nan  # in the second batch of the second epoch: step 4
    with pytest.raises(
        InputError, match="step 4 (is nan|a weight is not finite); lower.*learning rate"
    ) as caught:
        _trained(replace(TRAINING, learning_rate=1e-3), _data([_crops(8, 1), bad], bad), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_loss_that_is_not_finite_names_its_step(tmp_path):
    """Infinite scores from the first step on, whatever the CPU makes of NaN."""

    def infinite() -> keras.Model:
        model = _model()
        kernel, bias = model.get_layer("fc8").get_weights()
        model.get_layer("fc8").set_weights([kernel, np.full_like(bias, np.inf)])
        return model

    crops = _crops(8, 1)
    with pytest.raises(InputError, match="the loss of step 1 is nan; lower.*learning rate"):
        _trained(TRAINING, _data([crops], crops), tmp_path, make=infinite)


def test_fewer_images_than_a_batch(tmp_path):
    few = _crops(3, 1)
    with pytest.raises(InputError, match="training split: 3 images.* 4;") as caught:
        _trained(TRAINING, _data([few], few), tmp_path)
    assert "\n" not in str(caught.value)


def test_dropout_is_on_in_training(tmp_path):
    """With all of fc6's and fc7's outputs but a few dropped, the same step gives other weights."""
    weights = []
    for dropout in (0.0, 0.9):
        data = _data([_crops(4, 1)], _crops(4, 2))
        model = _trained(
            replace(TRAINING, most_epochs=1, dropout=dropout),
            data,
            tmp_path / str(dropout),
        )
        weights.append(model.get_layer("fc8").get_weights()[0])
    assert not np.allclose(*weights, atol=1e-4)


def test_a_stop_at_the_end_of_an_epoch_can_be_resumed(tmp_path):
    """SIGTERM during the last step of the first epoch, whose images are all used then."""
    crops = _crops(4, 1)
    train = TrainingStep.train

    def interrupted(self, batch, step):
        os.kill(os.getpid(), signal.SIGTERM)
        return train(self, batch, step)

    data = _data([crops, crops], crops)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TrainingStep, "train", interrupted)
        with pytest.raises(Preempted, match="after step 1"):
            _trained(TRAINING, data, tmp_path / "stopped")
    resumed = _trained(TRAINING, data, tmp_path / "stopped")
    whole = _trained(TRAINING, data, tmp_path / "whole")
    for found, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
