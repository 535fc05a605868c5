"""One tuning as `vgg tune` starts it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.recipe import TrainedLayers, Training
from components.training.machines.cluster import Cluster
from components.tuning.space import OBJECTIVES, TOP1_ERROR, Tuning
from components.tuning.trials import best_first
from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.environment import Environment
from pipeline.running.preflight import check_home_is_here, check_workers
from pipeline.running.run import Prepared, prepared, with_records
from pipeline.tuning.dimensions import combinations, dimensions, lines
from pipeline.tuning.tuned_file import Source, check_place, write_tuned

if TYPE_CHECKING:
    from pipeline.experiments.experiment import Experiment


@dataclass(frozen=True)
class Request:
    """What a tuning is asked for.

    Attributes:
        fields: --tune's words (pipeline.tuning.dimensions).
        trials, seed, objective: see components.tuning.space.Tuning.
        epochs: of each trial; 0 for the experiment's.
        out: the file to write; None for tuned-NAME.toml here.
    """

    fields: Sequence[str] = ()
    trials: int = 10
    seed: int = 0
    objective: str = TOP1_ERROR
    epochs: int = 0
    out: Path | None = None


def tune(request: Request, variables: Mapping[str, str]) -> Path:
    """Tries, shows the trials and writes the best values as an experiment file, whose path it returns.

    `variables` are those of pipeline.running.run.run. The same call goes on where a call was interrupted.

    Raises:
        InputError: the experiment, the data, the fields or the file cannot be used.
        ComponentError: a component failed.
        Preempted: SIGTERM came.
    """
    environment = Environment.from_variables(variables)
    check_home_is_here(environment.home)
    check_workers(environment)
    _check_variables(variables)
    what = prepared(environment, variables, check=True)
    written = _only(what)
    out = request.out or Path(f"tuned-{written.name}.toml")
    check_place(out)
    has_base = bool(what.environment.init_from or written.starts_from)
    experiment = shortened(written, request.epochs)
    found = dimensions(experiment, request.fields, has_base=has_base)
    tuning = Tuning(found, request.trials, request.seed, request.objective)
    best, count = _run(experiment, tuning, with_records(what))
    source = Source(
        named=variables["VGG_EXPERIMENT"],
        settings=variables.get("VGG_SET", ""),
        data=str(environment.data),
        shortened=experiment.config.training.most_epochs if experiment != written else 0,
    )
    write_tuned(out, source, best, count, tuning.objective)
    return out


def shortened(experiment: "Experiment", epochs: int) -> "Experiment":
    """With at most so many epochs, the rate divided after the same shares of them; 0 for no fewer."""
    training = experiment.config.training
    if not epochs or epochs >= training.most_epochs:
        return experiment
    share = epochs / training.most_epochs
    drops = tuple(sorted({max(1, round(share * after)) for after in training.drops}))
    return _with_training(experiment, dataclasses.replace(training, most_epochs=epochs, drops=drops))


def _with_training(experiment: "Experiment", training: Training) -> "Experiment":
    config = dataclasses.replace(experiment.config, training=training)
    return dataclasses.replace(experiment, config=config)


def _check_variables(variables: Mapping[str, str]) -> None:
    if Cluster.from_variables(variables):
        raise InputError("vgg tune: runs on one machine; unset VGG_WORKERS, VGG_WORKER and TF_CONFIG")
    if variables.get("VGG_INIT"):
        raise InputError(
            "VGG_INIT: an experiment file cannot say it; unset it and name the initialisation by "
            f"--set training.initialisation={variables['VGG_INIT']}"
        )


def _only(what: Prepared) -> "Experiment":
    """The experiment, as the data and the model to start from have it."""
    names = list(what.notes)
    if len(names) > 1:
        raise InputError(f"experiments {', '.join(names)}: expected one to tune; name it")
    found = what.experiments[names[0]]
    if found.fused_with:
        raise InputError(f"experiment {found.name}: is a fusion of nets; tune each of them by itself")
    if found.config.training.trained_layers is TrainedLayers.SVM:
        raise InputError(
            f"experiment {found.name}: an SVM chooses its constant by itself, and has nothing else to tune"
        )
    return found


def _run(experiment: "Experiment", tuning: Tuning, what: Prepared):
    """The best trial, and how many there were."""
    with quiet_imports():
        from pipeline.running.trained_nets import kept_code, trained_nets
        from pipeline.tuning.nodes import tuning_pipeline
        from pipeline.tuning.runner import TuningRunner

        environment = what.environment
        nets = trained_nets(environment, experiment, what.experiments) if environment.keep_nets else []
        pipeline = tuning_pipeline(experiment, tuning, environment, what.experiments, kept_code(nets))
    runner = TuningRunner(experiment, tuning, environment, _notes(experiment, tuning, what))
    runner.run(pipeline)
    return best_first(runner.trials, tuning.objective)[0], len(runner.trials)


def _notes(experiment: "Experiment", tuning: Tuning, what: Prepared) -> list[str]:
    sides = ", ".join(map(str, experiment.evaluation.shorter_sides))
    different = combinations(tuning.dimensions)
    return [
        *what.notes[experiment.name],
        f"Tuning: {tuning.trials} trials, each to epoch {experiment.config.training.most_epochs} at most, "
        f"seed {tuning.seed}, for the least {OBJECTIVES[tuning.objective]} at Q = {sides}:",
        *(f"  {line}" for line in lines(tuning.dimensions, experiment.config)),
        *([f"There are only {different:.0f} different trials."] if different < tuning.trials else []),
    ]
