"""Runs the pipeline here: checks before, few lines during, a table after."""

import os
import resource
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.proto.orchestration import pipeline_pb2

from components.datasets.record_framing import check_records
from components.training.machines.chief import chief_here
from models.errors import InputError, Preempted
from pipeline.environment import Environment
from pipeline.exit_status import ComponentError, named
from pipeline.experiments.catalogue import Experiment
from pipeline.home_lock import RUN, only_one_in
from pipeline.report.identity import gpu_names
from pipeline.running import results
from pipeline.running.beam_batches import bound_batches
from pipeline.running.component_lines import ComponentLines
from pipeline.running.engine import executor_log, run_pipeline
from pipeline.running.executor_host import executor_host
from pipeline.running.executors import ExecutorFailedError, Executors
from pipeline.running.launch import Took
from pipeline.running.preflight import find_shards
from pipeline.running.recorded_types import record_types
from pipeline.running.room import Room, gpus_here, side_by_side_here
from pipeline.running.run_log import logging_to
from pipeline.running.side_by_side import ComponentFailedError
from pipeline.store_path import StorePath

ON_DAMAGE = ("Not a valid TFRecord", "corrupted record at", "truncated record at")
"""What Beam says, and TensorFlow, of a record whose checksums do not agree; neither says where it lies."""


class Runner(LocalDagRunner):
    """LocalDagRunner for people.

    `run` stays TFX's, so that `tfx pipeline create`, which replaces it, only compiles the pipeline.

    Attributes:
        ran: whether the pipeline has run; not where it was only compiled.
        refused: whether a threshold refused the model.
    """

    def __init__(self, experiment: Experiment, environment: Environment, notes: Sequence[str] = ()):
        """`notes` are said before the first component runs."""
        super().__init__()
        self._experiment, self._environment, self._notes = experiment, environment, notes
        self._console = Console()
        self.ran = self.refused = False

    def run_with_ir(
        self, pipeline: pipeline_pb2.Pipeline, run_options: pipeline_pb2.RunOptions | None = None
    ) -> None:
        """Runs the compiled pipeline and shows its results.

        Raises:
            InputError: the home folder cannot be used, or a gate or the Trainer refused the data.
            ComponentError: a component failed.
        """
        started = time.monotonic()
        log = self._environment.logs / f"{datetime.now():%Y%m%d-%H%M%S}.log"
        bound_batches()
        # Before TensorFlow is asked for GPUs. On several machines the Trainer leads the others from here.
        executors = None if chief_here() else Executors(executor_host(anew=self._reads_a_store()))
        with only_one_in(self._environment.home, RUN):
            gpus = gpu_names()
            self._say(
                f"Pipeline vgg, experiment {self._experiment.name}, data {self._environment.data}, "
                f"on {', '.join(gpus) or 'the CPU: TensorFlow sees no GPU'}"
            )
            for note in self._notes:
                self._say(note)
            took = self._run_components(pipeline, run_options, log, executors, self._room(len(gpus)))
            self._show_results(log)
        peak = max([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, *(one.memory for one in took)])
        self._say(
            f"{time.monotonic() - started:.0f} s, peak memory of a process {peak / 2**30:.1f} GiB; log: {log}"
        )
        self.ran = True

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)

    def _reads_a_store(self) -> bool:
        """Whether an object store's client may be at work here, whose threads outlive no fork."""
        environment = self._environment
        places = (environment.data, environment.init_from, environment.artifacts, environment.served)
        return any(isinstance(place, StorePath) for place in places)

    def _room(self, gpus: int) -> Room:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        default = side_by_side_here(gpus, len(os.sched_getaffinity(0)), memory)
        said = self._environment.side_by_side
        return Room(said or default, gpus_here(gpus), trainings_alone=not said)

    def _show_results(self, log: Path) -> None:
        with logging_to(log):
            found = results.last_results(self._environment, self._experiment)
        results.show(found, self._experiment, self._console)
        self.refused = bool(found.refusals)

    def _run_components(
        self,
        pipeline: pipeline_pb2.Pipeline,
        run_options: pipeline_pb2.RunOptions | None,
        log: Path,
        executors: Executors | None,
        room: Room,
    ) -> list[Took]:
        lines, began = ComponentLines(self._console), time.time()
        try:
            with logging_to(log):
                record_types(self._environment, pipeline)
                return list(run_pipeline(pipeline, run_options, lines, log, executors, room).values())
        except (InputError, Preempted, KeyboardInterrupt):
            raise
        except Exception as error:
            failed = isinstance(error, ComponentFailedError)
            node, cause = (error.node, error.error) if failed else ("TFX", error)
            self._explain(cause, began)
            line = cause.line if isinstance(cause, ExecutorFailedError) else named(cause)
            raise ComponentError(f"{node} failed: {line}; the whole story: {_told(log, node)}") from error

    def _explain(self, error: Exception, began: float) -> None:
        """Looks for the record that could not be read.

        Raises:
            InputError: names the first damaged record of the data, or what was written since the run began:
                records are read where they lay then.
        """
        if not any(words in str(error) for words in ON_DAMAGE):
            return
        self._console.print("Damaged data; reading the shards to see where", highlight=False)
        files = [file for split in find_shards(self._environment.data) for file in split]
        check_records(files)
        since = began - 1  # a file's time comes from a coarser clock
        written = [file for file in files if os.path.exists(file) and os.path.getmtime(file) >= since]
        what = f"data file {written[0]}" if written else f"data folder {self._environment.data}"
        raise InputError(
            f"{what}: its records are whole, and are not those of when the run began; expected data that "
            "stay as they are while they are read; run again"
        )


def _told(log: Path, node: str) -> Path:
    """The log of a component, where it has got so far as to have one, else the run's."""
    own = executor_log(log, node)
    return own if own.exists() else log
