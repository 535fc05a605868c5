"""TFX's Trainer of a box net: its run_fn hands plain values to box_training.py."""

from tfx.components.trainer.fn_args_utils import FnArgs

from components.localisation.box_recipe import BoxTrainerConfig
from components.localisation.box_training import train_boxes
from components.recipe import from_json
from components.training.distribution import choose_strategy
from components.training.machines.chief import chief_here
from components.training.train import TrainingFolders
from components.training.trainer import CONFIG, checkpoint_folder, training_inputs
from models.errors import InputError


def run_fn(arguments: FnArgs) -> None:
    """Calls `train_boxes` on what TFX hands over.

    Args:
        arguments: as for components.training.trainer.run_fn, with a BoxTrainerConfig; the base model is the
            classification net.

    Raises:
        InputError, Preempted: see train_boxes; InputError too on several machines.
    """
    if chief_here():
        raise InputError(
            "box net: trained on one machine, and this run has several; expected one with all of its GPUs; "
            "run the experiment without --workers: the nets trained before are found in the cache"
        )
    strategy = choose_strategy()  # before anything else runs TensorFlow
    config = from_json(BoxTrainerConfig, arguments.custom_config[CONFIG])
    inputs = training_inputs(arguments, config.net.classes)
    folders = TrainingFolders(
        checkpoints=checkpoint_folder(arguments, inputs.base_model),
        model=arguments.serving_model_dir,
        logs=arguments.model_run_dir,
    )
    train_boxes(config, inputs, folders, strategy)
