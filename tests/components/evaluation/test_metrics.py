"""The metrics: ties by hand, any split into batches, and inside TFMA against a count in NumPy."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto.config_pb2 import EvalConfig

from components.evaluation.averaging_plan import AVERAGE
from components.evaluation.eval_config import eval_config
from components.evaluation.metrics import (
    PosteriorMetrics,
    cross_entropy,
    image_statistics,
    is_error,
    metrics_of,
)
from components.evaluation.posteriors import example
from components.evaluation.tfma_results import class_of, read_figures
from components.evaluation.verdict import refusals
from components.recipe import Evaluation, Threshold

CLASSES = 8
NAN = float("nan")


@pytest.mark.parametrize(
    ("probabilities", "label", "k", "error"),
    [
        ([0.1, 0.6, 0.3], 1, 1, False),
        ([0.1, 0.6, 0.3], 2, 1, True),
        ([0.1, 0.6, 0.3], 2, 2, False),
        ([0.1, 0.6, 0.3], 0, 2, True),
        ([0.1, 0.6, 0.3], 0, 3, False),
        # Tied for the first place: two classes for one place, so an error; two places suffice.
        ([0.4, 0.4, 0.2], 0, 1, True),
        ([0.4, 0.4, 0.2], 1, 1, True),
        ([0.4, 0.4, 0.2], 0, 2, False),
        # Tied for the second and third place.
        ([0.5, 0.2, 0.2, 0.1], 1, 2, True),
        ([0.5, 0.2, 0.2, 0.1], 2, 3, False),
    ],
)
def test_rank_and_ties_by_hand(probabilities, label, k, error):
    assert is_error(np.array(probabilities), label, k) == error


@pytest.mark.parametrize("k", [1, 5])
def test_a_constant_prediction_is_always_an_error(k):
    assert [is_error(np.full(CLASSES, 1 / CLASSES), label, k) for label in range(CLASSES)] == [True] * CLASSES


@pytest.mark.parametrize("k", [1, 5])
def test_a_saturated_prediction_knows_one_class_only(k):
    """1, 0, 0, ...: in_top_k counts each of the tied zeros as among the best five."""
    saturated = np.eye(CLASSES)[0]
    assert [is_error(saturated, label, k) for label in range(CLASSES)] == [False] + [True] * (CLASSES - 1)


def test_one_nan_spoils_the_prediction():
    for label in range(3):
        assert is_error(np.array([0.9, NAN, 0.1]), label, 1)
        assert is_error(np.full(3, NAN), label, 5)


def test_infinities_have_a_rank():
    assert not is_error(np.array([np.inf, 1.0]), 0, 1)
    assert is_error(np.array([-np.inf, 1.0]), 0, 1)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_out_of_range_is_refused(label):
    with pytest.raises(ValueError, match=rf"label {label}: expected 0\.\.2"):
        is_error(np.array([0.1, 0.6, 0.3]), label, 1)


def test_a_label_that_is_the_last_class():
    assert not is_error(np.array([0.1, 0.2, 0.7]), 2, 1)


def _rank_error(probabilities: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Another way: the true class's place in a sort in which it comes last of its equals."""
    errors = 0
    for row, label in zip(probabilities, labels, strict=True):
        order = sorted(range(len(row)), key=lambda c: (-row[c], c == label))
        errors += np.isnan(row).any() or order.index(label) >= k
    return errors / len(labels)


def _predictions(images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors with many ties, a constant, a saturated one and NaN; labels that are often their best."""
    generator = np.random.default_rng(seed)
    probabilities = generator.integers(0, 6, (images, CLASSES)).astype(np.float32) / 8
    probabilities[0] = 0.125
    probabilities[1] = np.eye(CLASSES)[3]
    probabilities[2, 4] = np.nan
    best = np.nan_to_num(probabilities).argmax(axis=1)
    labels = np.where(generator.random(images) < 0.5, best, generator.integers(0, CLASSES, images))
    return probabilities, labels


@pytest.mark.parametrize("cuts", [[], [1], [20], [7, 8, 30], list(range(1, 40))])
def test_any_split_into_batches_gives_the_same_metrics(cuts):
    probabilities, labels = _predictions(40, seed=1)
    (computation,) = PosteriorMetrics().computations(eval_config=EvalConfig(), output_names=["a"])
    (preprocessor,), combiner = computation.preprocessors, computation.combiner
    sums = []
    for rows in np.split(np.arange(40), cuts):
        part = combiner.create_accumulator()
        for row in rows:
            extracts = {"labels": {"a": labels[row : row + 1]}, "predictions": {"a": probabilities[row]}}
            for added in preprocessor.process(extracts):
                part = combiner.add_input(part, added)
        sums.append(part)
    merged = combiner.merge_accumulators([*sums, combiner.create_accumulator()])
    found = {key.name: value for key, value in combiner.extract_output(merged).items()}
    assert found["images"] == 40
    assert found["top1_error"] == _rank_error(probabilities, labels, 1)
    assert found["top5_error"] == _rank_error(probabilities, labels, 5)


def test_no_image_is_no_error_rate():
    found = metrics_of(None)
    assert found.pop("images") == 0
    assert np.isnan(list(found.values())).all()


def test_cross_entropy_by_hand():
    assert cross_entropy(np.array([0.25, 0.75]), 0) == pytest.approx(np.log(4))
    assert cross_entropy(np.array([0.0, 1.0]), 0) == pytest.approx(12 * np.log(10))


def test_calibration_error_by_hand():
    """Three images in one bin, confidence 0.62, 0.63, 0.64 and one right: |1 - 1.89| / 4; one in another bin,
    confidence 0.9 and right: |1 - 0.9| / 4."""
    images = [([0.62, 0.38], 0), ([0.63, 0.37], 1), ([0.64, 0.36], 1), ([0.1, 0.9], 1)]
    sums = sum(image_statistics(np.array(posterior), label) for posterior, label in images)
    assert metrics_of(sums)["expected_calibration_error"] == pytest.approx((0.89 + 0.1) / 4)


def test_a_certain_prediction_is_in_the_last_bin():
    assert image_statistics(np.array([0.0, 1.0]), 1)[-3:].tolist() == [1.0, 1.0, 1.0]


NAMES = ("Q64", "Q72", AVERAGE)
IMAGES = 400  # of fewer, a bootstrap sample may have no image of some class, which then has no interval
CLASS_NAMES = ("ant", "bee", "crane (n1)", "dog", "emu", "crane (n2)", "gnu", "hen")


def _write_predictions(path: Path) -> tuple[dict, np.ndarray]:
    """As the Averager writes them: each average, and a baseline's that is always right."""
    outputs = {name: _predictions(IMAGES, seed)[0] for seed, name in enumerate(NAMES)}
    labels = _predictions(IMAGES, seed=2)[1]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row, label in enumerate(labels):
            values = {name: posteriors[row] for name, posteriors in outputs.items()}
            values |= {f"baseline/{name}": np.eye(CLASSES)[label] for name in NAMES}
            named = {"class": CLASS_NAMES[label].encode(), **values}
            writer.write(example(label=int(label), **named).SerializeToString())
    return outputs, labels


def _evaluate(folder: Path, evaluation: Evaluation) -> str:
    """TFMA with the Evaluator's own configuration."""
    config = eval_config(NAMES, evaluation)
    models = [
        tfma.default_eval_shared_model(str(folder), model_name=spec.name, eval_config=config)
        for spec in config.model_specs
    ]
    tfma.run_model_analysis(
        eval_shared_model=models if len(models) > 1 else models[0],
        eval_config=config,
        data_location=str(folder / "data"),
        output_path=str(folder / "result"),
    )
    return str(folder / "result")


@pytest.mark.differs
@pytest.mark.slow
def test_inside_tfma_with_the_evaluators_own_configuration(tmp_path):
    outputs, labels = _write_predictions(tmp_path / "data")
    top5 = _rank_error(outputs[AVERAGE], labels, 5)
    thresholds = (Threshold("top1_error", most=0.01), Threshold("top5_error", most=top5 + 0.01))
    folder = _evaluate(tmp_path, Evaluation((64, 72), thresholds=thresholds))
    figures = {(figure.name, figure.label): figure for figure in read_figures(folder)}
    assert list(figures) == [(name, of) for of in (None, *range(CLASSES)) for name in NAMES]
    for (name, label), figure in figures.items():
        rows = np.array([label in (None, each) for each in labels])
        assert figure.of_class == ("" if label is None else CLASS_NAMES[label])
        assert figure.images == rows.sum()
        for measured, k in ((figure.top1_error, 1), (figure.top5_error, 5)):
            assert measured.value == pytest.approx(
                _rank_error(outputs[name][rows], labels[rows], k), abs=1e-9
            )
            assert measured.lower <= measured.value <= measured.upper
    error = figures[AVERAGE, None].top1_error.value
    assert refusals(folder) == (
        f"top-1 error, averaged over all views, is {error:.1%}, {error - 0.01:.1%} above its threshold 1.0%",
    )


def test_slices_of_an_older_result_have_a_name_alone():
    """Before, images were sliced by the class's text."""
    assert class_of((("class", "crane"),)) == (None, "crane")
    assert class_of((("class", b"crane (n1)"), ("label", 2))) == (2, "crane (n1)")
    assert class_of(()) == (None, "")


@pytest.mark.differs
@pytest.mark.slow
def test_thresholds_by_class_and_against_the_last_blessed_model(tmp_path):
    """The baseline is always right; some classes have an error that the others have not."""
    outputs, labels = _write_predictions(tmp_path / "data")
    errors = {
        name: _rank_error(outputs[AVERAGE][labels == number], labels[labels == number], 1)
        for number, name in enumerate(CLASS_NAMES)
    }
    between = (max(errors.values()) + min(errors.values())) / 2
    worse = [name for name, error in errors.items() if error > between]
    assert 0 < len(worse) < CLASSES
    thresholds = (
        Threshold("top1_error", most=between, by_class=True),
        Threshold("top5_error", most_worse=0.0),
        Threshold("cross_entropy", most_worse=100.0),
    )
    found = refusals(_evaluate(tmp_path, Evaluation((64, 72), thresholds=thresholds)))
    top5 = _rank_error(outputs[AVERAGE], labels, 5)
    assert sorted(found) == sorted(
        [
            *(
                f"top-1 error of class {name}, averaged over all views, is {errors[name]:.1%}, "
                f"{errors[name] - between:.1%} above its threshold {between:.1%}"
                for name in worse
            ),
            f"top-5 error, averaged over all views, is {top5:.1%} above the last blessed model's, "
            f"{top5:.1%} more than its threshold 0.0%",
        ]
    )
