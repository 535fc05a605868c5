"""A compiled pipeline on this machine, as TFX's LocalDagRunner runs it, but for its executors' processes and
components side by side."""

from datetime import datetime
from pathlib import Path

from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.portable import partial_run_utils, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.running.component_lines import ComponentLines
from pipeline.running.executors import Executors, Place
from pipeline.running.launch import Launch, Took, in_this_process
from pipeline.running.order import Order
from pipeline.running.room import Room, Share
from pipeline.running.side_by_side import ComponentFailedError, SideBySide

TRAININGS = ("Trainer", "Tuner")
"""Ends of the names of TFX's types."""


def run_pipeline(
    pipeline: pipeline_pb2.Pipeline,
    run_options: pipeline_pb2.RunOptions | None,
    lines: ComponentLines,
    log: Path,
    executors: Executors | None,
    room: Room,
) -> dict[str, Took]:
    """Runs the components, and says what each took.

    Args:
        pipeline: gets the run's id.
        run_options: those of a partial run, or None.
        lines: for people.
        log: file of the run; each executor's is in a folder of its name.
        executors: None: they run in this process, one after another.
        room: how many side by side.

    Raises:
        InputError, Preempted, KeyboardInterrupt, ComponentFailedError: see SideBySide.run.
    """
    run = {constants.PIPELINE_RUN_ID_PARAMETER_NAME: datetime.now().isoformat()}
    runtime_parameter_utils.substitute_runtime_parameter(pipeline, run)
    engine = _Engine(pipeline, lines, log, executors)
    if run_options:
        engine.mark(run_options.partial_run)
    if executors is None:
        engine.run_here()
    else:
        trainings = [node for node, kind in engine.kinds.items() if kind.endswith(TRAININGS)]
        SideBySide(engine.order, room, executors, engine.launch, lines.say, trainings).run()
    return engine.took


def executor_log(log: Path, node: str) -> Path:
    """The file of one executor's log, of a run whose log is `log`."""
    return log.with_suffix("") / f"{node}.log"


class _Engine:
    def __init__(
        self,
        pipeline: pipeline_pb2.Pipeline,
        lines: ComponentLines,
        log: Path,
        executors: Executors | None,
    ):
        self._pipeline, self._lines, self._log, self._executors = pipeline, lines, log, executors
        self._launch = Launch(pipeline)
        self.took: dict[str, Took] = {}

    def mark(self, partial: pipeline_pb2.PartialRun) -> None:
        """Leaves out what a partial run does not ask for; its inputs are those of an earlier run."""
        partial_run_utils.mark_pipeline(
            self._pipeline,
            from_nodes=partial.from_nodes or None,
            to_nodes=partial.to_nodes or None,
            snapshot_settings=partial.snapshot_settings,
        )
        if any(node.execution_options.run.perform_snapshot for node in self._nodes):
            with metadata.Metadata(self._launch.records) as handle:
                partial_run_utils.snapshot(handle, self._pipeline)

    @property
    def _nodes(self) -> list[pipeline_pb2.PipelineNode]:
        nodes = [one.pipeline_node for one in self._pipeline.nodes]
        return [node for node in nodes if not node.execution_options.HasField("skip")]

    @property
    def order(self) -> Order:
        return Order({node.node_info.id: node.upstream_nodes for node in self._nodes})

    @property
    def kinds(self) -> dict[str, str]:
        """Names of TFX's types by component."""
        return {node.node_info.id: node.node_info.type.name for node in self._nodes}

    def run_here(self) -> None:
        """One after another, in this thread: a training looks after SIGTERM itself."""
        for node in self.order:
            try:
                self._run(node, in_this_process)
            except Exception as error:
                raise ComponentFailedError(node, error) from error

    def launch(self, node: str, share: Share, alone: bool) -> None:
        """For SideBySide."""
        place = Place(
            variables=share.variables,
            log=executor_log(self._log, node),
            direct=alone,
            show=lambda line: self._lines.said(node, line),
            tell=lambda what: self._lines.told(node, what),
        )
        self._run(node, lambda spec, execution: self._executors.run(spec, execution, place))

    def _run(self, node: str, execute) -> None:
        self._lines.began(node)
        try:
            took = self._launch.launch(node, execute)
        except BaseException:
            self._lines.failed(node)
            raise
        self.took[node] = took
        self._lines.finished(node, took.seconds, cached=took.cached)
