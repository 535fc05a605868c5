"""Top-k error: ties by hand, any split into batches, and inside TFMA against a count in NumPy."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma

from components.evaluator import eval_config
from components.metrics import TopKError, is_error
from components.recipe import Evaluation

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


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("cuts", [[], [1], [20], [7, 8, 30], list(range(1, 40))])
def test_any_split_into_batches_gives_the_same_error(k, cuts):
    probabilities, labels = _predictions(40, seed=1)
    (computation,) = TopKError(k).computations(eval_config=tfma.EvalConfig(), output_names=["a"])
    combiner, (key,) = computation.combiner, computation.keys
    counts = []
    for rows in np.split(np.arange(40), cuts):
        count = combiner.create_accumulator()
        for row in rows:
            inputs = {"labels": labels[row : row + 1], "predictions": {"a": probabilities[row]}}
            count = combiner.add_input(count, tfma.metrics.StandardMetricInputs(inputs))
        counts.append(count)
    merged = combiner.merge_accumulators([*counts, combiner.create_accumulator()])
    assert combiner.extract_output(merged)[key] == _rank_error(probabilities, labels, k)


def test_no_image_is_no_error_rate():
    (computation,) = TopKError(1).computations(eval_config=tfma.EvalConfig())
    combiner = computation.combiner
    assert np.isnan(list(combiner.extract_output(combiner.create_accumulator()).values())).all()


class _ReadsPosteriors(tf.Module):
    """A model with the exported one's signatures whose posteriors stand in the examples."""

    def _parse(self, examples, key, kind, shape):
        return tf.io.parse_example(examples, {key: tf.io.FixedLenFeature(shape, kind)})[key]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def examples(self, examples):
        names = ("probabilities", "probabilities_q64", "probabilities_q72")
        return {name: self._parse(examples, name, tf.float32, [CLASSES]) for name in names}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def labels(self, examples):
        return {"label": self._parse(examples, "label", tf.int64, [])}


@pytest.mark.slow
def test_inside_tfma_with_the_evaluators_own_configuration(tmp_path):
    outputs = {
        name: _predictions(70, seed)[0]
        for seed, name in enumerate(["probabilities", "probabilities_q64", "probabilities_q72"])
    }
    labels = _predictions(70, seed=0)[1]
    model = _ReadsPosteriors()
    tf.saved_model.save(
        model, str(tmp_path / "model"), signatures={"examples": model.examples, "labels": model.labels}
    )
    with tf.io.TFRecordWriter(str(tmp_path / "data")) as writer:
        for row, label in enumerate(labels):
            example = tf.train.Example()
            example.features.feature["label"].int64_list.value.append(label)
            for name, values in outputs.items():
                example.features.feature[name].float_list.value.extend(values[row])
            writer.write(example.SerializeToString())

    top5 = _rank_error(outputs["probabilities"], labels, 5)
    evaluation = Evaluation((64, 72), most_top1_error=0.01, most_top5_error=top5 + 0.01)
    config = eval_config(evaluation)
    result = tfma.run_model_analysis(
        eval_shared_model=tfma.default_eval_shared_model(str(tmp_path / "model"), eval_config=config),
        eval_config=config,
        data_location=str(tmp_path / "data"),
        output_path=str(tmp_path / "result"),
    )
    ((_, metrics),) = result.slicing_metrics
    for name, probabilities in outputs.items():
        for metric, k in (("top1_error", 1), ("top5_error", 5)):
            found = metrics[name][""][metric]["doubleValue"]
            assert found == pytest.approx(_rank_error(probabilities, labels, k), abs=1e-9), (name, metric)
    assert metrics["probabilities"][""]["example_count"]["doubleValue"] == 70
    validation = tfma.load_validation_result(str(tmp_path / "result"))
    (refused,) = validation.metric_validations_per_slice
    assert not validation.validation_ok
    assert [failure.metric_key.name for failure in refused.failures] == ["top1_error"]
