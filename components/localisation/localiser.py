"""The Localiser component: boxes of the five best classes of each evaluation image (appendix A)."""

import os

import apache_beam as beam
import tensorflow as tf
from tfx.dsl.component.experimental.annotations import (
    BeamComponentParameter,
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.datasets.layouts import EVAL_SPLIT
from components.evaluation.data_labels import labels_for, read_labels
from components.evaluation.scoring_on_beam import read_examples
from components.localisation.box_recipe import BoxEvaluation
from components.localisation.locating_on_beam import BoxNet, LocateObjects, Nets, best_of_prediction
from components.recipe import from_json


@component(use_beam=True)
def Localiser(  # noqa: N802 - TFX names components so
    examples: InputArtifact[standard_artifacts.Examples],
    model: InputArtifact[standard_artifacts.Model],
    boxes: InputArtifact[standard_artifacts.Model],
    predictions: InputArtifact[standard_artifacts.Examples],
    localisations: OutputArtifact[standard_artifacts.Examples],
    evaluation: Parameter[str],
    merged_boxes: InputArtifact[standard_artifacts.Model] = None,
    merged_evaluation: Parameter[str] = "",
    beam_pipeline: BeamComponentParameter[beam.Pipeline] = None,
) -> None:
    """Writes `localisations`: a tf.Example (components.localisation.localised) for each evaluation image.

    Args:
        examples: with a split eval.
        model: the classification net, whose posteriors at each place rate the boxes.
        boxes: the box net.
        predictions: the Averager's, of which the average's five best classes get a box.
        localisations: with the same split.
        evaluation: components.localisation.box_recipe.BoxEvaluation as JSON.
        merged_boxes: another box net, whose boxes are merged with the first one's. It is an input of its own,
            since engines other than the local one take no union of channels.
        merged_evaluation: that one's, likewise.
        beam_pipeline: TFX's.

    Raises:
        InputError: the examples have a class that the model has not.
    """
    localisations.split_names = artifact_utils.encode_split_names([EVAL_SPLIT])
    files, predicted = (
        sorted(tf.io.gfile.glob(os.path.join(artifact_utils.get_split_uri([each], EVAL_SPLIT), "*")))
        for each in (examples, predictions)
    )
    box_nets = [_box_net(boxes, evaluation)]
    if merged_boxes is not None:
        box_nets.append(_box_net(merged_boxes, merged_evaluation))
    nets = Nets(path_utils.serving_model_path(model.uri), tuple(box_nets))
    data = read_labels(files, "validation examples")
    out = os.path.join(artifact_utils.get_split_uri([localisations], EVAL_SPLIT), "localisations")
    with beam_pipeline as pipeline:
        best = pipeline | "Predictions" >> _Read(predicted) | "Best" >> beam.Map(best_of_prediction)
        located = (
            pipeline
            | "Images" >> _Read(files)
            | LocateObjects(nets, data.layout, labels_for(nets.model, data), beam.pvalue.AsDict(best))
        )
        _ = located | beam.io.WriteToTFRecord(out, file_name_suffix=".gz")


def _box_net(boxes, evaluation: str) -> BoxNet:
    return BoxNet(
        path_utils.serving_model_path(boxes.uri), from_json(BoxEvaluation, evaluation).shorter_sides
    )


class _Read(beam.PTransform):
    """Records of files, under a name of its own in Beam's graph."""

    def __init__(self, files: list[str]):
        super().__init__()
        self._files = files

    def expand(self, begin: beam.pvalue.PBegin):
        """Beam's."""
        return read_examples(begin, self._files)
