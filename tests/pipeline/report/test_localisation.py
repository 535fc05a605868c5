"""Localisation in the report: where it is found, what stands beside the paper's figures, and its pictures."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.pipeline.report_home import Records
from helpers.pipeline.report_stand_ins import experiment, pictures, report
from ml_metadata.proto import metadata_store_pb2
from rich.console import Console
from tfx.orchestration import metadata

from components.evaluation.posteriors import Labelled
from components.evaluation.tfma_results import Measured
from components.localisation.box_recipe import BoxEvaluation, BoxTrainerConfig
from components.localisation.localised import Localised, to_record
from components.localisation.metrics import CENTRAL, METRICS, TOP5
from components.localisation.results import LocalisationFigure
from components.recipe import to_json
from components.training.trainer import CONFIG
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.report import localisation, model_card
from pipeline.report.lineage import Lineage
from pipeline.report.localisation import localisation_figures, localisation_tables
from pipeline.report.localised_run import LocalisedRun, localised_run
from pipeline.report.located import LocatedPicture, extremes, pictured
from pipeline.report.page import render
from pipeline.report.terminal import show_report

NAME = "loc-D-384"
ENTRY = EXPERIMENTS[NAME]
CONFIG_OF = BoxTrainerConfig(ENTRY.config.net, ENTRY.localisation.training, ENTRY.localisation.regression)
RUN = LocalisedRun("/records", "/evaluation", ((384,),), CONFIG_OF)


@pytest.fixture
def measured(monkeypatch):
    """A stand-in for TFMA's result: test 1's error 40 %, test 2's 50 %, all else 25 %."""
    values = {name: Measured(0.25, 0.2, 0.3) for name in METRICS}
    values |= {CENTRAL: Measured(0.4, 0.35, 0.45), TOP5: Measured(0.5, 0.45, 0.55)}
    overall = LocalisationFigure("", None, 100, 7, values)
    classes = [LocalisationFigure("<disc>", 0, 100, 0, values), LocalisationFigure("ring", 1, 0, 7, values)]
    monkeypatch.setattr(localisation, "read_localisation", lambda folder: [overall, *classes])


def test_the_figures_are_of_the_images_with_boxes(measured):
    found = localisation_figures(RUN, ENTRY)
    assert (found.regression, found.s, found.q) == ("PCR, all layers", "384", "384")
    assert (found.images, found.without_box, found.altered) == (100, 7, False)
    assert [(one.name, one.central.value, one.top5.value) for one in found.by_class] == [("<disc>", 0.4, 0.5)]


def test_ours_stand_in_the_rows_of_the_very_experiment(measured):
    table_8, table_9, table_10 = localisation_tables({NAME: localisation_figures(RUN, ENTRY), "demo": None})
    assert [row.ours and row.ours.value for row in table_8.rows] == [None, None, 0.4]
    assert [row.ours and row.ours.value for row in table_9.rows] == [None, 0.5, None, None]
    assert [row.paper for row in table_9.rows] == [29.5, 28.2, 27.5, 26.9]
    assert table_10.run == 0
    assert (table_8.rows[2].paper, table_10.rows[0].paper_test) == (33.1, 25.3)


@pytest.mark.parametrize(
    "run",
    [
        dataclasses.replace(RUN, shorter_sides=((352, 384),)),
        dataclasses.replace(RUN, shorter_sides=((384,), (256,))),
        dataclasses.replace(RUN, config=None),
        dataclasses.replace(
            RUN,
            config=dataclasses.replace(
                CONFIG_OF, training=dataclasses.replace(CONFIG_OF.training, learning_rate=1)
            ),
        ),
    ],
)
def test_another_setting_under_that_name_is_none_of_the_papers(measured, run):
    assert localisation_figures(run, ENTRY).altered
    assert not any(table.run for table in localisation_tables({NAME: localisation_figures(run, ENTRY)}))


def _located(label: int, own, central, five=(0, 1), decodes=True, true=((0.0, 0.0, 0.5, 0.5),)) -> Localised:
    return Localised(
        Labelled(bytes([label]) * 16, f"{label}.jpg", label % 3),
        f"class {label % 3}",
        decodes,
        np.array(five, np.float32),
        np.array([[0.0, 0.0, 1.0, 1.0]] * len(five), np.float32),
        np.array(own, np.float32),
        np.array(central, np.float32),
        np.array(true, np.float32).reshape(-1, 4),
    )


def test_the_best_and_worst_boxes_are_those_that_fit_best_and_worst(tmp_path):
    half, whole, beside = [0, 0, 0.5, 0.5], [0, 0, 1, 1], [0.5, 0.5, 1, 1]
    records = [
        _located(0, half, whole),
        _located(1, beside, half),
        _located(2, whole, half),  # a quarter of it
        _located(3, [0, 0, 0.5, 0.4], half),
        _located(4, half, half, true=()),
        _located(5, half, half, decodes=False),
    ]
    with tf.io.TFRecordWriter(str(tmp_path / "records"), "GZIP") as file:
        for one in records:
            file.write(to_record(one))
    (tmp_path / "records").rename(tmp_path / "records.gz")
    found = extremes(str(tmp_path))
    assert [one.image.name for one in found.best] == ["0.jpg", "3.jpg", "2.jpg", "1.jpg"]
    assert [one.image.name for one in found.worst] == ["1.jpg", "2.jpg"], "an error is not above 0.5"
    ids = {bytes([label]) * 16: f"i{label}" for label in (0, 2)}
    first, third = pictured(found.best, ids)
    assert (first.thumbnail, first.right, first.rank) == ("i0", True, 1)
    assert (first.dense_iou, first.central_iou) == (pytest.approx(1), pytest.approx(0.25))
    assert first.boxes == ((0, 0, 0.5, 0.5),)
    assert (third.thumbnail, third.right, third.rank) == ("i2", False, 0), "no class 2 among the two"
    assert (third.dense, third.central) == ((0, 0, 1, 1), (0, 0, 0.5, 0.5))


def test_the_newest_localisation_of_the_same_predictions_is_found():
    connection = metadata_store_pb2.ConnectionConfig()
    connection.fake_database.SetInParent()
    with metadata.Metadata(connection) as handle:
        records = Records(handle.store)
        first, other = (records.artifact("Examples", Path(f"/p{n}")) for n in range(2))
        boxes = records.artifact("Model", Path("/boxes"))
        config = json.dumps({CONFIG: to_json(CONFIG_OF)})
        records.execution("Trainer.D.boxes", "Trainer", "run", {}, {"model": [boxes]}, custom_config=config)
        for number, (predictions, sides) in enumerate([(first, (384,)), (first, (352, 384)), (other, (64,))]):
            located = records.artifact("Examples", Path(f"/localised{number}"))
            result = records.artifact("ModelEvaluation", Path(f"/result{number}"))
            records.execution(
                "Localiser.D", "Localiser", "run", {"predictions": [predictions], "boxes": [boxes]},
                {"localisations": [located]}, evaluation=to_json(BoxEvaluation(sides)),
            )  # fmt: skip
            records.execution(
                "LocalisationEvaluator", "LocalisationEvaluator", "run", {"localisations": [located]},
                {"localisation": [result]}, experiment=NAME,
            )  # fmt: skip
        lineage = Lineage(handle.store, "vgg")
        found = localised_run(lineage, first)
        assert found == LocalisedRun("/localised1/Split-eval", "/result1", ((352, 384),), CONFIG_OF)
        assert localised_run(lineage, boxes) is None


@pytest.fixture
def whole(measured):
    """A report of an experiment that localises, and one that does not."""
    figures = localisation_figures(RUN, ENTRY)
    first = experiment(NAME, localisation=figures)
    tables = localisation_tables({NAME: figures})
    return report(first, experiment("other"), localisation_tables=tables)


def test_the_page_shows_errors_tables_and_boxes(whole):
    box = LocatedPicture(
        "i00", "a.jpg", "class <1>", False, 2, ((0, 0, 0.5, 0.5),), (0.25, 0, 1, 0.5), (0, 0, 1, 1), 0.2, 0.25
    )
    album = dataclasses.replace(pictures(NAME).albums[NAME], located_best=(box,), located_worst=(box,))
    shown = dataclasses.replace(pictures(NAME), albums={NAME: album})
    html = render(whole, shown, {NAME: (), "other": ()})
    section = re.search(r'<section id="localisation".*?</section>', html, re.DOTALL)[0]
    assert '40.0 <small class="interval">[35.0, 45.0]' in section
    assert '50.0 <small class="interval">[45.0, 55.0]' in section
    assert "Table 8 of the paper, test 1: the class known, central crop: 1 of 3 rows run" in section
    assert "#e-other" not in section
    # The photograph is 60 x 40 pixels.
    assert '<rect class="box true" x="0.00" y="0.00" width="30.00" height="20.00"/>' in section
    assert '<rect class="box dense" x="15.00" y="0.00" width="45.00" height="20.00"/>' in section
    assert '<rect class="box central" x="0.00" y="0.00" width="60.00" height="40.00"/>' in section
    assert "class &lt;1&gt;</b>, 2. of the best classes" in section
    assert 'href="#localisation"' in html


def test_where_nothing_is_localised_nothing_is_said_of_it():
    html = render(report(experiment("other")), pictures("other"), {"other": ()})
    assert 'id="localisation"' not in html


def test_the_terminal_and_the_model_card_have_the_errors(whole):
    console = Console(record=True, width=120)
    show_report(whole, console)
    text = console.export_text()
    (row,) = re.findall(rf"^{NAME} +100 .*$", text, re.MULTILINE)
    assert row.split() == [NAME, "100", "40.0", "[35.0,", "45.0]", "33.1", "50.0", "[45.0,", "55.0]", "28.2"]
    card = model_card.as_markdown(NAME, model_card.model_card(whole.experiments[0], whole))
    assert "top-5 localisation error 50.0 % [45.0, 55.0]" in card
    assert "localisation" not in model_card.as_markdown(
        "", model_card.model_card(whole.experiments[1], whole)
    )
