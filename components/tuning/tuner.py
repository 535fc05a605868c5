"""TFX's Tuner with trainings of ours: its tuner_fn, and its executor without what KerasTuner prints.

Values are drawn by KerasTuner from the seed alone, so that the same command draws the same ones. What has
come of a trial lies in a folder that is named by all that decides it: a tuning that was interrupted, or that
is asked for more trials, takes up what is there. KerasTuner's own state is written anew each time.
"""

import contextlib
import io
import os
from collections.abc import Callable, Mapping
from typing import Any

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial as KerasTrial
from keras_tuner.engine.trial import TrialStatus
from keras_tuner.errors import FailedTrialError, FatalError
from keras_tuner.oracles import RandomSearchOracle
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner import executor
from tfx.components.tuner.component import TunerFnResult
from tfx.types import artifact_utils

from components import artifact_files
from components.recipe import Evaluation, TrainerConfig, from_json, to_json
from components.training.checkpoints import folder_name
from components.training.distribution import choose_strategy
from components.training.trainer import BASE_CONTENT, CODE, CONFIG, training_inputs
from components.tuning.space import Dimension, Tuning, Value, values_of, with_values
from components.tuning.trial import done_before, try_out
from components.tuning.trials import Outcome, Trial
from components.tuning.trials_file import write_trials
from models.errors import InputError

EVALUATION, TUNING = "evaluation", "tuning"
"""Of custom_config, beside those of components.training.trainer."""

SEEDS_APART = 1_000_003

TryOut = Callable[[int, dict[str, Value]], Outcome]
"""Of a trial's number and values."""


class Executor(executor.Executor):
    """TFX's, by its own functions; it writes all trials too, and ends with what ended a trial."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:  # noqa: N802 - TFX's name
        """See tfx.components.tuner.executor.Executor.

        Raises:
            InputError, Preempted: components.tuning.trial.try_out's, or no trial has come to an error.
        """
        results = artifact_utils.get_single_uri(output_dict["tuner_results"])
        own = artifact_files.component_folder(results)
        try:
            tuner = executor.search(input_dict, exec_properties, own, print_tuning_summary=False)
        except FatalError as error:
            raise error.__cause__ from None
        check_any_trained(tuner.trials)
        executor.write_best_hyperparameters(tuner, output_dict)
        write_trials(results, tuner.trials)


def check_any_trained(trials: list[Trial]) -> None:
    """Raises InputError where each of them failed: KerasTuner would call one of them the best."""
    if all(one.outcome.failure for one in trials):
        raise InputError(
            f"tuning: none of {len(trials)} trials could be trained; the first: {trials[0].outcome.failure}"
        )


def tuner_fn(arguments: FnArgs) -> TunerFnResult:
    """What TFX's Tuner runs.

    Args:
        arguments: TFX's; custom_config as the Trainer's, and an Evaluation and a Tuning as JSON; working_dir
            is the folder of this node.

    Raises:
        InputError: a batch has more images than there are, or fewer than devices.
    """
    strategy = choose_strategy()
    custom = arguments.custom_config
    config, evaluation, tuning = (
        from_json(kind, custom[name])
        for kind, name in ((TrainerConfig, CONFIG), (Evaluation, EVALUATION), (Tuning, TUNING))
    )
    inputs = training_inputs(arguments, config.net.classes)
    check_batches(config, tuning, inputs.images, strategy.num_replicas_in_sync)

    def folder(own: TrainerConfig) -> str:
        parts = [
            to_json(own),
            to_json(evaluation),
            arguments.transform_graph_path,
            *arguments.train_files,
            *arguments.eval_files,
            inputs.base_model,
            custom.get(BASE_CONTENT, ""),
            custom.get(CODE, ""),
        ]
        return os.path.join(arguments.working_dir, "trials", folder_name(parts))

    def run(number: int, values: dict[str, Value]) -> Outcome:
        own = with_values(config, values)
        said = ", ".join(f"{name.partition('.')[2]} {value}" for name, value in values.items())
        before = done_before(folder(own))
        print(f"  trial {number} of {tuning.trials}: {said}{' (done before)' if before else ''}", flush=True)
        found = before or try_out(own, evaluation, inputs, folder(own), strategy)
        print(f"  {found.figure(tuning.objective)}", flush=True)
        return found

    tuner = tuner_of(tuning, values_of(config, tuning.dimensions), arguments.working_dir, run)
    return TunerFnResult(tuner, {"verbose": 0})


def check_batches(config: TrainerConfig, tuning: Tuning, images: int, devices: int) -> None:
    """Before the first trial, and not hours later.

    Raises:
        InputError: see tuner_fn.
    """
    batch = "training.batch"
    ends = next((one.ends for one in tuning.dimensions if one.field == batch), (config.training.batch,))
    if max(ends) > images or min(ends) < devices:
        raise InputError(
            f"tuning: {batch} of {min(ends)} to {max(ends)}, with {images} training images that decode and "
            f"{devices} devices; expected at least one image for each device and at most all; name others: "
            f"--tune {batch}=..."
        )


def tuner_of(tuning: Tuning, own: Mapping[str, Value], folder: str, run: TryOut) -> "RecipeTuner":
    """KerasTuner's search of this space, the first trial with the values `own`; `folder` gets its files."""
    oracle = _OwnFirst(
        own,
        objective=keras_tuner.Objective(tuning.objective, "min"),
        max_trials=tuning.trials,
        # KerasTuner takes 0 for none, and draws one; and it counts up from the seed for each value.
        seed=1 + SEEDS_APART * tuning.seed,
        hyperparameters=_hyperparameters(tuning.dimensions),
        # Rates that diverge say something of the others; they are no reason to stop.
        max_consecutive_failed_trials=tuning.trials + 1,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        return RecipeTuner(oracle, folder, run)


class RecipeTuner(BaseTuner):
    """KerasTuner's loop around `run`.

    Attributes:
        trials: those that have ended, in order.
    """

    def __init__(self, oracle: keras_tuner.Oracle, folder: str, run: TryOut):
        super().__init__(oracle, directory=folder, project_name="keras_tuner", overwrite=True)
        self._run = run
        self.trials: list[Trial] = []

    def run_trial(self, trial: KerasTrial, *_, **__) -> dict[str, float]:
        """KerasTuner's: what it reports of one trial."""
        number, values = len(self.trials) + 1, dict(trial.hyperparameters.values)
        try:
            outcome = self._run(number, values)
        except Exception as error:  # of all others KerasTuner makes a failed trial
            raise FatalError from error
        self.trials.append(Trial(number, values, outcome))
        if outcome.failure:
            raise FailedTrialError(outcome.failure)
        objective = self.oracle.objective.name
        return {objective: outcome.metrics[objective]}


class _OwnFirst(RandomSearchOracle):
    """Random search that begins with the experiment as it is, and draws numbers that can be read."""

    def __init__(self, own: Mapping[str, Value], **options: Any):
        super().__init__(**options)
        self._own = dict(own)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """KerasTuner's."""
        if not self.trials:
            return {"status": TrialStatus.RUNNING, "values": self._own}
        found = super().populate_space(trial_id)
        return {**found, "values": {name: _short(value) for name, value in (found["values"] or {}).items()}}


def _short(value: Value) -> Value:
    """Three digits of a number with a fraction: the trial, its table and its file have the same one."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def _hyperparameters(dimensions: tuple[Dimension, ...]) -> keras_tuner.HyperParameters:
    space = keras_tuner.HyperParameters()
    for one in dimensions:
        if one.values:
            space.Choice(one.field, list(one.values))
        elif one.whole:
            space.Int(one.field, int(one.low), int(one.high), sampling=_sampling(one))
        else:
            space.Float(one.field, one.low, one.high, sampling=_sampling(one))
    return space


def _sampling(dimension: Dimension) -> str:
    return "log" if dimension.logarithmic else "linear"
