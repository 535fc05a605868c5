"""What a training step costs where layers keep their weights, and where the convolutions' output is kept too.

    python -m benchmarks.frozen_layers --net D --width 1 --size 224 --batch 8

`all`, `fc` and `last` are the values of `trained_layers`: the same step of fewer variables. `kept` trains the
fully connected layers on the last pool's output of the batch, which is what a training would do that showed
each image in a few views only, and kept what the convolutions make of them; `read` is how long it takes to
read such an output from a file. Each takes one step a round, in turn.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import click
import keras
import numpy as np
import tensorflow as tf

from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import as_fast, in_rounds, timed
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
@click.option("--rounds", default=5, show_default=True)
@JSON_OPTION
def main(configuration, width, size, batch, rounds, json_file):
    settings = {"net": configuration, "width": width, "size": size, "batch": batch, "rounds": rounds}
    with (
        reporting("frozen_layers", json_file, "keras", **settings) as report,
        tempfile.TemporaryDirectory() as folder,
    ):
        net = Net(configuration, classes=CLASSES, width=width, input_size=size)
        crops = tf.random.stateless_normal([batch, size, size, 3], [1, 2]) * 60.0
        steps = {}
        for layers in (TrainedLayers.ALL, TrainedLayers.FC, TrainedLayers.LAST):
            model = build(net, seed=1)
            for layer in model.layers:
                layer.trainable = layer.name.startswith(TRAINED[layers])
            steps[layers.value] = _step(model, crops, batch)
        body, head = _parts(build(net, seed=1))
        kept = body(crops)
        steps["kept"] = _step(head, kept, batch)
        path = Path(folder, "kept.npy")
        np.save(path, kept)
        steps["read"] = lambda: np.load(path).sum()
        calls = {name: lambda number, step=step: timed(step, batch) for name, step in steps.items()}
        found = in_rounds(calls, rounds, after_each=report.progress)
        report.rounds(found, "image")
        report.compare(*(as_fast(found, name, "all") for name in ("fc", "last", "kept")))


def _parts(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The convolutions, and the fully connected layers as a net of its own."""
    last = model.get_layer("pool5")
    x = own = keras.Input(last.output.shape[1:])
    for layer in model.layers[model.layers.index(last) + 1 :]:
        x = type(layer).from_config(layer.get_config())(x)  # the model's own lead back to its convolutions
    return keras.Model(model.input, last.output), keras.Model(own, x)


def _step(model: keras.Model, inputs: tf.Tensor, batch: int) -> Callable[[], object]:
    strategy = tf.distribute.get_strategy()
    step = TrainingStep(model, Training(batch=batch, learning_rate=1e-4), strategy)
    rows = tf.range(batch, dtype=tf.int64)
    labels = tf.math.floormod(rows, CLASSES)
    return lambda: step.train((inputs, labels, rows), 0)


if __name__ == "__main__":
    main()
