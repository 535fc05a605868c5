"""A run on several machines: one of them runs the pipeline, the others take part in its trainings alone."""

import os
from collections.abc import Callable
from datetime import datetime

from rich.console import Console

from components.training.machines.cluster import TF_CONFIG, Cluster
from models.errors import InputError, Preempted
from models.quiet_imports import quiet_imports
from pipeline.environment import Environment
from pipeline.exit_status import BAD_INPUT, FAILED, PREEMPTED, ComponentError, status_of

WORKERS_FOLDER = "workers"


def lead(cluster: Cluster, environment: Environment, run: Callable[[], int]) -> int:
    """Calls `run`, whose Trainers train on all machines, and tells the others its exit status."""
    with quiet_imports():
        from components.training.machines.chief import Chief, leading
    # Only the processes that train are TensorFlow's workers; this one runs everything else.
    os.environ.pop(TF_CONFIG, None)
    console = Console()
    with Chief(cluster, _folder(environment), lambda line: _show(console, line)) as chief, leading(chief):
        try:
            status = run()
        except BaseException as error:
            chief.end(*status_of(error))
            raise
        chief.end(status, "")
        return status


def follow(cluster: Cluster, environment: Environment) -> int:
    """Takes part in the trainings of the chief's run; returns its exit status.

    Raises:
        InputError: the home folder cannot be written, or the chief's run ended with bad input.
        Preempted: SIGTERM came, here or there.
        ComponentError: the chief's run failed, or the chief is gone.
    """
    with quiet_imports():
        from components.training.machines.follower import Follower
        from pipeline.running.run_log import logging_to
    console, name = Console(), cluster.name(cluster.index)
    folder = _folder(environment)
    log = environment.logs / f"{datetime.now():%Y%m%d-%H%M%S}-worker-{cluster.index}.log"
    _show(console, f"{name}: takes part in the trainings of {cluster.name(0)}; home {environment.home}")
    with logging_to(log):
        end = Follower(cluster, folder, lambda line: _show(console, line)).follow()
    if end.status == BAD_INPUT:
        raise InputError(f"{cluster.name(0)}: {end.message}")
    if end.status == PREEMPTED:
        raise Preempted(end.message)
    if end.status is None or end.status == FAILED:
        raise ComponentError(end.message if end.status is None else f"{cluster.name(0)}: {end.message}")
    _show(console, f"The run of {cluster.name(0)} has ended; log: {log}")
    return end.status


def _folder(environment: Environment) -> str:
    """Where the machines see each other.

    Raises:
        InputError: it cannot be made.
    """
    import tensorflow as tf

    folder = os.path.join(str(environment.home), WORKERS_FOLDER)
    try:
        tf.io.gfile.makedirs(folder)
    except tf.errors.OpError as error:
        raise InputError(
            f"home folder {environment.home}: {error.message}; expected one that all machines can write"
        ) from None
    return folder


def _show(console: Console, line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True)
