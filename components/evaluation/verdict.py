"""TFMA's verdict in words: which threshold a model failed, on which images, by how much.

Thresholds hold for the average over all views of an image (each Q, the flip, each method), and each line
says so.
"""

import tensorflow_model_analysis as tfma

from components.recipe import CROSS_ENTROPY

WORDS = {"top1_error": "top-1 error", "top5_error": "top-5 error", "cross_entropy": "cross-entropy"}


def refusals(folder: str) -> tuple[str, ...]:
    """A line for each threshold that failed, of an Evaluation artifact; none if the model is blessed."""
    result = tfma.load_validation_result(folder)
    lines = [
        _line(slice_.slice_key, failure)
        for slice_ in result.metric_validations_per_slice
        for failure in slice_.failures
    ]
    return tuple(lines)


def _line(slice_key, failure) -> str:
    metric = failure.metric_key.name
    name = WORDS.get(metric, metric.replace("_", " "))
    classes = [key.bytes_value.decode() for key in slice_key.single_slice_keys if key.column == "class"]
    where = "".join(f" of class {each}" for each in classes)
    error = f"{name}{where}, averaged over all views,"
    value = failure.metric_value.double_value.value
    if failure.metric_key.is_diff:
        most = failure.metric_threshold.change_threshold.absolute.value
        return (
            f"{error} is {_show(metric, value)} above the last blessed model's, "
            f"{_show(metric, value - most)} more than its threshold {_show(metric, most)}"
        )
    most = failure.metric_threshold.value_threshold.upper_bound.value
    return (
        f"{error} is {_show(metric, value)}, {_show(metric, value - most)} above its "
        f"threshold {_show(metric, most)}"
    )


def _show(metric: str, value: float) -> str:
    return f"{value:.3f} nats" if metric == CROSS_ENTROPY else f"{value:.1%}"
