"""Exports a trained network with an experiment's test protocol: other Q need no other training."""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.recipe import Evaluation, from_json
from serving.saved_model.export import export_again


@component
def Exporter(  # noqa: N802 - TFX names components so
    trained: InputArtifact[standard_artifacts.Model],
    model: OutputArtifact[standard_artifacts.Model],
    evaluation: Parameter[str],
    experiment: Parameter[str],
) -> None:
    """Writes `model`, a SavedModel of the network in `trained`.

    Args:
        trained: a Trainer's.
        model: for the Evaluator and the Pusher.
        evaluation: components.recipe.Evaluation as JSON.
        experiment: whose model it is.
    """
    protocol = from_json(Evaluation, evaluation)
    export_again(
        path_utils.serving_model_path(trained.uri),
        path_utils.serving_model_dir(model.uri),
        shorter_sides=protocol.shorter_sides,
        flip=protocol.flip,
        experiment=experiment,
    )
