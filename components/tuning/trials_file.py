"""All trials of a tuning as a file beside TFX's own results, which leave out those that failed."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict

import tensorflow as tf

from components.tuning.trials import Outcome, Trial

TRIALS = "trials.json"


def write_trials(folder: str, trials: Sequence[Trial]) -> None:
    """Into the folder of an artifact."""
    with tf.io.gfile.GFile(os.path.join(folder, TRIALS), "w") as file:
        json.dump([asdict(one) for one in trials], file, indent=1)


def read_trials(folder: str) -> list[Trial]:
    """The inverse of write_trials."""
    with tf.io.gfile.GFile(os.path.join(folder, TRIALS)) as file:
        return [Trial(**{**one, "outcome": Outcome(**one["outcome"])}) for one in json.load(file)]
