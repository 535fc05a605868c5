"""TFX's Trainer: its run_fn reads TFX's arguments and artifacts and hands plain values to `train.py`."""

import os
from collections.abc import Sequence

import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs

from components import artifact_files
from components.datasets.layouts import Layout, layout_of
from components.datasets.record_index import RecordIndex
from components.ingestion import transform
from components.ingestion.shard_example_gen import read_index
from components.recipe import TrainerConfig, from_json
from components.training.checkpoints import folder_name
from components.training.distribution import choose_strategy
from components.training.machines.chief import Chief, chief_here
from components.training.train import TrainingFolders, TrainingInputs, train

CONFIG, BASE, BASE_CONTENT, CODE = "config", "init_from", "init_fingerprint", "code"
READ = (
    "custom_config",
    "transform_graph_path",
    "schema_path",
    "train_files",
    "eval_files",
    "base_model",
    "serving_model_dir",
    "model_run_dir",
)
"""What run_fn reads of TFX's arguments."""


def run_fn(arguments: FnArgs) -> None:
    """Calls `train` on what TFX hands over.

    Args:
        arguments: TFX's, with a TrainerConfig as JSON under custom_config["config"], and under
            custom_config["init_from"] the folder of a model to start from in place of the base model; what
            it held when the run began is under "init_fingerprint".

    In a pipeline whose command named several machines, all of them train, each in a process of its own that
    calls this function with the same arguments.

    Raises:
        InputError, Preempted: see components.training.train.train and distribution.choose_strategy.
        WorkerLostError: see components.training.machines.chief.Chief.train.
    """
    if chief := chief_here():
        _train_on_all(chief, arguments)
        return
    strategy = choose_strategy()  # before anything else runs TensorFlow
    config = from_json(TrainerConfig, arguments.custom_config[CONFIG])
    inputs = training_inputs(arguments, config.net.classes)
    folders = TrainingFolders(
        checkpoints=checkpoint_folder(arguments, inputs.base_model),
        model=arguments.serving_model_dir,
        logs=arguments.model_run_dir,
    )
    train(config, inputs, folders, strategy)


def _train_on_all(chief: Chief, arguments: FnArgs) -> None:
    folder = checkpoint_folder(arguments, _base_model(arguments))
    chief.train(
        os.path.basename(artifact_files.component_folder(arguments.model_run_dir)),
        {name: getattr(arguments, name) for name in READ},
        lambda: tf.train.latest_checkpoint(folder) or "",
    )


def training_inputs(arguments: FnArgs, classes: int) -> TrainingInputs:
    """What TFX hands over, as `train` takes it, for a net of so many classes."""
    graph = arguments.transform_graph_path
    found = transform.training_set(graph)
    return TrainingInputs(
        train=_records(arguments.train_files),
        validation=_records(arguments.eval_files),
        layout=_layout(arguments.schema_path),
        images=found.images - found.undecodable,
        mean_rgb=found.mean_rgb,
        covariance_rgb=found.covariance_rgb,
        class_names=transform.class_names(graph, classes),
        synsets=transform.synsets(graph, classes),
        base_model=_base_model(arguments),
    )


def _base_model(arguments: FnArgs) -> str:
    return arguments.custom_config.get(BASE) or arguments.base_model or ""


def checkpoint_folder(arguments: FnArgs, base: str) -> str:
    """Beside this Trainer's artifacts, named by all inputs: a new execution of the same training finds it."""
    parts = [
        arguments.custom_config[CONFIG],
        arguments.transform_graph_path,
        *arguments.train_files,
        base,
        arguments.custom_config.get(BASE_CONTENT, ""),
        arguments.custom_config.get(CODE, ""),
    ]
    own = artifact_files.component_folder(arguments.model_run_dir)
    return os.path.join(own, "checkpoints", folder_name(parts))


def _layout(schema_path: str) -> Layout:
    schema = artifact_files.read_schema(os.path.dirname(schema_path))
    return layout_of({feature.name for feature in schema.feature}, "schema")


def _records(patterns: Sequence[str]) -> RecordIndex:
    """Of the one Examples artifact; TFX names its split by the pattern FOLDER/*."""
    (pattern,) = patterns
    return read_index(os.path.dirname(pattern))
