"""What a compiled pipeline leaves open until it is started: the data, and how long and how fast nets train.

Q is not among them, as each Q is a task of its own: for others, compile again with `--set`.
"""

from tfx.components import Trainer
from tfx.dsl.components.base import executor_spec
from tfx.orchestration.data_types import RuntimeParameter

from components.training.run_time_values import VALUES, Executor
from pipeline.engine import Engine
from pipeline.environment import Environment

DATA = "data"


def data_folder(environment: Environment) -> str | RuntimeParameter:
    """The folder itself, or on another engine than this machine a value with that folder as its default."""
    folder = str(environment.data)
    if environment.engine is Engine.LOCAL:
        return folder
    return RuntimeParameter(name=DATA, default=folder, ptype=str)


def with_run_time_values(trainer: Trainer, environment: Environment) -> Trainer:
    """`trainer`, which on another engine than this machine takes VALUES when the pipeline is started.

    They hold for each net of a chain; 0 stands for what the experiment says.
    """
    if environment.engine is Engine.LOCAL:
        return trainer
    for name, kind in VALUES.items():
        trainer.exec_properties[name] = RuntimeParameter(name=name, default=kind(0), ptype=kind)
    trainer.executor_spec = executor_spec.ExecutorClassSpec(Executor)
    return trainer
