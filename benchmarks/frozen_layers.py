"""What a training step costs where layers keep their weights, and where the convolutions' output is kept too.

    python -m benchmarks.frozen_layers --net D --width 1 --size 224 --batch 8

`all`, `fc` and `last` are the values of `trained_layers`: the same step of fewer variables. `kept` trains the
fully connected layers on the last pool's output of the batch, which is what a training would do that showed
each image in a few views only, and kept what the convolutions make of them; `read` is how long it takes to
read such an output from a file. Processor seconds of all threads for a step, the median; they say more than
the clock where other work runs beside.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import keras
import numpy as np
import tensorflow as tf

from benchmarks.machine import machine
from components.recipe import TrainedLayers, Training
from components.training.step import TrainingStep
from components.training.train import TRAINED
from models.net import Net
from models.vgg import build

CLASSES = 100


@click.command(help=__doc__.partition("\n")[0])
@click.option("--net", "configuration", default="D", show_default=True)
@click.option("--width", default=1, show_default=True)
@click.option("--size", default=224, show_default=True)
@click.option("--batch", default=8, show_default=True)
@click.option("--steps", default=3, show_default=True, help="timed, after one that is not")
def main(configuration, width, size, batch, steps):
    click.echo(machine("tensorflow", "keras"))
    net = Net(configuration, classes=CLASSES, width=width, input_size=size)
    crops = tf.random.stateless_normal([batch, size, size, 3], [1, 2]) * 60.0
    found = {}
    for layers in (TrainedLayers.ALL, TrainedLayers.FC, TrainedLayers.LAST):
        model = build(net, seed=1)
        for layer in model.layers:
            layer.trainable = layer.name.startswith(TRAINED[layers])
        found[layers.value] = _step(model, crops, batch, steps)
    body, head = _parts(build(net, seed=1))
    kept = body(crops)
    found["kept"] = _step(head, kept, batch, steps)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kept.npy")
        np.save(path, kept)
        found["read"] = _seconds(lambda: np.load(path).sum(), steps)
    for name, (processor, clock) in found.items():
        click.echo(
            f"{name:<5} {1000 * processor / batch:8.1f} ms of processor time, {1000 * clock / batch:8.1f} ms "
            f"by the clock, an image; {found['all'][0] / processor:.1f} times faster than `all`"
        )


def _parts(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The convolutions, and the fully connected layers as a net of its own."""
    last = model.get_layer("pool5")
    x = own = keras.Input(last.output.shape[1:])
    for layer in model.layers[model.layers.index(last) + 1 :]:
        x = type(layer).from_config(layer.get_config())(x)  # the model's own lead back to its convolutions
    return keras.Model(model.input, last.output), keras.Model(own, x)


def _step(model: keras.Model, inputs: tf.Tensor, batch: int, steps: int) -> tuple[float, float]:
    strategy = tf.distribute.get_strategy()
    step = TrainingStep(model, Training(batch=batch, learning_rate=1e-4), strategy)
    rows = tf.range(batch, dtype=tf.int64)
    labels = tf.math.floormod(rows, CLASSES)
    return _seconds(lambda: step.train((inputs, labels, rows), 0), steps)


def _seconds(call: Callable[[], object], steps: int) -> tuple[float, float]:
    """(of processor time, by the clock), medians; the first call, which is not timed, builds the graph."""
    call()
    taken = []
    for _ in range(steps):
        begin = time.process_time(), time.monotonic()
        call()
        taken.append((time.process_time() - begin[0], time.monotonic() - begin[1]))
    return tuple(statistics.median(each) for each in zip(*taken, strict=True))


if __name__ == "__main__":
    main()
