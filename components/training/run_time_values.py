"""The Trainer's executor where fields of the recipe are given when a compiled pipeline is started."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from tfx.components.trainer import executor

from components.recipe import TrainerConfig, from_json, to_json
from components.training.trainer import CONFIG

VALUES = {"learning_rate": float, "most_epochs": int, "most_steps": int}
"""Fields of components.recipe.Training that can be given, each 0 where it is not."""

CUSTOM_CONFIG = "custom_config"


class Executor(executor.GenericExecutor):
    """TFX's, after the values that were given have taken their places in the configuration."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:  # noqa: N802 - TFX's name
        """See tfx.components.trainer.executor.GenericExecutor.

        Raises:
            InputError: a value is out of range.
        """
        super().Do(input_dict, output_dict, with_values(exec_properties))


def with_values(exec_properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties of the Trainer's execution, the values that were given in the net's configuration."""
    given = {name: kind(exec_properties.get(name) or 0) for name, kind in VALUES.items()}
    own = json.loads(exec_properties[CUSTOM_CONFIG])
    config = from_json(TrainerConfig, own[CONFIG])
    changed = {name: value for name, value in given.items() if value}
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, **changed))
    others = {name: value for name, value in exec_properties.items() if name not in VALUES}
    return {**others, CUSTOM_CONFIG: json.dumps({**own, CONFIG: to_json(config)})}
