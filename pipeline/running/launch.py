"""One component: TFX's driver and publisher in this process, one component's at a time, and its executor."""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher
from tfx.orchestration.portable.base_executor_operator import BaseExecutorOperator
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from pipeline.running.executor_host import Ended

TOOK = "Component %s took %s"
"""In the run's log; the second is Took as JSON."""


@dataclass
class Took:
    """What a component took.

    Attributes:
        seconds: from its beginning to its end.
        executor_seconds: of them, its executor.
        processor: seconds, this process's part and the executor's.
        memory: the most that the executor's process held, bytes; 0 where it ran in this process.
        cached: whether the cache answered.
    """

    seconds: float = 0.0
    executor_seconds: float = 0.0
    processor: float = 0.0
    memory: int = 0
    cached: bool = False


Execute = Callable[[Any, Any], tuple[Any, Ended]]
"""An ExecutableSpec and an ExecutionInfo to an ExecutorOutput, and what it took."""


def in_this_process(spec: Any, execution: Any) -> tuple[Any, Ended]:
    """As TFX does it. Its memory is not told from this process's."""
    began = time.process_time()
    operator = launcher.DEFAULT_EXECUTOR_OPERATORS[type(spec)](executor_spec=spec)
    output = operator.run_executor(execution)
    return output, Ended(0, time.process_time() - began, 0)


class Launch:
    """Components of one compiled pipeline, whose run has its id.

    Attributes:
        records: how ML Metadata is reached.
    """

    def __init__(self, pipeline: pipeline_pb2.Pipeline):
        self._pipeline = pipeline
        self._config = runner_utils.extract_local_deployment_config(pipeline)
        kind = self._config.metadata_connection_config.WhichOneof("connection_config")
        self.records = getattr(self._config.metadata_connection_config, kind)
        self._nodes = {one.pipeline_node.node_info.id: one.pipeline_node for one in pipeline.nodes}

    def launch(self, node: str, execute: Execute) -> Took:
        """Runs a component; may be called in several threads at a time.

        Raises:
            Exception: whatever its driver, executor or publisher raises.
        """
        took, began, processor, executed = Took(), time.monotonic(), -time.thread_time(), False

        def timed(spec: Any, execution: Any) -> Any:
            nonlocal executed, processor
            executed, start = True, time.monotonic()
            processor += time.thread_time()
            output, ended = execute(spec, execution)
            took.executor_seconds = time.monotonic() - start
            took.memory = ended.memory
            processor += ended.processor - time.thread_time()
            return output

        spec = runner_utils.extract_executor_spec(self._config, node)
        execution = launcher.Launcher(
            pipeline_node=self._nodes[node],
            mlmd_connection=_OneAtATime(self.records),
            pipeline_info=self._pipeline.pipeline_info,
            pipeline_runtime_spec=self._pipeline.runtime_spec,
            executor_spec=spec,
            custom_driver_spec=runner_utils.extract_custom_driver_spec(self._config, node),
            custom_executor_operators=dict.fromkeys(_Operator.SUPPORTED_EXECUTOR_SPEC_TYPE, _operator(timed)),
        ).launch()
        took.seconds = time.monotonic() - began
        # Neither a resolver, nor one whose inputs were not there.
        took.cached = bool(spec and not executed and execution.output_dict)
        took.processor = processor + time.thread_time()
        logging.info(TOOK, node, json.dumps(asdict(took)))
        return took


class _OneAtATime(metadata.Metadata):
    """ML Metadata's handle, held by one thread at a time: neither it nor SQLite takes several writers."""

    _lock = threading.RLock()

    def __enter__(self) -> metadata.Metadata:
        self._lock.acquire()
        try:
            return super().__enter__()
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *error: Any) -> None:
        try:
            super().__exit__(*error)
        finally:
            self._lock.release()


class _Operator(BaseExecutorOperator):
    """What TFX's launcher calls for an executor."""

    SUPPORTED_EXECUTOR_SPEC_TYPE = [
        executable_spec_pb2.PythonClassExecutableSpec,
        executable_spec_pb2.BeamExecutableSpec,
    ]
    SUPPORTED_PLATFORM_CONFIG_TYPE = []

    def __init__(self, executor_spec: Any, execute: Callable[[Any, Any], Any]):
        super().__init__(executor_spec)
        self._execute = execute

    def run_executor(self, execution_info: Any) -> Any:
        """TFX's."""
        return self._execute(self._executor_spec, execution_info)


def _operator(execute: Callable[[Any, Any], Any]) -> Callable[..., _Operator]:
    """As the launcher makes one."""
    return lambda executor_spec, platform_config=None: _Operator(executor_spec, execute)
