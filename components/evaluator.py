"""What TFMA's Evaluator computes: both errors for each Q and for their average, with thresholds."""

import tensorflow_model_analysis as tfma

from components.recipe import Evaluation
from serving.signatures import AVERAGED, output_name

METRICS = "components.metrics"
TOP1_ERROR, TOP5_ERROR = "top1_error", "top5_error"


def eval_config(evaluation: Evaluation) -> tfma.EvalConfig:
    """One metrics spec for each Q, and one with the thresholds for the average over Q."""
    model = tfma.ModelSpec(
        model_type="tf_generic",
        signature_name="examples",
        preprocessing_function_names=["labels"],
        label_key="label",
    )
    each = [_metrics(output_name(q)) for q in evaluation.shorter_sides]
    averaged = _metrics(AVERAGED, evaluation.most_top1_error, evaluation.most_top5_error)
    return tfma.EvalConfig(
        model_specs=[model], slicing_specs=[tfma.SlicingSpec()], metrics_specs=[*each, averaged]
    )


def _metrics(output: str, most_top1: float | None = None, most_top5: float | None = None) -> tfma.MetricsSpec:
    metrics = [_error(TOP1_ERROR, 1, most_top1), _error(TOP5_ERROR, 5, most_top5)]
    if most_top1 is not None:
        metrics.append(tfma.MetricConfig(class_name="ExampleCount"))
    return tfma.MetricsSpec(output_names=[output], metrics=metrics)


def _error(name: str, k: int, most: float | None) -> tfma.MetricConfig:
    config = tfma.MetricConfig(
        class_name="TopKError", module=METRICS, config=f'{{"k": {k}, "name": "{name}"}}'
    )
    if most is not None:
        config.threshold.value_threshold.upper_bound.value = most
    return config
