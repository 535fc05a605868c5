"""Exports a trained network with an experiment's test protocol: other Q need no other training."""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.drift.statistics import write_statistics
from components.drift.training_images import training_statistics
from components.localisation.box_recipe import BoxEvaluation
from components.recipe import Evaluation, from_json
from serving.saved_model.description import describe
from serving.saved_model.export import export_again


@component
def Exporter(  # noqa: N802 - TFX names components so
    trained: InputArtifact[standard_artifacts.Model],
    examples: InputArtifact[standard_artifacts.Examples],
    model: OutputArtifact[standard_artifacts.Model],
    evaluation: Parameter[str],
    experiment: Parameter[str],
    boxes: InputArtifact[standard_artifacts.Model] = None,
    localisation: Parameter[str] = "",
    merged_boxes: InputArtifact[standard_artifacts.Model] = None,
    merged_localisation: Parameter[str] = "",
) -> None:
    """Writes `model`, a SavedModel of the network in `trained`, which localises where there are `boxes`.

    Args:
        trained: a Trainer's.
        examples: that it was trained on; statistics of the images stay with the model, for `vgg drift`.
        model: for the Evaluator and the Pusher.
        evaluation: components.recipe.Evaluation as JSON.
        experiment: whose model it is.
        boxes: a box net (appendix A) that began from `trained`.
        localisation: with it, components.localisation.box_recipe.BoxEvaluation as JSON.
        merged_boxes, merged_localisation: another box net, whose boxes are merged with the first one's.
    """
    protocol, folder = from_json(Evaluation, evaluation), path_utils.serving_model_dir(model.uri)
    export_again(
        path_utils.serving_model_path(trained.uri),
        folder,
        shorter_sides=protocol.shorter_sides,
        flip=protocol.flip,
        experiment=experiment,
        boxes=[*_box_nets(boxes, localisation), *_box_nets(merged_boxes, merged_localisation)],
    )
    write_statistics(training_statistics(examples.uri, describe(folder)[1]), folder)


def _box_nets(boxes, localisation: str) -> list[tuple[str, tuple[int, ...]]]:
    if boxes is None:
        return []
    sides = from_json(BoxEvaluation, localisation).shorter_sides
    return [(path_utils.serving_model_path(boxes.uri), sides)]
