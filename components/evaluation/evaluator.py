"""TFX's Evaluator, also where the baseline's artifact is there and holds no model."""

import tensorflow as tf
from tfx.components.evaluator import executor
from tfx.components.evaluator.component import Evaluator as TfxEvaluator
from tfx.dsl.components.base import executor_spec
from tfx.utils import path_utils

BASELINE_MODEL = "baseline_model"


class Executor(executor.Executor):
    """Takes a baseline without a model for none: bounds against it then hold, as in a first run."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:  # noqa: N802 - TFX's name
        """See tfx.components.evaluator.executor.Executor."""
        baseline = input_dict.get(BASELINE_MODEL)
        if baseline and not tf.io.gfile.exists(path_utils.serving_model_dir(baseline[0].uri)):
            input_dict = {name: channel for name, channel in input_dict.items() if name != BASELINE_MODEL}
        super().Do(input_dict, output_dict, exec_properties)


class Evaluator(TfxEvaluator):
    """`tfx.components.Evaluator` by `Executor`."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
