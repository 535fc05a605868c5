"""A whole training of a box net on drawn rectangles, and what is left of it on disk."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from helpers.drawn_boxes import box_record, drawn, write_records, write_weights

from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.localisation.box_recipe import BoxTrainerConfig
from components.localisation.box_training import train_boxes
from components.recipe import TrainedLayers, Training
from components.training.train import TrainingFolders, TrainingInputs
from models.errors import InputError
from models.localisation.boxes import cornered, iou
from models.localisation.regression import Regression
from models.net import Net
from serving.saved_model.box_model import read_box_network
from serving.saved_model.export import read_weights
from serving.saved_model.head import Head

NET = Net("A", classes=2, width=8, input_size=32)
MEAN = (90.0, 91.0, 92.0)
HEAD = Head(MEAN, ("dark", "light"), (32,), True, IMAGENET.image, IMAGENET.label, 1)
TRAINING = Training(
    smallest_side=32, largest_side=32, batch=8, most_epochs=40, drops=(30,), learning_rate=0.005, dropout=0.0,
    l2=0.0, colour_shift=False, seed=3,
)  # fmt: skip
BOXES = [(x, y, x + 0.5, y + 0.4) for x in (0.05, 0.25, 0.45) for y in (0.05, 0.3, 0.55)]


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> str:
    return write_weights(tmp_path_factory.mktemp("base") / "model", NET, HEAD)


@pytest.fixture(scope="module")
def inputs(base, tmp_path_factory) -> TrainingInputs:
    """Squares of 32 pixels, so that a crop is all of one; nine places of the rectangle, in two classes."""
    folder = tmp_path_factory.mktemp("examples")
    records = [box_record(IMAGENET, drawn(32, 32, box), n % 2, [box]) for n, box in enumerate(BOXES * 4)]
    splits = [
        index_of([write_records(folder / name, of_split)])
        for name, of_split in (("train", records), ("eval", records[:10]))
    ]
    covariance = np.diag([900.0, 400.0, 100.0])
    return TrainingInputs(
        *splits, IMAGENET, len(records), np.array(MEAN), covariance, ("dark", "light"), base_model=base
    )


def _train(folder, inputs, config: BoxTrainerConfig) -> str:
    folders = TrainingFolders(
        checkpoints=str(folder / "checkpoints"), model=str(folder / "model"), logs=str(folder / "run")
    )
    train_boxes(config, inputs, folders, tf.distribute.MirroredStrategy(["/cpu:0"]))
    return folders.model


@pytest.mark.slow
def test_it_learns_where_the_rectangles_are(inputs, tmp_path, capsys):
    config = BoxTrainerConfig(NET, TRAINING, Regression.SHARED)
    network, model = read_box_network(_train(tmp_path, inputs, config))
    assert (model.net, model.regression, model.head, model.shorter_side) == (NET, Regression.SHARED, HEAD, 32)
    pictures = np.stack([tf.io.decode_png(drawn(32, 32, box)).numpy() for box in BOXES])
    outputs = network(pictures.astype(np.float32) - np.float32(MEAN), training=False).numpy()
    assert outputs.shape == (9, 1, 1, 4)
    assert iou(cornered(outputs.reshape(9, 4), np), np.array(BOXES)).min() > 0.5
    assert "box error at IoU 0.5/0.75" in capsys.readouterr().out


@pytest.mark.slow
def test_boxes_by_class_from_the_fully_connected_layers_alone(inputs, base, tmp_path):
    training = replace(TRAINING, most_epochs=1, drops=(1,), trained_layers=TrainedLayers.FC)
    network, model = read_box_network(_train(tmp_path, inputs, BoxTrainerConfig(NET, training)))
    assert (model.regression, network.output_shape[-1]) == (Regression.PER_CLASS, 8)
    before = read_weights(base)
    changed = {
        weight.path.split("/")[0]
        for weight in network.weights
        if not np.array_equal(weight.numpy(), before[weight.path.replace("/", "_")])
    }
    assert changed == {"fc6", "fc7", "fc8"}


def test_data_without_boxes_and_another_net_are_one_line(inputs, tmp_path):
    record = box_record(IMAGENET, drawn(32, 32, BOXES[0]), 0, [])
    without = replace(inputs, train=index_of([write_records(tmp_path / "train", [record] * 8)]))
    with pytest.raises(InputError, match=r"box net's data: no boxes in the first 1000 records of a split"):
        _train(tmp_path, without, BoxTrainerConfig(NET, TRAINING))
    with pytest.raises(InputError, match=r"box net: width 16, and model .* has 8"):
        _train(tmp_path, inputs, BoxTrainerConfig(replace(NET, width=16), TRAINING))
    with pytest.raises(InputError, match="no classification net to begin from"):
        _train(tmp_path, replace(inputs, base_model=""), BoxTrainerConfig(NET, TRAINING))
