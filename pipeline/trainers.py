"""The nodes that make nets: a Trainer for each, and for an SVM the Descriptors that it is trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfx import components as tfx_components
from tfx.dsl.components.base.base_node import BaseNode
from tfx.proto import trainer_pb2
from tfx.types import BaseChannel
from tfx.types.channel_utils import union

from components.datasets.layouts import EVAL_SPLIT, TRAIN_SPLIT
from components.recipe import TrainedLayers, to_json
from components.training.trainer import BASE, BASE_CONTENT, CODE, CONFIG
from components.transfer.descriptors import Descriptors
from pipeline.code_of_nodes import NET, SVM, add_code, training_code
from pipeline.environment import Environment
from pipeline.experiments.catalogue import Experiment, chain
from pipeline.run_time_values import with_run_time_values


@dataclass(frozen=True)
class Data:
    """Outputs of the components that read the data, and the gate that training waits for."""

    nodes: list[BaseNode]
    examples: BaseChannel
    statistics: BaseChannel
    schema: BaseChannel
    transform_graph: BaseChannel
    gate: BaseNode


def trainers_of(
    members: list[Experiment],
    environment: Environment,
    data: Data,
    experiments: Mapping[str, Experiment],
    kept: Mapping[str, str],
) -> dict[str, list[BaseNode]]:
    """A Trainer for each net of the members' chains, each the base model of the next, by weights.

    Its id is the trained net's name: another experiment that needs this net finds it in TFX's cache. A
    model to start from replaces all but the last. Before an SVM's come the nodes that describe the images.
    """
    trainers: dict[str, list[BaseNode]] = {}
    for member in members:
        base = None
        for stage in [member] if environment.init_from else chain(member, experiments):
            if stage.weights not in trainers:
                trainers[stage.weights] = _nodes(stage, base, environment, data, kept)
            base = trainers[stage.weights][-1].outputs["model"]
    return trainers


def _nodes(
    stage: Experiment,
    base: BaseChannel | None,
    environment: Environment,
    data: Data,
    kept: Mapping[str, str],
) -> list[BaseNode]:
    """The Trainer, last."""
    if stage.config.training.trained_layers is not TrainedLayers.SVM:
        return [_trainer(stage, NET, data.examples, base, environment, data, kept)]
    described = [_descriptors(side, stage, environment, data) for side in stage.evaluation.shorter_sides]
    add_code(described, kept)
    channels = [node.outputs["descriptors"] for node in described]
    examples = channels[0] if len(channels) == 1 else union(channels)
    return [*described, _trainer(stage, SVM, examples, None, environment, data, kept)]


def _descriptors(side: int, stage: Experiment, environment: Environment, data: Data) -> BaseNode:
    """Its id is its Q: another SVM finds the images' descriptors in the cache."""
    node = Descriptors(
        examples=data.examples,
        model=str(environment.init_from),
        content=environment.init_fingerprint,
        shorter_side=side,
        flip=int(stage.evaluation.flip),
    ).with_id(f"Descriptors.{side}")
    node.add_upstream_node(data.gate)
    return node


def what_it_reads(data: Data, examples: BaseChannel, base: BaseChannel | None) -> dict[str, Any]:
    """The arguments that TFX's Trainer and Tuner share."""
    return {
        "examples": examples,
        "transform_graph": data.transform_graph,
        "schema": data.schema,
        "base_model": base,
        "train_args": trainer_pb2.TrainArgs(splits=[TRAIN_SPLIT]),
        "eval_args": trainer_pb2.EvalArgs(splits=[EVAL_SPLIT]),
    }


def _trainer(
    stage: Experiment,
    run_fn: str,
    examples: BaseChannel,
    base: BaseChannel | None,
    environment: Environment,
    data: Data,
    kept: Mapping[str, str],
) -> BaseNode:
    id_ = f"Trainer.{stage.weights}"
    code = kept.get(id_, training_code(run_fn))
    trainer = tfx_components.Trainer(
        run_fn=run_fn,
        **what_it_reads(data, examples, base),
        custom_config={
            CONFIG: to_json(stage.config),
            BASE: str(environment.init_from or ""),
            **({BASE_CONTENT: environment.init_fingerprint} if environment.init_from else {}),
            **({CODE: code} if code else {}),
        },
    ).with_id(id_)
    trainer.add_upstream_node(data.gate)
    return with_run_time_values(trainer, environment)
