"""The LocalisationEvaluator component: TFMA on what the Localiser found."""

import os

import apache_beam as beam
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.constants import MATERIALIZED_PREDICTION
from tensorflow_model_analysis.proto.config_pb2 import (
    ConfidenceIntervalOptions,
    EvalConfig,
    MetricsSpec,
    ModelSpec,
    Options,
    SlicingSpec,
)
from tfx.dsl.component.experimental.annotations import (
    BeamComponentParameter,
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts
from tfx_bsl.public import tfxio

from components import artifact_files
from components.datasets.layouts import EVAL_SPLIT
from components.evaluation.eval_config import CLASS
from components.localisation.metrics import LocalisationMetrics
from components.localisation.results import read_localisation
from models.errors import InputError


def localisation_config() -> EvalConfig:
    """All metrics, overall and by class, with 95 % intervals (Poisson bootstrap, 20 samples)."""
    options = Options()
    options.compute_confidence_intervals.value = True
    options.confidence_intervals.method = ConfidenceIntervalOptions.POISSON_BOOTSTRAP
    spec = MetricsSpec()
    spec.metrics.add(class_name=LocalisationMetrics.__name__, module=LocalisationMetrics.__module__)
    return EvalConfig(
        model_specs=[
            ModelSpec(model_type=MATERIALIZED_PREDICTION, prediction_key="figures", label_key="label")
        ],
        slicing_specs=[SlicingSpec(), SlicingSpec(feature_keys=CLASS)],
        metrics_specs=[spec],
        options=options,
    )


@component(use_beam=True)
def LocalisationEvaluator(  # noqa: N802 - TFX names components so
    localisations: InputArtifact[standard_artifacts.Examples],
    statistics: InputArtifact[standard_artifacts.ExampleStatistics],
    localisation: OutputArtifact[standard_artifacts.ModelEvaluation],
    experiment: Parameter[str],
    beam_pipeline: BeamComponentParameter[beam.Pipeline] = None,
) -> None:
    """Writes `localisation`, TFMA's results, and checks that each image counts once.

    Args:
        localisations: the Localiser's.
        statistics: know how many images the evaluation split has.
        localisation: read by components.localisation.results.
        experiment: whose evaluation this is; recorded in ML Metadata.
        beam_pipeline: TFX's.

    Raises:
        InputError: the number of images is another one, or none has a box.
    """
    folder = artifact_utils.get_split_uri([localisations], EVAL_SPLIT)
    source = tfxio.TFExampleRecord(
        os.path.join(folder, "*"),
        raw_record_column_name=tfma.ARROW_INPUT_COLUMN,
        telemetry_descriptors=["vgg", "localisation"],
    )
    config = localisation_config()
    with beam_pipeline as pipeline:
        _ = (
            pipeline
            | source.BeamSource()
            | tfma.ExtractEvaluateAndWriteResults(
                eval_shared_model=tfma.default_eval_shared_model(folder, eval_config=config),
                eval_config=config,
                output_path=localisation.uri,
            )
        )
    _check(localisation.uri, artifact_files.read_statistics(statistics, EVAL_SPLIT).datasets[0].num_examples)


def _check(folder: str, images: int) -> None:
    overall = read_localisation(folder)[0]
    counted = overall.images + overall.without_box
    if counted != images:
        raise InputError(
            f"localisation: {counted} of {images} images of the split were evaluated; expected each once; "
            "the examples and what was found in them are not of the same split: run again"
        )
    if not overall.images:
        raise InputError(
            f"localisation: none of {images} images of the split has a box of its class; expected where the "
            "objects are; write the TFRecords with `vgg data ilsvrc` and its annotations"
        )
    if overall.without_box:
        print(f"{overall.without_box} of {images} images have no box of their class and are left out")
