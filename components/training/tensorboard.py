"""What TensorBoard shows of a training: curves, an augmented batch, first-layer filters, the experiment."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from components.recipe import Training
from components.training.progress import RunningMean


def write_experiment(training: Training, model: keras.Model) -> None:
    """The recipe as a table of text."""
    rows = [f"| {name} | {value} |" for name, value in dataclasses.asdict(training).items()]
    table = "\n".join(
        [f"**{model.name}**, {model.count_params():,} parameters\n", "| field | value |", "|---|---|", *rows]
    )
    tf.summary.text("experiment", table, step=0)


def write_epoch(
    step: int,
    seen: RunningMean,
    held_out: RunningMean,
    names: tuple[str, str],
    rate: float,
    speed: float,
) -> None:
    """Scalars after an epoch; errors, called `names`, are shares in 0..1."""
    for split, mean in {"train": seen, "validation": held_out}.items():
        tf.summary.scalar(f"{split}/loss", mean.mean_loss, step=step)
        for name, error in zip(names, mean.errors, strict=True):
            tf.summary.scalar(f"{split}/{name}", error, step=step)
    tf.summary.scalar("learning_rate", rate, step=step)
    tf.summary.scalar("images_per_second", speed, step=step)


def write_crops(crops: np.ndarray) -> None:
    """The first images, at most 16, as the network sees them, float32 [N, s, s, 3]; grey is the mean RGB."""
    tf.summary.image("augmented batch", crops / 255.0 + 0.5, step=0, max_outputs=16)


def write_filters(model: keras.Model, step: int) -> None:
    """The first layer's 3 x 3 filters side by side, each stretched to its own range."""
    kernel = tf.transpose(model.get_layer("conv1_1").kernel.value, [3, 0, 1, 2])
    smallest = tf.reduce_min(kernel, axis=[1, 2, 3], keepdims=True)
    largest = tf.reduce_max(kernel, axis=[1, 2, 3], keepdims=True)
    tiles = tf.image.resize((kernel - smallest) / (largest - smallest + 1e-9), [24, 24], method="nearest")
    tiles = tf.pad(tiles, [[0, 0], [1, 1], [1, 1], [0, 0]])
    tf.summary.image("first-layer filters", tf.concat(tf.unstack(tiles), axis=1)[tf.newaxis], step=step)
