"""One run as every command starts it."""

import dataclasses
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.datasets.shards import listed_classes
from components.training.machines.cluster import Cluster
from models.initialisation import Initialisation
from models.quiet_imports import collector_paused, quiet_imports
from pipeline.database import METADATA
from pipeline.environment import Environment
from pipeline.exit_status import BLESSED, NOT_BLESSED
from pipeline.home_name import named, recorded_name
from pipeline.running.preflight import (
    check_base,
    check_classes,
    check_data,
    check_home_is_here,
    check_localisation,
    check_model,
    check_workers,
    find_shards,
)
from serving.saved_model.description import describe, fingerprint

if TYPE_CHECKING:
    from pipeline.experiments.experiment import Experiment

DEFAULT_EXPERIMENT = "demo"


@dataclass(frozen=True)
class Prepared:
    """What is to run.

    Attributes:
        environment: the folders.
        experiments: all by name, those to run and what they start from as the data and the model to start
            from have them.
        notes: what is said before each of those to run, by name.
    """

    environment: Environment
    experiments: "Mapping[str, Experiment]"
    notes: Mapping[str, list[str]]


def run(variables: Mapping[str, str] = os.environ, *, check: bool = True) -> int:
    """Runs the experiment of VGG_EXPERIMENT, by name or file, or each that matches it, with the fields of
    VGG_SET, in the environment of VGG_HOME and VGG_DATA.

    VGG_INIT, the name of an initialisation, cuts off the experiment's chain of base models, of a fusion each
    net's. With `check`, mistakes are found in the order of what finding them costs: importing TFX takes half
    a minute.

    Where VGG_WORKERS, or TF_CONFIG, names several machines, this is the first of them, which runs all and has
    the others train with it; or another one, which takes part in the trainings until that run ends.

    Returns:
        BLESSED, or NOT_BLESSED where a threshold refused the model and nothing was pushed.

    Raises:
        InputError: the experiment, the data or the home folder cannot be used.
        ComponentError: a component failed; another machine's run did, or that machine is gone.
        Preempted: SIGTERM came.
    """
    environment = Environment.from_variables(variables)
    check_home_is_here(environment.home)
    if check:
        check_workers(environment)
    cluster = Cluster.from_variables(variables) if check else None
    if not cluster:
        return _run(variables, environment, check)
    from pipeline.running.machines import follow, lead

    if cluster.index:
        return follow(cluster, environment)
    return lead(cluster, environment, lambda: _run(variables, environment, check))


def _run(variables: Mapping[str, str], environment: Environment, check: bool) -> int:
    with collector_paused():  # it imports TensorFlow
        what = prepared(environment, variables, check=check)
    if check:
        what = with_records(what)
    return run_prepared(what)


def run_prepared(what: Prepared) -> int:
    """Runs what is prepared, one experiment after another, and writes the report.

    Returns, raises:
        As `run`.
    """
    started = time.time()
    runners = [_run_one(name, what) for name in what.notes]
    if any(runner.ran for runner in runners):
        _report(what.environment, started)
    return NOT_BLESSED if any(runner.refused for runner in runners) else BLESSED


def with_records(what: Prepared) -> Prepared:
    """Where ML Metadata is in a database: connects to it, and has the home folder's name there.

    Raises:
        InputError: the database cannot be used, or the home folder not be written.
    """
    if what.environment.database is None:
        return what
    from pipeline.metadata_connection import check_database

    check_database(what.environment)
    is_new = not recorded_name(what.environment)
    environment = named(what.environment)
    lines = [f"ML Metadata: {environment.database}, pipeline {environment.pipeline_name}"]
    if is_new and environment.metadata.exists():
        lines.append(
            f"What this home folder ran before is in {environment.metadata} and is not looked at: everything "
            f"is computed anew, nets are trained anew; without {METADATA} it is as it was"
        )
    notes = {name: [*lines, *found] for name, found in what.notes.items()}
    return dataclasses.replace(what, environment=environment, notes=notes)


def prepared(environment: Environment, variables: Mapping[str, str], *, check: bool) -> Prepared:
    """The experiments as the data and the model to start from have them, after a look at both with `check`.

    Raises:
        InputError: the experiment, the data or the model cannot be used.
    """
    written, experiments = _chosen(variables)
    for each in written:
        if each.needs_base:
            check_base(each.name, environment.init_from)
    if check:
        find_shards(environment.data)
    if environment.init_from and (check or any(each.needs_base for each in written)):
        check_model(environment.init_from)
        content = fingerprint(str(environment.init_from))
        environment = dataclasses.replace(environment, init_fingerprint=content)
    if check:
        check_data(environment.data)
        if any(each.localisation for each in written):
            check_localisation(environment.data, several_machines=bool(Cluster.from_variables(variables)))
    there = listed_classes(str(environment.data)) if check else None
    for each in written:
        if check and each.fixes_classes:
            check_classes(environment.data, each.name, each.config.net.classes, there)
    experiments = _for_base(written, experiments, environment)
    experiments, notes = _for_data(written, experiments, there)
    return Prepared(environment, experiments, notes)


def _chosen(variables: Mapping[str, str]) -> tuple[list["Experiment"], "Mapping[str, Experiment]"]:
    """Those to run, and all by name that they may start from, as VGG_INIT has them."""
    from pipeline.experiments.catalogue import EXPERIMENTS, all_from_random_weights
    from pipeline.experiments.chosen import chosen

    named = variables.get("VGG_EXPERIMENT") or DEFAULT_EXPERIMENT
    names, experiments = chosen(named, variables.get("VGG_SET", ""), EXPERIMENTS)
    if variables.get("VGG_INIT"):
        experiments = all_from_random_weights(Initialisation.named(variables["VGG_INIT"]), experiments)
    return [experiments[name] for name in names], experiments


def _for_base(
    written: list["Experiment"], experiments: "Mapping[str, Experiment]", environment: Environment
) -> "Mapping[str, Experiment]":
    """All experiments, those that train the net of the model to start from with that net."""
    from pipeline.experiments.base_net import with_net_of_base

    found = {each.name: each for each in written if each.net_of_base}
    if not found:
        return experiments
    base, _ = describe(str(environment.init_from))
    return {**experiments, **{name: with_net_of_base(each, base) for name, each in found.items()}}


def _for_data(
    written: list["Experiment"], experiments: "Mapping[str, Experiment]", there: int | None
) -> tuple["Mapping[str, Experiment]", dict[str, list[str]]]:
    """All experiments, for as many classes as the data have, and what is to be said of what they became, by
    name.
    """
    from pipeline.experiments.base_net import note_on_base
    from pipeline.experiments.classes import note_on_classes, with_classes_of_data

    taken = with_classes_of_data([each.name for each in written], experiments, there)
    notes = {
        each.name: [note_on_base(each, taken[each.name]), note_on_classes(each, taken[each.name], there)]
        for each in written
    }
    return taken, {name: [line for line in lines if line] for name, lines in notes.items()}


def _run_one(name: str, what: Prepared):
    experiment, environment, experiments = what.experiments[name], what.environment, what.experiments
    with quiet_imports(), collector_paused():
        from pipeline.pipeline import create_pipeline
        from pipeline.running.local_runner import Runner
        from pipeline.running.trained_nets import kept_code, lines_of_change, trained_nets

        nets = trained_nets(environment, experiment, experiments)
        kept = kept_code(nets) if environment.keep_nets else {}
        pipeline = create_pipeline(experiment, environment, experiments, kept)
    changes = lines_of_change(nets, pipeline, experiment, experiments)
    runner = Runner(experiment, environment, notes=[*what.notes[name], *changes])
    runner.run(pipeline)
    return runner


def _report(environment: Environment, started: float) -> None:
    """Once for all experiments of the command; their figures are read anew from ML Metadata."""
    with quiet_imports():
        from rich.console import Console

        from pipeline.report.writer import report_run

        report_run(environment, Console(), started)
