"""Nets that a home folder has trained, whether the code that trains them has changed, how to keep them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline

from components.recipe import to_json
from components.training.trainer import CODE, CONFIG
from pipeline.code_of_nodes import code_of
from pipeline.environment import KEEP_NETS, Environment
from pipeline.experiments.catalogue import EXPERIMENTS, Experiment, chain, fused, merged_with
from pipeline.home_name import recorded_name
from pipeline.metadata_connection import metadata_connection

_State = metadata_store_pb2.Execution.State
FINISHED = (_State.COMPLETE, _State.CACHED)


@dataclass(frozen=True)
class TrainedNet:
    """A Trainer's newest finished execution, or, where none has finished, the newest one.

    Attributes:
        node: the Trainer's id.
        config: components.recipe.TrainerConfig as JSON.
        code: fingerprints of the components of the same run by id, "" of those without one.
        finished: whether it has finished; else checkpoints may be there.
        when: it was begun.
    """

    node: str
    config: str
    code: dict[str, str]
    finished: bool
    when: datetime


def trained_nets(
    environment: Environment, experiment: Experiment, experiments: Mapping[str, Experiment] = EXPERIMENTS
) -> list[TrainedNet]:
    """Those of the experiment's nets that the home has begun to train, each after the nets it starts from."""
    if not recorded_name(environment):
        return []
    with metadata.Metadata(metadata_connection(environment)) as handle:
        found = (
            _trained_net(handle.store, environment.pipeline_name, f"Trainer.{stage.weights}")
            for stage in _stages(experiment, experiments)
        )
        return [net for net in found if net]


def kept_code(nets: Sequence[TrainedNet]) -> dict[str, str]:
    """Fingerprints by component, with which TFX's cache answers with these nets.

    A net's own run decides, for the nets that it starts from too.
    """
    return {node: code for net in nets for node, code in net.code.items()}


def lines_of_change(
    nets: Sequence[TrainedNet],
    pipeline: Pipeline,
    experiment: Experiment,
    experiments: Mapping[str, Experiment] = EXPERIMENTS,
) -> list[str]:
    """A line for each net of the same configuration that other code has trained than `pipeline` would."""
    now = {node.id: code_of(node) for node in pipeline.components}
    configs = {
        f"Trainer.{stage.weights}": to_json(stage.config) for stage in _stages(experiment, experiments)
    }
    lines = []
    for net in nets:
        before = _before(net.node, pipeline)
        changed = [node for node in before if node in net.code and now[node] != net.code[node]]
        if changed and net.config == configs[net.node]:
            lines.append(
                f"{net.node}: {'trained' if net.finished else 'begun'} {net.when:%Y-%m-%d %H:%M} by other "
                f"code of {', '.join(changed)}; it is trained anew; {KEEP_NETS}=1 would keep it"
            )
    return lines


def _stages(experiment: Experiment, experiments: Mapping[str, Experiment]) -> Iterator[Experiment]:
    """The experiment's own chain comes last."""
    other = merged_with(experiment, experiments)
    for member in (*([other] if other else []), *reversed(fused(experiment, experiments))):
        yield from chain(member, experiments)


def _before(node: str, pipeline: Pipeline) -> list[str]:
    """The node and all whose artifacts it is made of, in the order in which they run."""
    by_id = {each.id: each for each in pipeline.components}
    found, waiting = set(), [node]
    while waiting:
        each = waiting.pop()
        found.add(each)
        waiting += [channel.producer_component_id for channel in by_id[each].inputs.values()]
    return [each for each in by_id if each in found]


def _trained_net(store, pipeline: str, node: str) -> TrainedNet | None:
    context = store.get_context_by_type_and_name("node", f"{pipeline}.{node}")
    executions = store.get_executions_by_context(context.id) if context else []
    if not executions:
        return None
    newest = max(executions, key=lambda one: (one.last_known_state in FINISHED, one.id))
    return TrainedNet(
        node=node,
        config=json.loads(newest.custom_properties["custom_config"].string_value)[CONFIG],
        code=_code_of_run(store, newest.id),
        finished=newest.last_known_state in FINISHED,
        when=datetime.fromtimestamp(newest.create_time_since_epoch / 1000),
    )


def _code_of_run(store, execution: int) -> dict[str, str]:
    (run,) = (one for one in store.get_contexts_by_execution(execution) if one.type == "pipeline_run")
    found = {}
    for each in store.get_executions_by_context(run.id):
        (node,) = (one for one in store.get_contexts_by_execution(each.id) if one.type == "node")
        config = each.custom_properties["custom_config"].string_value or "null"
        code = (json.loads(config) or {}).get(CODE, each.custom_properties[CODE].string_value)
        found[node.name.partition(".")[2]] = code
    return found
