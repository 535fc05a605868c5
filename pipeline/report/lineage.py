"""ML Metadata's executions and artifacts as plain values: who made what from what, in which run."""

from collections import defaultdict
from dataclasses import dataclass, field

from ml_metadata.proto import metadata_store_pb2

_State = metadata_store_pb2.Execution.State
FINISHED = (_State.COMPLETE, _State.CACHED)


@dataclass(frozen=True)
class Execution:
    """A component's execution that finished.

    Attributes:
        id: in ML Metadata; a later one is larger.
        type: the component's class, such as Trainer.
        cached: whether the cache answered for it.
        started, ended: seconds since 1970.
        inputs, outputs: ids of artifacts by channel.
    """

    id: int
    type: str
    cached: bool
    started: float
    ended: float
    properties: dict[str, metadata_store_pb2.Value]
    inputs: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    outputs: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def text(self, name: str) -> str:
        """A property of the execution as text, "" where it has none of that name."""
        return self.properties[name].string_value if name in self.properties else ""


class Lineage:
    """All of one pipeline in memory: some tens of executions a run."""

    def __init__(self, store, pipeline: str):
        """`pipeline` is its name in the store, which may hold others."""
        self._store = store
        self._executions = _executions(store, pipeline)
        events = store.get_events_by_execution_ids(list(self._executions)) if self._executions else []
        artifacts = {event.artifact_id for event in events}
        self._artifacts = {one.id: one for one in store.get_artifacts_by_id(list(artifacts))}
        self._makers: dict[int, list[Execution]] = defaultdict(list)
        event_type = metadata_store_pb2.Event.Type
        for event in events:
            execution, channel = self._executions[event.execution_id], event.path.steps[0].key
            if event.type == event_type.OUTPUT:
                execution.outputs[channel].append(event.artifact_id)
                self._makers[event.artifact_id].append(execution)
            elif event.type == event_type.INPUT:
                execution.inputs[channel].append(event.artifact_id)

    def of_type(self, name: str) -> list[Execution]:
        """The executions of one component class, the oldest first."""
        return [execution for _, execution in sorted(self._executions.items()) if execution.type == name]

    def producer(self, artifact: int) -> Execution | None:
        """The execution whose work made an artifact, not one that found it in the cache."""
        makers = sorted(self._makers[artifact], key=lambda execution: (execution.cached, execution.id))
        return makers[0] if makers else None

    def run_of(self, execution: Execution) -> tuple[str, list[Execution]]:
        """Name of the run that an execution is part of, and all its finished executions in order."""
        for context in self._store.get_contexts_by_execution(execution.id):
            if context.type == "pipeline_run":
                ids = sorted(one.id for one in self._store.get_executions_by_context(context.id))
                return context.name, [self._executions[id_] for id_ in ids if id_ in self._executions]
        return "", [execution]

    def node_of(self, execution: Execution) -> str:
        """The component's id, such as Trainer.demo."""
        for context in self._store.get_contexts_by_execution(execution.id):
            if context.type == "node":
                return context.name.partition(".")[2]
        return execution.type

    def uri(self, artifact: int) -> str:
        """Folder of an artifact."""
        return self._artifacts[artifact].uri

    def text(self, artifact: int, name: str) -> str:
        """A property of an artifact, or ""."""
        return self._value(artifact, name).string_value

    def number(self, artifact: int, name: str) -> int:
        """A property of an artifact, or 0."""
        return self._value(artifact, name).int_value

    def _value(self, artifact: int, name: str) -> metadata_store_pb2.Value:
        found = self._artifacts[artifact]
        properties = found.properties if name in found.properties else found.custom_properties
        return properties[name] if name in properties else metadata_store_pb2.Value()


def _executions(store, pipeline: str) -> dict[int, Execution]:
    context = store.get_context_by_type_and_name("pipeline", pipeline)
    if context is None:
        return {}
    types = {type_.id: type_.name.rpartition(".")[2] for type_ in store.get_execution_types()}
    return {
        one.id: Execution(
            id=one.id,
            type=types[one.type_id],
            cached=one.last_known_state == _State.CACHED,
            started=one.create_time_since_epoch / 1000,
            ended=one.last_update_time_since_epoch / 1000,
            properties={**one.properties, **one.custom_properties},
        )
        for one in store.get_executions_by_context(context.id)
        if one.last_known_state in FINISHED
    }
