"""The Scorer component: a trained net's posteriors for each evaluation image, under one method at one Q."""

import os
from collections.abc import Sequence

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

from components import artifact_files
from components.datasets.layouts import EVAL_SPLIT
from components.evaluation.averaging_on_beam import partitions
from components.evaluation.data_labels import DataLabels, labels_for, read_labels
from components.evaluation.posteriors import partition_path, write_view
from components.evaluation.scoring_on_beam import ScoreImages, read_examples
from components.evaluation.view import View
from components.recipe import from_json
from serving.saved_model.description import describe


@component(use_beam=True)
def Scorer(  # noqa: N802 - TFX names components so
    examples: InputArtifact[standard_artifacts.Examples],
    statistics: InputArtifact[standard_artifacts.ExampleStatistics],
    posteriors: OutputArtifact[standard_artifacts.InferenceResult],
    view: Parameter[str],
    model: InputArtifact[standard_artifacts.Model] = None,
    beam_pipeline: BeamComponentParameter[beam.Pipeline] = None,
) -> None:
    """Writes `posteriors`. Cached by TFX, so no later average or fusion repeats these forward passes.

    Args:
        examples: with a split eval.
        statistics: of the examples.
        posteriors: one record for each image of that split.
        view: components.evaluation.posteriors.View as JSON.
        model: a Trainer's or Exporter's. None, or one without a SavedModel, as of a baseline that does not
            exist yet: nothing is written.
        beam_pipeline: TFX's.

    Raises:
        InputError: the examples have a class that the model has not.
    """
    if model is None or not tf.io.gfile.exists(path_utils.serving_model_dir(model.uri)):
        return
    images = artifact_files.read_statistics(statistics, EVAL_SPLIT).datasets[0].num_examples
    split = artifact_utils.get_split_uri([examples], EVAL_SPLIT)
    files = sorted(tf.io.gfile.glob(os.path.join(split, "*")))
    write_posteriors(
        beam_pipeline,
        examples=files,
        labels=read_labels(files, "validation examples"),
        model=path_utils.serving_model_path(model.uri),
        view=from_json(View, view),
        folder=posteriors.uri,
        images=images,
    )


def write_posteriors(
    beam_pipeline: beam.Pipeline,
    *,
    examples: Sequence[str],
    labels: DataLabels,
    model: str,
    view: View,
    folder: str,
    images: int,
) -> None:
    """Scores all records of TFRecord files with a SavedModel, and writes a Posteriors folder.

    `examples` are the files' paths, `labels` theirs. `images` is about how many there are: it decides the
    number of partitions.

    Raises:
        InputError: the examples have a class that the model has not.
    """
    classes = describe(model)[1].label_space
    count = partitions(images, len(classes.names))
    found = labels_for(model, labels)
    with beam_pipeline as pipeline:
        scored = read_examples(pipeline, examples) | ScoreImages(
            model, view.method, view.shorter_side, labels.layout, found, count
        )
        for number in range(count):
            _ = scored[str(number)] | f"Write{number}" >> beam.io.WriteToTFRecord(
                partition_path(folder, number)
            )
    write_view(folder, view, count, classes, trusted=found.trusted)
