"""The Trainer's run_fn: from the examples and Transform's analyses to a fully convolutional SavedModel."""

import os
from collections.abc import Sequence

import keras
import tensorflow as tf
from tfx.v1.components import FnArgs

from components import artifact_files, input_pipeline, transform
from components.features import Layout, layout_of
from components.recipe import TrainerConfig
from components.training_loop import Data, Loop
from models import vgg
from serving.export import export
from serving.signatures import Head

CONFIG = "config"
WEIGHTS = "trained.weights.h5"


def run_fn(arguments: FnArgs) -> None:
    """Trains the configured network; writes the SavedModel, its weights and TensorBoard logs.

    Args:
        arguments: TFX's, with a TrainerConfig as JSON under custom_config["config"].
    """
    config = TrainerConfig.from_json(arguments.custom_config[CONFIG])
    found = transform.training_set(arguments.transform_graph_path)
    layout = _layout(arguments.schema_path)
    mean_rgb = tuple(float(value) for value in found.mean_rgb)
    data = _data(arguments, config, layout, mean_rgb, found.images - found.undecodable)
    model = _train(config, data, arguments.model_run_dir)
    names = transform.class_names(arguments.transform_graph_path, config.net.classes)
    head = Head(
        mean_rgb=mean_rgb,
        class_names=names,
        shorter_sides=config.evaluation.shorter_sides,
        flip=config.evaluation.flip,
        image_key=layout.image,
        label_key=layout.label,
        first_label=layout.first_label,
    )
    export(model, config.net, head, arguments.serving_model_dir)


def _train(config: TrainerConfig, data: Data, folder: str) -> keras.Model:
    training = config.training
    keras.utils.set_random_seed(training.seed)
    strategy = _strategy()
    with strategy.scope():
        model = vgg.build(
            config.net,
            initialisation=training.initialisation,
            dropout=training.dropout,
            seed=training.seed,
        )
        loop = Loop(model, training, strategy)
    loop.run(data, folder)
    model.save_weights(os.path.join(folder, WEIGHTS))
    return model


def _data(
    arguments: FnArgs, config: TrainerConfig, layout: Layout, mean_rgb: Sequence[float], images: int
) -> Data:
    training, size = config.training, config.net.input_size
    train = input_pipeline.Source(_files(arguments.train_files), layout, images)
    held_out = input_pipeline.Source(_files(arguments.eval_files), layout, 0)
    middle = (training.smallest_side + training.largest_side) // 2

    def epoch(number: int) -> tf.data.Dataset:
        return input_pipeline.training_crops(
            train, scales=training.scales, size=size, mean_rgb=mean_rgb, seed=training.seed, epoch=number
        )

    validation = input_pipeline.validation_crops(held_out, side=middle, size=size, mean_rgb=mean_rgb)
    return Data(epoch=epoch, validation=validation, images=images)


def _strategy() -> tf.distribute.Strategy:
    """MirroredStrategy over all GPUs, or over the one CPU."""
    gpus = tf.config.list_logical_devices("GPU")
    return tf.distribute.MirroredStrategy([device.name for device in gpus] or ["/cpu:0"])


def _layout(schema_path: str) -> Layout:
    schema = artifact_files.read_schema(os.path.dirname(schema_path))
    return layout_of({feature.name for feature in schema.feature}, "schema")


def _files(patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(file for pattern in patterns for file in tf.io.gfile.glob(pattern)))
