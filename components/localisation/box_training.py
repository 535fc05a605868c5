"""One training of a box net (appendix A), from examples and a classification net to its weights on disk.

It knows nothing of TFX: `box_trainer.py` calls it for TFX's Trainer.
"""

import dataclasses

import keras
import tensorflow as tf

from components.localisation.box_answers import box_answers
from components.localisation.box_data import check_boxes
from components.localisation.box_recipe import BoxTrainerConfig
from components.localisation.objective import BoxRegression
from components.training.base_model import body_weights
from components.training.input_pipeline import Augmentation, Source, training_crops, validation_crops
from components.training.loop import Data, Loop
from components.training.train import LAST_LAYER, TRAINED, TrainingFolders, TrainingInputs, finish
from models import vgg
from models.colour_shift import principal_components
from models.errors import InputError
from models.initial_weights import take_weights
from models.localisation.regression import box_net
from serving.saved_model.box_model import BoxModel, write_box_model
from serving.saved_model.description import describe


def train_boxes(
    config: BoxTrainerConfig,
    inputs: TrainingInputs,
    folders: TrainingFolders,
    strategy: tf.distribute.Strategy,
) -> None:
    """Trains the box net and writes it (serving.saved_model.box_model), and TensorBoard's logs.

    `inputs.base_model` is the classification net; its mean RGB is subtracted, and its layers but the last are
    what training begins from.

    Raises:
        InputError, Preempted: see components.training.loop.Loop.run; InputError also where the data have no
            boxes, or the base model is of another net.
    """
    _check_base(config, inputs.base_model)
    check_boxes([inputs.train.files, inputs.validation.files], "box net's data")
    keras.utils.set_random_seed(config.training.seed)
    with strategy.scope():
        model = _first_model(config, inputs.base_model)
        loop = Loop(model, config.training, strategy, BoxRegression())
    loop.run(_data(config, inputs), folders.checkpoints)
    head = describe(inputs.base_model)[1]
    side = config.training.middle_side
    write_box_model(model, BoxModel(config.net, config.regression, head, side), folders.model)
    finish(folders.checkpoints, folders.logs)


def _first_model(config: BoxTrainerConfig, base: str) -> keras.Model:
    training = config.training
    model = vgg.build(
        box_net(config.net, config.regression),
        initialisation=training.initialisation,
        dtype=training.precision.value,
        seed=training.seed,
    )
    layers = [layer.name for layer in model.layers if layer.weights and layer.name != LAST_LAYER]
    take_weights(model, body_weights(base), tuple(layers))
    for layer in model.layers:
        layer.trainable = layer.name.startswith(TRAINED[training.trained_layers])
    return model


def _data(config: BoxTrainerConfig, inputs: TrainingInputs) -> Data:
    training, size = config.training, config.net.input_size
    mean, answers = describe(inputs.base_model)[1].mean_rgb, box_answers(size)
    source, held_out = (
        Source(records, inputs.layout, answers) for records in (inputs.train, inputs.validation)
    )
    colours = principal_components(inputs.covariance_rgb) if training.colour_shift else None
    augmentation = Augmentation(training.scales, size, mean, colours, training.seed)
    return Data(
        epoch=lambda epoch, first: training_crops(source, augmentation, epoch, first),
        validation=validation_crops(held_out, side=training.middle_side, size=size, mean_rgb=mean),
        images=inputs.images,
    )


def _check_base(config: BoxTrainerConfig, base: str) -> None:
    if not base:
        raise InputError(
            "box net: no classification net to begin from (appendix A); expected the trained one of the same "
            "S; run the experiment as it is, or set VGG_INIT_FROM"
        )
    has = describe(base)[0]
    if has != config.net:
        found, wanted = (dataclasses.asdict(net) for net in (has, config.net))
        name = next(name for name in wanted if found[name] != wanted[name])
        raise InputError(
            f"box net: {name} {wanted[name]}, and model {base} has {found[name]}; expected the net that it "
            "begins from; set the experiment's net to that model's"
        )
