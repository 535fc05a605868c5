"""The nodes at the pipeline's end: a server tries the model, and then it is pushed."""

# Not tfx.v1: that imports all of Google Cloud's AI platform, ten seconds for each process.
from tfx import components as tfx_components
from tfx.dsl.components.base.base_node import BaseNode
from tfx.proto import infra_validator_pb2, pusher_pb2
from tfx.types import BaseChannel

from components.datasets.layouts import EVAL_SPLIT
from components.pushing.infra_validation import InfraValidation
from components.pushing.pusher import Pusher
from pipeline.environment import Environment

TRIED_PHOTOGRAPHS = 2  # a full-width net takes seconds for each on a CPU
TF_SERVING_TAG = "2.16.1"


def push_nodes(
    exporter: BaseNode,
    evaluator: BaseNode,
    averager: BaseNode,
    average: str,
    examples: BaseChannel,
    environment: Environment,
) -> list[BaseNode]:
    """A server on this machine or in Docker tries the model, and then it is pushed.

    Args:
        exporter, evaluator, averager: nodes; what they write is tried.
        average: name of the Averager's prediction that the model must answer, or "" where it has none.
        examples: photographs for the trial.
        environment: where models go, and whether there is Docker.
    """
    model, blessing = exporter.outputs["model"], evaluator.outputs["blessing"]
    if environment.docker:
        validation = _docker_validation(model, examples)
    else:
        validation = InfraValidation(
            model=model,
            model_blessing=blessing,
            examples=examples,
            predictions=averager.outputs["predictions"],
            photographs=TRIED_PHOTOGRAPHS,
            average=average,
        )
    pusher = Pusher(
        model=model,
        model_blessing=blessing,
        infra_blessing=validation.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(environment.serving))
        ),
    )
    return [validation, pusher]


def _docker_validation(model: BaseChannel, examples: BaseChannel) -> BaseNode:
    """TFX's own, with TF Serving's image of the TensorFlow version that exports the model."""
    return tfx_components.InfraValidator(
        model=model,
        examples=examples,
        serving_spec=infra_validator_pb2.ServingSpec(
            tensorflow_serving=infra_validator_pb2.TensorFlowServing(tags=[TF_SERVING_TAG]),
            local_docker=infra_validator_pb2.LocalDockerConfig(),
        ),
        request_spec=infra_validator_pb2.RequestSpec(
            tensorflow_serving=infra_validator_pb2.TensorFlowServingRequestSpec(signature_names=["examples"]),
            split_name=EVAL_SPLIT,
            num_examples=TRIED_PHOTOGRAPHS,
        ),
    )
