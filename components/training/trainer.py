"""The Trainer's run_fn: from the examples and Transform's analyses to a fully convolutional SavedModel."""

import os
from collections.abc import Sequence

import keras
import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs

from components import artifact_files
from components.datasets.layouts import Layout, layout_of
from components.ingestion import transform
from components.recipe import TrainerConfig, from_json
from components.training.checkpoints import folder_name
from components.training.distribution import choose_strategy, is_chief
from components.training.input_pipeline import Augmentation, Source, training_crops, validation_crops
from components.training.loop import Data, Loop
from models import vgg
from models.colour_shift import principal_components
from models.initial_weights import FROM_A, take_weights
from serving.saved_model.export import describe, export, read_weights
from serving.saved_model.signatures import Head

CONFIG, BASE, CODE = "config", "init_from", "code"


def run_fn(arguments: FnArgs) -> None:
    """Trains the configured network; writes the SavedModel and TensorBoard's logs.

    Of several workers (TF_CONFIG), each of which runs this with the same arguments, the chief writes.

    Args:
        arguments: TFX's, with a TrainerConfig as JSON under custom_config["config"], and under
            custom_config["init_from"] the folder of a model to start from in place of the base model.

    Raises:
        InputError, Preempted: see components.training.loop.Loop.run and distribution.choose_strategy.
    """
    strategy = choose_strategy()  # before anything else runs TensorFlow
    config = from_json(TrainerConfig, arguments.custom_config[CONFIG])
    found = transform.training_set(arguments.transform_graph_path)
    layout = _layout(arguments.schema_path)
    data = _data(arguments, config, layout, found)
    base = arguments.custom_config.get(BASE) or arguments.base_model
    folder = _checkpoint_folder(arguments, base)
    model = _train(config, data, base, folder, strategy)
    if not is_chief(strategy):
        return
    head = Head(
        mean_rgb=_floats(found.mean_rgb),
        class_names=transform.class_names(arguments.transform_graph_path, config.net.classes),
        shorter_sides=(config.training.middle_side,),
        flip=True,
        image_key=layout.image,
        label_key=layout.label,
        first_label=layout.first_label,
        synsets=transform.synsets(arguments.transform_graph_path, config.net.classes),
    )
    export(model, config.net, head, arguments.serving_model_dir)
    _finish(folder, arguments.model_run_dir)


def _finish(folder: str, model_run_dir: str) -> None:
    """Moves the logs to their artifact and removes the checkpoints; a kill may have left this half done."""
    logs = os.path.join(folder, "logs")
    tf.io.gfile.makedirs(model_run_dir)
    if tf.io.gfile.exists(logs):
        tf.io.gfile.rename(logs, os.path.join(model_run_dir, "logs"))
    tf.io.gfile.rmtree(folder)


def _train(
    config: TrainerConfig, data: Data, base: str | None, folder: str, strategy: tf.distribute.Strategy
) -> keras.Model:
    training = config.training
    keras.utils.set_random_seed(training.seed)
    with strategy.scope():
        model = vgg.build(
            config.net,
            initialisation=training.initialisation,
            dropout=training.dropout,
            dtype=training.precision.value,
            seed=training.seed,
        )
        if base:
            take_weights(model, read_weights(base), _layers_to_take(config, base))
        loop = Loop(model, training, strategy)
    loop.run(data, folder)
    return model


def _layers_to_take(config: TrainerConfig, base: str) -> tuple[str, ...]:
    """All layers of a net of the same configuration, else those that the paper takes from net A."""
    same = describe(base)[0].configuration == config.net.configuration
    return () if same else FROM_A


def _data(arguments: FnArgs, config: TrainerConfig, layout: Layout, found: transform.TrainingSet) -> Data:
    training = config.training
    images = found.images - found.undecodable
    train = Source(_files(arguments.train_files), layout, images)
    held_out = Source(_files(arguments.eval_files), layout, 0)
    augmentation = Augmentation(
        scales=training.scales,
        size=config.net.input_size,
        mean_rgb=_floats(found.mean_rgb),
        colours=principal_components(found.covariance_rgb) if training.colour_shift else None,
        seed=training.seed,
    )
    return Data(
        epoch=lambda epoch, first: training_crops(train, augmentation, epoch, first),
        validation=validation_crops(
            held_out, side=training.middle_side, size=config.net.input_size, mean_rgb=augmentation.mean_rgb
        ),
        images=images,
    )


def _checkpoint_folder(arguments: FnArgs, base: str | None) -> str:
    """Beside this Trainer's artifacts, named by all inputs: a new execution of the same training finds it."""
    parts = [
        arguments.custom_config[CONFIG],
        arguments.transform_graph_path,
        *arguments.train_files,
        base or "",
        arguments.custom_config.get(CODE, ""),
    ]
    node = os.path.dirname(os.path.dirname(os.path.normpath(arguments.model_run_dir)))
    return os.path.join(node, "checkpoints", folder_name(parts))


def _layout(schema_path: str) -> Layout:
    schema = artifact_files.read_schema(os.path.dirname(schema_path))
    return layout_of({feature.name for feature in schema.feature}, "schema")


def _files(patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(file for pattern in patterns for file in tf.io.gfile.glob(pattern)))


def _floats(values) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
