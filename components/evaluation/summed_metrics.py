"""Metrics for TFMA that are made of sums over images: one pass for all metrics of a family."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.proto import config_pb2


@dataclass(frozen=True)
class Family:
    """Metrics that are computed together.

    Attributes:
        name: no other family's.
        metrics: their names.
        statistics: (prediction float [n], label) of one image to what it adds to the sums, float64 [m].
        metrics_of: sums, or None where there are no images, to the metrics by name.
    """

    name: str
    metrics: tuple[str, ...]
    statistics: Callable[[np.ndarray, int], np.ndarray]
    metrics_of: Callable[[np.ndarray | None], dict[str, float]]

    def computations(
        self,
        name: str,
        eval_config: config_pb2.EvalConfig | None = None,
        model_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> list[metric_types.MetricComputation]:
        """TFMA passes those of its parameters that are named here; the metrics have names of their own."""
        return [
            self._computation(eval_config, model, output)
            for model in model_names or [""]
            for output in output_names or [""]
        ]

    def _computation(self, eval_config, model: str, output: str) -> metric_types.MetricComputation:
        keys = {
            # Not weighted (None) and not "weighted: no" (False): thresholds of a spec are looked up so.
            name: metric_types.MetricKey(name, model_name=model, output_name=output, example_weighted=None)
            for name in self.metrics
        }
        return metric_types.MetricComputation(
            keys=list(keys.values()),
            preprocessors=[_Statistics(self, eval_config, model, output)],
            combiner=_SumCombiner(self, keys),
        )


class _Statistics(metric_types.Preprocessor):
    def __init__(self, family: Family, eval_config, model: str, output: str):
        super().__init__(name=f"{family.name}:{model}:{output}")
        self._family, self._eval_config, self._model, self._output = family, eval_config, model, output

    def process(self, extracts) -> Iterator[np.ndarray]:
        inputs = metric_util.to_standard_metric_inputs(extracts)
        for label, prediction, _ in metric_util.to_label_prediction_example_weight(
            inputs,
            eval_config=self._eval_config,
            model_name=self._model,
            output_name=self._output,
            flatten=False,
        ):
            yield self._family.statistics(np.asarray(prediction).reshape(-1), int(np.asarray(label).item()))


class _SumCombiner(beam.CombineFn):
    def __init__(self, family: Family, keys: dict[str, metric_types.MetricKey]):
        self._family, self._keys = family, keys

    def create_accumulator(self) -> np.ndarray | None:
        return None

    def add_input(self, sums, added):
        return added if sums is None else sums + added

    def merge_accumulators(self, several: Iterable):
        present = [sums for sums in several if sums is not None]
        return sum(present[1:], present[0]) if present else None

    def extract_output(self, sums) -> dict[metric_types.MetricKey, float]:
        return {self._keys[name]: value for name, value in self._family.metrics_of(sums).items()}
