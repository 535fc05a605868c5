"""What TFMA's Evaluator computes from the Averager's predictions, and what it holds against a model.

TFX's Evaluator wants a model to bless. It is given the one that is pushed; the forward passes were the
Scorers', so nothing is loaded here.
"""

from tensorflow_model_analysis.constants import MATERIALIZED_PREDICTION
from tensorflow_model_analysis.proto.config_pb2 import (
    ConfidenceIntervalOptions,
    EvalConfig,
    MetricDirection,
    MetricsSpec,
    MetricThreshold,
    ModelSpec,
    Options,
    SlicingSpec,
)

from components.evaluation.averaging_plan import AVERAGE, BASELINE
from components.recipe import TOP1_ERROR, Evaluation, Threshold

METRICS_MODULE = "components.evaluation.metrics"
CANDIDATE = "candidate"
CLASS = ("label", "class")
"""Features that images are sliced by: the label tells classes apart, and the name is there to be shown."""


def eval_config(names: tuple[str, ...], evaluation: Evaluation, *, bless: bool = True) -> EvalConfig:
    """All metrics of each average, overall and by class, with 95 % intervals; thresholds on the last one.

    Intervals are TFMA's Poisson bootstrap: each image counts Poisson(1) times in each of 20 samples.

    Args:
        names: of the averages (components.evaluation.averaging_plan).
        evaluation: its thresholds.
        bless: whether a model is to be blessed or refused: not where several are fused.
    """
    thresholds = _with_a_bound(evaluation.thresholds) if bless else ()
    models = [_model(CANDIDATE, names, "")]
    if evaluation.against_baseline:
        models.append(_model(BASELINE, names, f"{BASELINE}/"))
    slices = [SlicingSpec(), SlicingSpec(feature_keys=CLASS)]
    options = Options()
    options.compute_confidence_intervals.value = True
    options.confidence_intervals.method = ConfidenceIntervalOptions.POISSON_BOOTSTRAP
    return EvalConfig(
        model_specs=models,
        slicing_specs=slices,
        metrics_specs=[_metrics(name, thresholds if name == AVERAGE else ()) for name in names],
        options=options,
    )


def _with_a_bound(thresholds: tuple[Threshold, ...]) -> tuple[Threshold, ...]:
    """TFX neither blesses nor refuses a model where no bound is left, as without a baseline model."""
    always = Threshold(TOP1_ERROR, most=1.0)
    return thresholds if any(t.most is not None for t in thresholds) else (*thresholds, always)


def _model(name: str, outputs: tuple[str, ...], prefix: str) -> ModelSpec:
    return ModelSpec(
        name=name,
        # Predictions lie in the examples under these keys; TFMA loads no model.
        model_type=MATERIALIZED_PREDICTION,
        prediction_keys={output: prefix + output for output in outputs},
        label_keys=dict.fromkeys(outputs, "label"),
        is_baseline=name == BASELINE,
    )


def _metrics(output: str, thresholds: tuple[Threshold, ...]) -> MetricsSpec:
    spec = MetricsSpec(output_names=[output])
    spec.metrics.add(class_name="PosteriorMetrics", module=METRICS_MODULE)
    for threshold in thresholds:
        bound = spec.per_slice_thresholds[threshold.metric].thresholds.add()
        # An empty slicing spec is all images together; a threshold without one would hold for each slice.
        bound.slicing_specs.add(feature_keys=CLASS if threshold.by_class else [])
        bound.threshold.CopyFrom(_bounds(threshold))
    return spec


def _bounds(threshold: Threshold) -> MetricThreshold:
    bounds = MetricThreshold()
    if threshold.most is not None:
        bounds.value_threshold.upper_bound.value = threshold.most
    if threshold.most_worse is not None:
        bounds.change_threshold.absolute.value = threshold.most_worse
        bounds.change_threshold.direction = MetricDirection.LOWER_IS_BETTER
    return bounds
