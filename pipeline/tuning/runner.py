"""Runs the pipeline of a tuning as others are run, with a table of the trials in place of errors."""

from collections.abc import Sequence
from pathlib import Path

from components.tuning.space import Tuning
from components.tuning.trials import Trial
from components.tuning.trials_file import read_trials
from pipeline.environment import Environment
from pipeline.experiments.experiment import Experiment
from pipeline.running.local_runner import Runner
from pipeline.running.results import outputs_of_last_run
from pipeline.running.run_log import logging_to
from pipeline.tuning.table import show


class TuningRunner(Runner):
    """See Runner.

    Attributes:
        trials: of the Tuner, or of the cache's answer.
    """

    def __init__(
        self, experiment: Experiment, tuning: Tuning, environment: Environment, notes: Sequence[str]
    ):
        super().__init__(experiment, environment, notes)
        self._tuning, self.trials = tuning, list[Trial]()

    def _show_results(self, log: Path) -> None:
        with logging_to(log):
            self.trials = read_trials(outputs_of_last_run(self._environment)["tuner_results"].uri)
        show(self.trials, self._tuning, self._experiment.evaluation.shorter_sides, self._console)
