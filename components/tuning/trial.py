"""One trial: a training, its errors, and what came of them as a file by which it is never repeated."""

import json
import os
import time
from dataclasses import asdict

import keras
import tensorflow as tf

from components.recipe import Evaluation, TrainerConfig
from components.training.train import TrainingInputs, finish, head_of, trained
from components.tuning.objective import metrics_of_net
from components.tuning.trials import Outcome
from models.errors import Untrainable
from models.fully_convolutional import fully_convolutional

OUTCOME = "outcome.json"


def done_before(folder: str) -> Outcome | None:
    """The outcome of a trial that has ended in this folder."""
    path = os.path.join(folder, OUTCOME)
    if not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path) as file:
        return Outcome(**json.load(file))


def try_out(
    config: TrainerConfig,
    evaluation: Evaluation,
    inputs: TrainingInputs,
    folder: str,
    strategy: tf.distribute.Strategy,
) -> Outcome:
    """Trains as the Trainer does, by the same function, and measures; goes on where the same trial stopped.

    Args:
        config: net and training.
        evaluation: how the net is tested.
        inputs: the data.
        folder: of this trial alone; at the end it holds OUTCOME and TensorBoard's logs.
        strategy: over the devices.

    Raises:
        InputError, Preempted: see components.training.train.trained. A net that cannot be trained with these
            settings is an outcome.
    """
    begun, anew = time.monotonic(), not tf.io.gfile.exists(folder)
    checkpoints = os.path.join(folder, "checkpoints")
    try:
        model = trained(config, inputs, checkpoints, strategy)
        network, head = fully_convolutional(model, config.net), head_of(config, inputs)
        metrics = metrics_of_net(network, config.net, head, inputs.validation, inputs.layout, evaluation)
        found = Outcome(metrics, time.monotonic() - begun if anew else 0.0)
    except Untrainable as error:
        found = Outcome({}, time.monotonic() - begun if anew else 0.0, _reason(error))
    keras.utils.clear_session()  # or each trial's net would stay in memory
    _write(found, folder)
    if tf.io.gfile.exists(checkpoints):
        finish(checkpoints, logs=folder)
    return found


def _reason(error: Untrainable) -> str:
    """Without the advice that follows the semicolon, which is to do what a tuning does."""
    return str(error).partition(";")[0].removeprefix("training: ")


def _write(outcome: Outcome, folder: str) -> None:
    """Whole or not at all."""
    tf.io.gfile.makedirs(folder)
    path = os.path.join(folder, OUTCOME)
    with tf.io.gfile.GFile(f"{path}.part", "w") as file:
        json.dump(asdict(outcome), file)
    tf.io.gfile.rename(f"{path}.part", path, overwrite=True)
