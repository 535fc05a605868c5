"""One training of one network, from examples to a SavedModel, as a function of plain values.

It knows nothing of TFX: `trainer.py` calls it for TFX's Trainer, and a test or a notebook calls it as it is.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from components.datasets.layouts import Layout
from components.datasets.record_index import RecordIndex
from components.recipe import TrainedLayers, TrainerConfig
from components.training import precision_gain
from components.training.base_model import base_weights, body_weights
from components.training.distribution import is_chief
from components.training.input_pipeline import Augmentation, Source, training_crops, validation_crops
from components.training.loop import Data, Loop
from models import vgg
from models.colour_shift import principal_components
from models.errors import InputError
from models.initial_weights import FROM_A, take_weights
from models.label_space import LabelSpace
from serving.saved_model.description import describe
from serving.saved_model.export import export
from serving.saved_model.signatures import Head

LAST_LAYER = "fc8"
TRAINED = {TrainedLayers.ALL: "", TrainedLayers.FC: "fc", TrainedLayers.LAST: LAST_LAYER}
"""How the names of the layers begin that are trained."""


@dataclass(frozen=True)
class TrainingInputs:
    """What a training reads, and what is known of it.

    Attributes:
        train, validation: the records of the two splits.
        layout: their keys.
        images: training images that decode.
        mean_rgb: of all training pixels, float [3], grey levels.
        covariance_rgb: of the same, float [3, 3], squared grey levels.
        class_names: one for each output of the network, in label order.
        synsets: WordNet id of each class, or ().
        base_model: folder of the SavedModel that training starts from; empty for random weights.
    """

    train: RecordIndex
    validation: RecordIndex
    layout: Layout
    images: int
    mean_rgb: np.ndarray
    covariance_rgb: np.ndarray
    class_names: tuple[str, ...]
    synsets: tuple[str, ...] = ()
    base_model: str = ""


@dataclass(frozen=True)
class TrainingFolders:
    """Where a training writes.

    Attributes:
        checkpoints: while it runs; the same training goes on from there after a kill. Gone at the end.
        model: the SavedModel.
        logs: gets a folder `logs` of TensorBoard's files at the end.
    """

    checkpoints: str
    model: str
    logs: str


def train(
    config: TrainerConfig, inputs: TrainingInputs, folders: TrainingFolders, strategy: tf.distribute.Strategy
) -> None:
    """Trains the configured network; writes the SavedModel and TensorBoard's logs.

    Of several workers (TF_CONFIG), each of which calls this with the same values, the chief writes.

    Raises:
        InputError, Preempted: see components.training.loop.Loop.run; InputError also for a base model whose
            weights do not fit.
    """
    model = trained(config, inputs, folders.checkpoints, strategy)
    if is_chief(strategy):
        export(model, config.net, head_of(config, inputs), folders.model)
        finish(folders.checkpoints, folders.logs)


def trained(
    config: TrainerConfig, inputs: TrainingInputs, checkpoints: str, strategy: tf.distribute.Strategy
) -> keras.Model:
    """The trained network, with its checkpoints and TensorBoard's logs in folder `checkpoints`.

    Raises:
        InputError, Preempted: see `train`.
    """
    training = config.training
    if line := precision_gain.warning(training.precision, strategy):
        print(line, flush=True)
    keras.utils.set_random_seed(training.seed)
    with strategy.scope():
        model = _first_model(config, inputs)
        loop = Loop(model, training, strategy)
    loop.run(_data(config, inputs), checkpoints)
    return model


def _first_model(config: TrainerConfig, inputs: TrainingInputs) -> keras.Model:
    """With random weights, or those of the base model."""
    training, base = config.training, inputs.base_model
    if training.trained_layers is not TrainedLayers.ALL and not base:
        raise InputError(
            f"trained_layers = {training.trained_layers.value}: the others would keep random weights; start "
            "from a model: set VGG_INIT_FROM"
        )
    model = vgg.build(
        config.net,
        initialisation=training.initialisation,
        dtype=training.precision.value,
        seed=training.seed,
    )
    if base:
        layers = _layers_to_take(config, base, [layer.name for layer in model.layers if layer.weights])
        if training.new_last_layer:
            weights = body_weights(base)
        else:
            weights = base_weights(base, LabelSpace.of_model(inputs.class_names, inputs.synsets))
        take_weights(model, weights, layers)
    for layer in model.layers:
        layer.trainable = layer.name.startswith(TRAINED[training.trained_layers])
    return model


def _layers_to_take(config: TrainerConfig, base: str, names: Sequence[str]) -> tuple[str, ...]:
    """All layers of a net of the same configuration, else those that the paper takes from net A."""
    same = describe(base)[0].configuration == config.net.configuration
    new = (LAST_LAYER,) if config.training.new_last_layer else ()
    return tuple(name for name in (names if same else FROM_A) if name not in new)


def _data(config: TrainerConfig, inputs: TrainingInputs) -> Data:
    training, size, mean = config.training, config.net.input_size, _mean_rgb(config, inputs)
    source, held_out = Source(inputs.train, inputs.layout), Source(inputs.validation, inputs.layout)
    augmentation = Augmentation(
        scales=training.scales,
        size=size,
        mean_rgb=mean,
        colours=principal_components(inputs.covariance_rgb) if training.colour_shift else None,
        seed=training.seed,
    )
    return Data(
        epoch=lambda epoch, first: training_crops(source, augmentation, epoch, first),
        validation=validation_crops(held_out, side=training.middle_side, size=size, mean_rgb=mean),
        images=inputs.images,
    )


def _mean_rgb(config: TrainerConfig, inputs: TrainingInputs) -> tuple[float, float, float]:
    """What is subtracted: see Training.new_last_layer."""
    if config.training.new_last_layer and inputs.base_model:
        return describe(inputs.base_model)[1].mean_rgb
    return _floats(inputs.mean_rgb)


def head_of(config: TrainerConfig, inputs: TrainingInputs) -> Head:
    """What surrounds the trained network."""
    return Head(
        mean_rgb=_mean_rgb(config, inputs),
        class_names=inputs.class_names,
        shorter_sides=(config.training.middle_side,),
        flip=True,
        image_key=inputs.layout.image,
        label_key=inputs.layout.label,
        first_label=inputs.layout.first_label,
        synsets=inputs.synsets,
    )


def finish(checkpoints: str, logs: str) -> None:
    """Moves TensorBoard's logs out of folder `checkpoints` into `logs`, and removes it; a kill may have left
    this half done."""
    written = os.path.join(checkpoints, "logs")
    tf.io.gfile.makedirs(logs)
    if tf.io.gfile.exists(written):
        tf.io.gfile.rename(written, os.path.join(logs, "logs"))
    tf.io.gfile.rmtree(checkpoints)


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
