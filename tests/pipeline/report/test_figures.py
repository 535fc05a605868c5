"""The report's figures, by hand: paired tests, confusions, calibration, tables, curves."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from helpers.pipeline.report_stand_ins import PAPER, experiment

from components.training import tensorboard
from components.training.objective import Classification
from components.training.progress import RunningMean
from models.label_space import LabelSpace
from pipeline.report import collect
from pipeline.report.charts import calibration as calibration_chart
from pipeline.report.charts import error_against_q, learning_curves
from pipeline.report.learning import Drop, drops, read_epochs
from pipeline.report.predictions import EvaluatedImage, summarise
from pipeline.report.significance import holm, p_value, paired
from pipeline.report.tables import miniatures, other_systems, tables

NAMES = ("cat", "dog", "fox")
RECORDS = [  # key, label, decodes, posteriors
    (1, 0, True, (0.7, 0.2, 0.1)),
    (2, 0, True, (0.2, 0.7, 0.1)),
    (3, 2, True, (0.05, 0.85, 0.1)),
    (4, 1, True, (0.42, 0.42, 0.16)),  # a tie counts against the net
    (5, 1, False, (1 / 3, 1 / 3, 1 / 3)),
]


def prediction(number, label, decodes, posteriors) -> EvaluatedImage:
    values = np.array(posteriors, np.float32)
    return EvaluatedImage(bytes([number] * 16), f"{number}.jpg", label, NAMES[label], decodes, values)


PREDICTIONS = [prediction(*record) for record in RECORDS]


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (8, 0, 2 / 2**8),
        (0, 8, 2 / 2**8),
        (5, 1, 2 * (1 + 6) / 2**6),
        (9, 3, 2 * (1 + 12 + 66 + 220) / 2**12),
    ],
)
def test_mcnemars_test_is_twice_the_binomial_tail(only_first, only_second, p):
    assert p_value(only_first, only_second) == pytest.approx(p, rel=1e-9)


def test_only_images_on_which_two_nets_differ_count():
    first = np.array([True, True, True, False, False, True])
    second = np.array([True, False, False, True, False, False])
    result = paired(first, second)
    assert (result.only_first, result.only_second) == (3, 1)
    assert result.p == pytest.approx(2 * (1 + 4) / 2**4)
    with pytest.raises(ValueError, match="same ones"):
        paired(first, second[:3])


def test_holms_correction():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.differs
def test_predictions_become_errors_confusions_and_bins():
    found = summarise(PREDICTIONS)
    assert found.wrong.tolist() == [
        [False, False],
        [True, False],
        [True, False],
        [True, False],
        [True, False],
    ]
    assert found.confusions == {(0, 1): 1, (2, 1): 1, (1, 0): 1}
    assert found.undecodable == 1
    assert found.bins[:, 0].tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, 1, 0, 0]
    assert found.bins[10, 1:].tolist() == pytest.approx([1.4, 1])
    assert [one.key[0] for one in found.best] == [1, 4, 2, 3]
    assert [one.key[0] for one in found.worst] == [3, 2, 4, 1]


def test_a_tie_is_confused_with_the_other_class():
    for label, other in ((0, 1), (1, 0)):
        found = summarise([prediction(1, label, True, (0.42, 0.42, 0.16))])
        assert found.confusions == {(label, other): 1}


def test_the_order_of_the_records_makes_no_difference():
    generator, made = np.random.default_rng(0), []
    for number in range(60):
        scores = generator.dirichlet(np.ones(3))
        made.append(prediction(number, number % 3, True, scores if number % 2 else (0.5, 0.25, 0.25)))
    first, second = summarise(made), summarise(made[::-1])
    assert first.same_images(second)
    assert np.array_equal(first.wrong, second.wrong)
    assert [one.name for one in first.best] == [one.name for one in second.best]
    assert [one.name for one in first.worst] == [one.name for one in second.worst]
    assert len(first.best) == 4
    assert len(first.worst) == 8
    assert not first.same_images(summarise(made[1:]))


def test_confusions_are_ranked_and_given_as_shares_of_the_true_class():
    predictions = [prediction(number, 0, True, (0.1, 0.8, 0.1)) for number in range(3)]
    predictions += [prediction(9, 0, True, (0.8, 0.1, 0.1)), prediction(10, 1, True, (0.8, 0.1, 0.1))]
    predictions += [prediction(number, 1, True, (0.1, 0.8, 0.1)) for number in range(11, 20)]
    found = collect.confusions(summarise(predictions), NAMES)
    rows = [(one.true, one.predicted, one.images, one.share) for one in found]
    assert rows == [("cat", "dog", 3, 0.75), ("dog", "cat", 1, 0.1)]


def test_calibration_bins_hold_their_own_images():
    found = collect.calibration(summarise(PREDICTIONS).bins)
    rows = [(round(one.lower * 15), one.images, one.accuracy) for one in found]
    assert rows == [(5, 1, 0.0), (6, 1, 0.0), (10, 2, 0.5), (12, 1, 0.0)]
    assert found[2].confidence == pytest.approx(0.7)


def test_pairs_are_of_the_same_images_and_have_a_top_5_error_only_above_five_classes():
    summary, other = summarise(PREDICTIONS), summarise(PREDICTIONS[:4])
    ran = {
        "a": experiment("a", images=5, paper=PAPER),
        "b": experiment("b", images=5, paper=dataclasses.replace(PAPER, top1=28.5)),
        "few": experiment("few", images=5, classes=5),
        "others": experiment("others", images=4),
    }
    found = collect.pairs(ran, {"a": summary, "b": summary, "few": summary, "others": other}, {})
    assert [(one.error, one.first, one.second) for one in found] == [
        ("top-1", "a", "b"),
        ("top-1", "a", "few"),
        ("top-1", "b", "few"),
        ("top-5", "a", "b"),
    ]
    assert found[0].paper == -1.5
    assert found[1].paper is None


def test_pairs_are_of_the_same_classes_in_any_order():
    """Of the same images too, an experiment with another class decides between other things."""
    summary = summarise(PREDICTIONS)
    ran = {name: experiment(name, images=5) for name in ("a", "b", "other", "unknown")}
    spaces = {
        "a": LabelSpace(("cat", "dog", "fox")),
        "b": LabelSpace(("fox", "cat", "dog")),
        "other": LabelSpace(("cat", "dog", "wolf")),
        "unknown": None,
    }
    found = collect.pairs(ran, dict.fromkeys(ran, summary), spaces)
    assert {(one.first, one.second) for one in found} == {
        ("a", "b"),
        ("a", "unknown"),
        ("b", "unknown"),
        ("other", "unknown"),
    }


def test_a_row_of_the_papers_tables_is_filled_by_its_own_experiment_alone():
    ran = {
        name: experiment(name, top1) for name, top1 in (("D-256", 0.3), ("mini-D-384", 0.4), ("demo", 0.1))
    }
    filled = {row.experiment: row for table in tables(ran) for row in table.rows if row.top1}
    assert list(filled) == ["D-256"]
    assert (filled["D-256"].top1.value, filled["D-256"].paper.top1, filled["D-256"].images) == (
        0.3,
        27.0,
        200,
    )
    assert [len(table.rows) for table in tables({})] == [12, 10, 6, 4]
    assert not any(table.run for table in tables({}))
    (small,) = miniatures(ran)
    assert [(row.experiment, row.miniature_of) for row in small.rows if row.top1] == [("mini-D-384", "D-384")]
    assert not miniatures({"D-256": ran["D-256"]})


def test_an_experiment_that_was_altered_fills_no_row():
    names = ("D-256", "fusion-7-dense")
    ran = {name: experiment(name, altered="its net is D-256-glorot") for name in names}
    assert not any(table.run for table in (*tables(ran), other_systems(ran)))


def test_table_7_shows_ours_beside_the_papers_where_it_was_run():
    found = other_systems({"fusion-7-dense": experiment("fusion-7-dense", 0.26, images=50000)})
    (ours,) = (row for row in found.rows if row.top1)
    assert found.run == 1
    assert (ours.method, ours.top1.value, ours.top5.value, ours.images) == (
        "VGG (ILSVRC submission, 7 nets, dense eval.)",
        0.26,
        0.13,
        50000,
    )
    assert (ours.paper_top1, ours.paper_top5, ours.paper_top5_test) == (24.7, 7.5, 7.3)
    assert len(found.rows) == 15


def test_five_classes_have_no_top_5_error():
    rows = [
        row for table in miniatures({"mini-A-256": experiment("mini-A-256", classes=5)}) for row in table.rows
    ]
    (ran,) = (row for row in rows if row.top1)
    assert ran.top5 is None


def test_learning_curves_come_from_tensorboards_logs(tmp_path):
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for step, rate in ((10, 1e-2), (20, 1e-2), (30, 1e-3)):
            seen, held_out = RunningMean(4, 8.0, (1, 3)), RunningMean(2, 1.0, (1, 2))
            tensorboard.write_epoch(step, seen, held_out, Classification.errors, rate, 50.0)
    found = read_epochs(str(tmp_path))
    assert [(one.number, one.step) for one in found] == [(1, 10), (2, 20), (3, 30)]
    assert (found[0].train_loss, found[0].train_top1, found[0].validation_top1) == (2.0, 0.75, 0.5)
    (drop,) = drops(found)
    assert drop == Drop(2, pytest.approx(1e-2), pytest.approx(1e-3))
    assert read_epochs(str(tmp_path / "none")) == ()


def test_charts_place_what_they_draw():
    chart = error_against_q(experiment("a", 0.2), highest=0.4)
    (line,) = chart.lines
    low, high = line.marks
    assert (low.text, high.text) == ("Q 64: 30.0%", "Q 96: 20.0%")
    places = {text: y for y, text in chart.y_ticks}
    assert high.y == places["20%"]
    assert high.lower == pytest.approx((places["10%"] + places["20%"]) / 2, abs=0.1)
    assert error_against_q(experiment("a", averages=experiment("a").averages[1:]), 0.4) is None
    (bar,) = calibration_chart("a", experiment("a").calibration).bars
    assert bar.y + bar.height == pytest.approx(chart.bottom, abs=0.1)
    assert learning_curves("none", (), ()) == ()
