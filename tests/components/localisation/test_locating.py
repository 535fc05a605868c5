"""The Localiser's work on Beam: two drawn pictures, nets whose boxes are set by hand."""

from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
from helpers.drawn_boxes import box_record, drawn, write_records, write_weights

from components.datasets.layouts import IMAGENET
from components.evaluation.averaging_plan import AVERAGE
from components.evaluation.posteriors import example, parse_image
from components.evaluation.scoring_on_beam import read_examples
from components.localisation.localised import from_record
from components.localisation.locating_on_beam import BoxNet, LocateObjects, Nets, best_of_prediction
from models.label_space import Correspondence
from models.localisation.regression import Regression, box_net
from models.net import Net
from models.vgg import build
from serving.saved_model.box_model import BoxModel, write_box_model
from serving.saved_model.head import Head

pytestmark = pytest.mark.beam

NET = Net("A", classes=3, width=64, input_size=32)
HEAD = Head((60.0, 60.0, 60.0), ("disc", "ring", "star"), (32,), True, IMAGENET.image, IMAGENET.label, 1)
BOX = [0.25, 0.25, 0.75, 0.75]


@pytest.fixture(scope="module")
def nets(tmp_path_factory) -> Nets:
    """A box net whose weights are zero but for the last layer's biases: the same box in each window, the
    middle half for class 0, the whole for 1, beyond it for 2."""
    folder = tmp_path_factory.mktemp("nets")
    model = write_weights(folder / "model", NET, HEAD)
    return Nets(model, (BoxNet(_box_net(folder / "boxes", [0.5, 0.5, 0.5, 0.5]), (32,)),))


def _box_net(folder: Path, of_class_0: list[float]) -> str:
    trained = build(box_net(NET, Regression.PER_CLASS))
    trained.set_weights([np.zeros_like(each) for each in trained.get_weights()])
    biases = np.array([of_class_0, [0.5, 0.5, 1, 1], [0.5, 0.5, 2, 2]], np.float32).ravel()
    trained.get_layer("fc8").set_weights([np.zeros_like(trained.get_layer("fc8").get_weights()[0]), biases])
    write_box_model(trained, BoxModel(NET, Regression.PER_CLASS, HEAD, 32), str(folder))
    return str(folder)


def test_each_image_has_boxes_of_its_five_best_classes_and_of_its_own(nets, tmp_path):
    records = [
        box_record(IMAGENET, drawn(64, 64, BOX), 0, [BOX, [0, 0, 1, 1]], [0, 2]),
        # Turned by a quarter: the box, as stored, lies in the left half, and is seen in the upper one.
        box_record(IMAGENET, drawn(64, 64, [0, 0, 0.5, 1], 6), 1, [[0, 0, 0.5, 1]]),
        box_record(IMAGENET, b"no image", 2, [BOX]),
    ]
    keys = [parse_image(record, IMAGENET)[0].key for record in records]
    posteriors = np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2], [1 / 3] * 3], np.float32)
    predictions = [
        example(key=key, **{AVERAGE: row}).SerializeToString()
        for key, row in zip(keys, posteriors, strict=True)
    ]
    found = located(nets, records, predictions, tmp_path)
    first, turned, broken = found[0], found[1], found[2]
    assert first.five.tolist() == [2, 1, 0]
    assert first.boxes == pytest.approx(np.array([[0, 0, 1, 1], [0, 0, 1, 1], BOX]))
    assert first.own == pytest.approx(BOX)
    assert first.central == pytest.approx(BOX)
    assert first.true == pytest.approx(np.array([BOX]))  # and not class 2's
    assert first.figures == pytest.approx([1, 1, 1, 2])
    assert turned.true == pytest.approx(np.array([[0, 0, 1, 0.5]]), abs=1e-6)
    assert turned.figures == pytest.approx([1, 0.5, 0.5, 1])
    assert not broken.decodes
    assert broken.figures == pytest.approx([1, 0, 0, 5])


def test_boxes_of_two_nets_are_merged_and_test_1_is_of_the_first(nets, tmp_path):
    """The other net's box of class 0 is moved by a tenth of its side, and looked for at two Q: of the 33
    pixels of the second its window is the first 32. The merged box is the mean of three."""
    other = _box_net(tmp_path / "other", [0.55, 0.5, 0.5, 0.5])
    record = box_record(IMAGENET, drawn(32, 32, BOX), 0, [BOX])
    key = parse_image(record, IMAGENET)[0].key
    predictions = [example(key=key, **{AVERAGE: np.ones(3, np.float32) / 3}).SerializeToString()]
    both = replace(nets, boxes=(*nets.boxes, BoxNet(other, (32, 33))))
    found = located(both, [record], predictions, tmp_path)[0]
    moved = np.array([0.3, 0.25, 0.8, 0.75])
    assert found.own == pytest.approx((np.array(BOX) + moved + moved * 32 / 33) / 3, abs=1e-5)
    assert found.central == pytest.approx(BOX)


def located(nets, records, predictions, folder: Path) -> dict:
    """By label."""
    folder.mkdir(exist_ok=True)
    files = [write_records(folder / "records", records)]
    out = str(folder / "found")
    with beam.Pipeline() as pipeline:
        best = pipeline | "Predictions" >> beam.Create(predictions) | beam.Map(best_of_prediction)
        same = Correspondence()
        located = read_examples(pipeline, files) | LocateObjects(
            nets, IMAGENET, same, beam.pvalue.AsDict(best)
        )
        _ = located | beam.io.WriteToTFRecord(out)
    return {one.image.label: one for one in map(from_record, _read(out))}


def _read(prefix: str) -> list[bytes]:
    return list(tf.data.TFRecordDataset(tf.io.gfile.glob(f"{prefix}*")).as_numpy_iterator())
