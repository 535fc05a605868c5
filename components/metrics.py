"""Top-1 and top-5 error as TFMA metrics (section 4: "the top-1 and top-5 error").

Ties: TensorFlow's in_top_k counts every class tied at the k-th place as a hit, so a saturated or constant
prediction looks good. Here a tie counts against the net: the true class is among the k best only if fewer
than k other classes have a posterior as high or higher. A NaN posterior is an error.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types, metric_util


def is_error(probabilities: np.ndarray, label: int, k: int) -> bool:
    """Whether class `label` is not among the k best of float [classes].

    Raises:
        ValueError: no such class.
    """
    if not 0 <= label < len(probabilities):
        raise ValueError(f"label {label}: expected 0..{len(probabilities) - 1}")
    if np.isnan(probabilities).any():
        return True
    as_good = np.count_nonzero(probabilities >= probabilities[label]) - 1
    return as_good >= k


@dataclass
class ErrorCount:
    """Images seen and errors among them; their quotient is the error."""

    images: float = 0.0
    errors: float = 0.0


class TopKError(tfma.metrics.Metric):
    """Share of images, 0..1, whose true class is not among the k best."""

    def __init__(self, k: int = 1, name: str | None = None):
        super().__init__(_computations, k=k, name=name or f"top{k}_error")


def _computations(
    k: int,
    name: str,
    eval_config: tfma.EvalConfig | None = None,
    model_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    example_weighted: bool = False,
) -> list[metric_types.MetricComputation]:
    """TFMA passes those of its parameters that are named here."""
    keys = [
        metric_types.MetricKey(
            name=name, model_name=model, output_name=output, example_weighted=example_weighted
        )
        for model in model_names or [""]
        for output in output_names or [""]
    ]
    return [
        metric_types.MetricComputation(
            keys=[key], preprocessors=None, combiner=_ErrorCombiner(key, eval_config, k)
        )
        for key in keys
    ]


class _ErrorCombiner(beam.CombineFn):
    def __init__(self, key: metric_types.MetricKey, eval_config, k: int):
        self._key, self._eval_config, self._k = key, eval_config, k

    def create_accumulator(self) -> ErrorCount:
        return ErrorCount()

    def add_input(self, count: ErrorCount, element: metric_types.StandardMetricInputs) -> ErrorCount:
        for label, prediction, _ in metric_util.to_label_prediction_example_weight(
            element,
            eval_config=self._eval_config,
            model_name=self._key.model_name,
            output_name=self._key.output_name,
            flatten=False,
        ):
            count.images += 1
            count.errors += is_error(
                np.asarray(prediction).reshape(-1), int(np.asarray(label).item()), self._k
            )
        return count

    def merge_accumulators(self, counts: Iterable[ErrorCount]) -> ErrorCount:
        merged = ErrorCount()
        for count in counts:
            merged.images += count.images
            merged.errors += count.errors
        return merged

    def extract_output(self, count: ErrorCount) -> dict[metric_types.MetricKey, float]:
        return {self._key: count.errors / count.images if count.images else float("nan")}
