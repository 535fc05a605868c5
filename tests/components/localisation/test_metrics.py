"""Localisation's errors by hand-worked images, through TFMA."""

import numpy as np
import pytest
import tensorflow_model_analysis as tfma

from components.evaluation.posteriors import Labelled
from components.localisation.evaluator import localisation_config
from components.localisation.localised import Localised, from_record, to_record
from components.localisation.metrics import image_statistics, metrics_of
from components.localisation.results import read_localisation

HALF = np.array([0.0, 0.0, 0.5, 1.0])
NEAR = np.array([0.0, 0.0, 0.6, 1.0])  # 0.5 / 0.6 of HALF: 0.83
THIRD = np.array([0.25, 0.0, 0.75, 1.0])  # 0.25 / 0.75 of HALF: 0.33


def localised(label=1, five=(1, 0, 2), own=HALF, central=HALF, true=(HALF,), decodes=True) -> Localised:
    boxes = np.reshape([own if each == label else THIRD for each in five], [-1, 4])
    image = Labelled(bytes([label]), f"{label}.png", label)
    return Localised(
        image,
        f"class {label}",
        decodes,
        np.array(five, float),
        boxes,
        own,
        central,
        np.reshape(true, [-1, 4]),
    )


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (localised(), [1, 1, 1, 0]),
        (localised(five=(0, 2, 1), own=NEAR, central=THIRD), [1, 1 / 3, 5 / 6, 2]),
        (localised(five=(0, 2, 3, 4, 5)), [1, 1, 1, 5]),
        # Any true box will do, the one that suits best.
        (localised(true=(THIRD, HALF)), [1, 1, 1, 0]),
        (localised(true=()), [0, 0, 0, 0]),
        (localised(decodes=False, five=()), [1, 0, 0, 5]),
    ],
)
def test_what_is_kept_of_an_image(found, wanted):
    assert found.figures == pytest.approx(wanted)
    again = from_record(to_record(found))
    assert again.figures == pytest.approx(wanted)
    assert (again.image, again.class_name, again.decodes) == (found.image, found.class_name, found.decodes)
    assert again.boxes == pytest.approx(found.boxes)


FOUND = [
    localised(),  # right, by both tests
    localised(five=(0, 2, 1), own=NEAR, central=THIRD),  # third best; test 1 wrong
    localised(five=(0, 2, 3, 4, 5)),  # its class is not among the five
    localised(own=THIRD, central=THIRD),  # the best class, and its box wrong
    localised(true=()),  # cannot be judged
]
WANTED = {
    "images": 4,
    "images_without_box": 1,
    "top1_localisation_error": 3 / 4,
    "top5_localisation_error": 2 / 4,
    "central_box_error": 2 / 4,
    "dense_box_error": 1 / 4,
    "mean_iou": (1 + 5 / 6 + 1 + 1 / 3) / 4,
    "recall_at_iou_0.5": 3 / 4,
    "recall_at_iou_0.8": 3 / 4,
    "recall_at_iou_0.9": 2 / 4,
}


def test_errors_are_shares_of_the_images_that_have_a_box():
    found = metrics_of(sum(image_statistics(one.figures, 1) for one in FOUND))
    assert {name: found[name] for name in WANTED} == pytest.approx(WANTED)


def test_half_is_not_above_a_half():
    """Appendix A: above 0.5."""
    statistics = image_statistics(np.array([1, 0.5, 0.5, 0]), 0)
    assert statistics[2:6].tolist() == [1, 1, 1, 1]


def test_without_images_there_are_no_errors():
    assert np.isnan(metrics_of(None)["top5_localisation_error"])


@pytest.mark.beam
def test_tfma_gives_the_same_overall_and_by_class(tmp_path):
    import apache_beam as beam
    from tfx_bsl.public import tfxio

    # Eight of each: a bootstrap sample without any image has no error, and there is no interval.
    records = 8 * [to_record(one) for one in (*FOUND, localised(label=3, five=(3,)))]
    config = localisation_config()
    source = tfxio.TFExampleBeamRecord(
        physical_format="inmem",
        raw_record_column_name=tfma.ARROW_INPUT_COLUMN,
        telemetry_descriptors=["vgg", "test"],
    )
    with beam.Pipeline() as pipeline:
        _ = (
            pipeline
            | beam.Create(records)
            | source.BeamSource()
            | tfma.ExtractEvaluateAndWriteResults(
                eval_shared_model=tfma.default_eval_shared_model(str(tmp_path), eval_config=config),
                eval_config=config,
                output_path=str(tmp_path / "evaluation"),
            )
        )
    overall, one, three = read_localisation(str(tmp_path / "evaluation"))
    assert (overall.of_class, overall.images, overall.without_box) == ("", 40, 8)
    assert (one.of_class, one.label, three.of_class, three.label) == ("class 1", 1, "class 3", 3)
    assert {name: one.metrics[name].value for name in list(WANTED)[2:]} == pytest.approx(
        {name: WANTED[name] for name in list(WANTED)[2:]}
    )
    assert three.metrics["top1_localisation_error"].value == 0
    measured = overall.metrics["top5_localisation_error"]
    assert measured.value == pytest.approx(2 / 5)
    assert measured.lower < measured.value < measured.upper
