"""An exported model's weights in other programs' files, and back again bit for bit."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors import safe_open

from models.errors import InputError
from models.fully_convolutional import fully_convolutional
from models.imagenet_classes import imagenet_classes
from models.net import Net
from models.vgg import build, build_fully_convolutional
from serving.saved_model.head import Head
from serving.weights.formats import WRITTEN
from serving.weights.imported import Imported, imported
from serving.weights.written import write_weights

CLASSES = ("crane", "crane", "Köln")
SYNSETS = ("n02012849", "n03126707", "n00000001")
MEAN = (120.3, 110.7, 99.25)
SIDES = (64, 96)


def model_of(net: Net) -> Imported:
    """A net with random weights, as an exported model's are read."""
    model = build(net, seed=3)
    weights = {
        weight.path.replace("/", "_"): weight.numpy() for weight in fully_convolutional(model, net).weights
    }
    head = Head(MEAN, CLASSES[: net.classes], SIDES, True, "image/encoded", "image/class/label", 1, SYNSETS)
    return Imported(weights, net, head)


def write(model: Imported, path: Path, kind: str) -> Path:
    write_weights(model.weights, model.net, model.head, path, kind)
    return path


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("letter", ["A", "C", "E"])
def test_there_and_back_again_is_the_same_model(tmp_path, letter, kind):
    model = model_of(Net(letter, classes=3, width=16, input_size=64))
    path = write(model, tmp_path / f"net{WRITTEN[kind]}", kind)
    again = imported(path, shorter_sides=SIDES)
    assert (again.net, again.head) == (model.net, model.head)
    assert model.weights.keys() == again.weights.keys()
    for name, value in model.weights.items():
        assert value.tobytes() == again.weights[name].tobytes(), name
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_keras_applications_reads_the_file_and_answers_alike(tmp_path):
    model = model_of(Net("D", classes=3, input_size=64))
    path = write(model, tmp_path / "net.h5", "keras")
    vgg16 = keras.applications.VGG16(weights=str(path), input_shape=(64, 64, 3), classes=3)
    network = build_fully_convolutional(model.net)
    network.set_weights(list(model.weights.values()))
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    minus_mean = images - np.array(MEAN, np.float32)
    expected = keras.ops.softmax(network(minus_mean)).numpy()[:, 0, 0]
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(vgg16.predict(minus_mean[..., ::-1], verbose=0), expected, atol=1e-5)


def test_safetensors_has_torchvisions_names_and_shapes(tmp_path):
    model = model_of(Net("B", classes=3, width=16, input_size=64))
    path = write(model, tmp_path / "net.safetensors", "safetensors")
    with safe_open(path, "numpy") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        first, fc6 = file.get_tensor("features.0.weight"), file.get_tensor("classifier.0.weight")
        assert file.metadata()["format"] == "pt"
    places = (0, 2, 5, 7, 10, 12, 15, 17, 20, 22)  # of torchvision.models.vgg13().features
    assert {int(name.split(".")[1]) for name in shapes if name.startswith("features")} == set(places)
    assert shapes["features.2.weight"] == (4, 4, 3, 3)
    assert shapes["classifier.0.weight"] == (256, 32 * 2 * 2)
    assert shapes["classifier.6.bias"] == (3,)
    assert first[1, 2, 0, 1] == model.weights["conv1_1_kernel"][0, 1, 2, 1]
    assert fc6[7, 5 * 4 + 1 * 2 + 0] == model.weights["fc6_kernel"][1, 0, 5, 7]  # channel 5, row 1, column 0


def test_the_classes_are_the_lists_the_files_or_imagenets(tmp_path):
    net = Net("A", classes=1000, width=64, input_size=32)
    own = tuple(map(str, range(1000)))
    model = model_of(net)
    model = Imported(model.weights, net, dataclasses.replace(model.head, class_names=own, synsets=()))
    path = write(model, tmp_path / "own.h5", "keras")
    assert imported(path, shorter_sides=(32,)).head.class_names == own
    listed = (tuple(f"n{number:08d}" for number in range(1000)), tuple(f"thing {n}" for n in range(1000)))
    head = imported(path, classes=listed, shorter_sides=(32,)).head
    assert (head.synsets[3], head.class_names[3]) == ("n00000003", "thing 3")
    with pytest.raises(InputError, match="1000 outputs, and the list given names 2 classes"):
        imported(path, classes=(("a", "b"), ("a", "b")), shorter_sides=(32,))

    published = tmp_path / "net.weights.h5"
    keras.Sequential([keras.Input((32, 32, 3)), *build(net).layers[1:]]).save_weights(published)
    head = imported(published, shorter_sides=(32,)).head
    assert (head.synsets, head.class_names) == imagenet_classes()
    # ILSVRC2012_val_00000001 is of class 65, counted from 0.
    assert (head.synsets[65], head.class_names[65]) == ("n01751748", "sea snake")


@pytest.mark.parametrize(("kind", "suffix"), WRITTEN.items())
def test_a_place_that_cannot_be_is_one_line(tmp_path, kind, suffix):
    with pytest.raises(InputError, match="cannot be written") as error:
        write(model_of(Net("A", classes=3, width=64, input_size=32)), tmp_path / "no" / f"net{suffix}", kind)
    assert "\n" not in str(error.value)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    """The kernel's device that is always full, in place of the file: h5py makes a RuntimeError of it."""
    path = tmp_path / "net.h5"
    (tmp_path / ".net.h5.part").symlink_to("/dev/full")
    with pytest.raises(InputError, match="cannot be written") as error:
        write(model_of(Net("A", classes=3, width=64, input_size=32)), path, "keras")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
