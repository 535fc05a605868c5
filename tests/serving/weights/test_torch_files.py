"""Weights of torchvision and timm against a forward pass of NumPy's, channels first, and what is refused."""

import dataclasses
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.serving.published_net import network
from helpers.serving.torch_world import (
    Called,
    Named,
    as_timm,
    pickled,
    posteriors,
    random_weights,
    write_pth,
)
from safetensors.numpy import save_file

from models.errors import InputError
from models.net import Net
from serving.weights.imported import read_published

FIRST, CLASSES, SIDE = 4, 6, 2


def pictures(count: int, *size: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, *size, 3), np.uint8)


@pytest.fixture(scope="module")
def weights() -> dict:
    return random_weights("A", first=FIRST, classes=CLASSES, side=SIDE)


@pytest.fixture
def write(tmp_path):
    """A file of weights in one of the forms that they come in."""

    def write(weights: dict, form: str = "safetensors") -> Path:
        path = tmp_path / ("net.safetensors" if form == "safetensors" else "net.pth")
        if form == "safetensors":
            save_file({name: np.ascontiguousarray(value) for name, value in weights.items()}, path)
        else:
            write_pth(path, weights, legacy=form == "legacy", wrapped=form == "wrapped")
        return path

    return write


@pytest.mark.parametrize("letter", "ABDE")
@pytest.mark.parametrize("size", [(64, 64), (96, 128)], ids=["crop", "fully-convolutional"])
def test_posteriors_are_those_of_the_numpy_net(write, letter, size):
    weights = random_weights(letter, first=FIRST, classes=CLASSES, side=SIDE)
    function, net = network(write(weights))
    assert net == Net(letter, classes=CLASSES, width=16, input_size=64)
    images = pictures(2, *size)
    expected = np.array([posteriors(weights, letter, SIDE, image) for image in images])
    assert expected.shape[1:] == (size[0] // 32 - 1, size[1] // 32 - 1, CLASSES)
    assert np.ptp(expected, axis=0).max() > 0.01, "else a constant net would pass"
    np.testing.assert_allclose(function(images), expected, atol=1e-5)


@pytest.mark.parametrize("form", ["zip", "legacy", "wrapped"])
def test_each_form_of_pth_holds_what_safetensors_does(write, weights, form):
    expected, _ = read_published(write(weights))
    found, net = read_published(write(weights, form))
    assert net.configuration == "A"
    for ours, theirs in zip(found.layers, expected.layers, strict=True):
        np.testing.assert_array_equal(ours.kernel, theirs.kernel)
        np.testing.assert_array_equal(ours.bias, theirs.bias)


def test_timms_names_are_the_same_net(write, weights):
    images = pictures(2, 64, 64)
    expected = [posteriors(weights, "A", SIDE, image) for image in images]
    function, _ = network(write(as_timm(weights, SIDE)))
    np.testing.assert_allclose(function(images), expected, atol=1e-5)


def test_the_mean_is_imagenets_in_grey_levels(write, weights):
    published, _ = read_published(write(weights))
    np.testing.assert_allclose(published.mean_rgb, (123.675, 116.28, 103.53))


def test_half_precision_is_read(write, weights):
    half = {name: value.astype(np.float16) for name, value in weights.items()}
    published, _ = read_published(write(half))
    assert published.layers[1].kernel.dtype == np.float32
    np.testing.assert_array_equal(published.layers[1].bias, half["features.3.bias"].astype(np.float32))


def test_net_a_with_lrn_is_taken_where_it_is_asked_for(write, weights):
    path = write(weights)
    assert read_published(path)[1].configuration == "A"
    assert read_published(path, "A-LRN")[1].configuration == "A-LRN"


def _without(weights: dict, name: str) -> dict:
    return {key: value for key, value in weights.items() if key != name}


def _with(weights: dict, name: str, value: np.ndarray) -> dict:
    return {**weights, name: value}


@pytest.mark.parametrize(
    ("change", "wanted", "said"),
    [
        (lambda w: w, "B", "layer features.2 is missing"),
        (lambda w: w, "C", "is missing"),
        (lambda w: _without(w, "classifier.3.bias"), None, "classifier.3.weight (256, 256); expected"),
        (
            lambda w: _without(_without(w, "features.8.bias"), "features.8.weight"),
            None,
            "layer features.8 is",
        ),
        (lambda w: _with(w, "features.1.running_mean", np.ones(4)), None, "batch normalisation"),
        (
            lambda w: _with(w, "extra.weight", np.ones((2, 2))) | {"extra.bias": np.ones(2)},
            None,
            "layer extra is",
        ),
        (
            lambda w: _with(w, "features.3.bias", np.full(8, np.nan, np.float32)),
            None,
            "features.3: 8 of the bias's 8 values are no finite numbers",
        ),
        (
            lambda w: _with(w, "classifier.0.weight", np.ones((256, 100), np.float32)),
            None,
            "classifier.0 has 100 inputs; expected a square of 32 channels",
        ),
        (
            lambda w: _with(w, "features.3.weight", np.ones((8, 4, 5, 5), np.float32)),
            None,
            "8 convolutions of 3 x 3 x 3 x 4, 5 x 5 x 4 x 8",
        ),
        (
            lambda w: _with(w, "classifier.3.weight", np.ones((256, 128), np.float32)),
            None,
            "classifier.3 has a kernel of (1, 1, 128, 256)",
        ),
    ],
)
def test_what_is_no_net_of_the_paper_is_one_line(write, weights, change, wanted, said):
    path = write(change(weights))
    with pytest.raises(InputError) as error:
        network(path, wanted)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("form", ["safetensors", "zip", "legacy"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.999])
def test_a_file_that_is_cut_short_is_one_line(write, weights, form, share):
    path = write(weights, form)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError) as error:
        read_published(path)
    assert f"weights {path}: " in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("legacy", [False, True])
def test_nothing_that_a_pickle_says_is_run(tmp_path, legacy):
    """The harmless twin first: that os.mkdir would run is seen by Python's own loader."""
    evil = Called(Named("os", "mkdir"), str(tmp_path / "made"))
    pickle.loads(pickled(evil))
    (tmp_path / "made").rmdir()
    path = tmp_path / "evil.pth"
    write_pth(path, {}, legacy=legacy)
    if legacy:
        content = [0x1950A86A20F9469CFC6C, 1001, {}, {"features.0.weight": evil}, []]
        path.write_bytes(b"".join(map(pickled, content)))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickled({"features.0.weight": evil}))
    with pytest.raises(InputError, match=r"asks for os\.mkdir, which is no tensor, and nothing"):
        read_published(path)
    assert not (tmp_path / "made").exists()


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path, weights):
    @dataclasses.dataclass
    class Longer:
        shape: tuple
        strides: tuple
        itemsize: int
        size: int
        content: bytes

        def tobytes(self) -> bytes:
            return self.content

    path = tmp_path / "net.pth"
    write_pth(path, {"features.0.weight": Longer((1000,), (4,), 4, 10, bytes(40))})
    with pytest.raises(InputError, match=r"a tensor of \(1000,\) reaches beyond its 10 numbers"):
        read_published(path)


def test_other_files_are_one_line(tmp_path):
    with pytest.raises(InputError, match="is no file"):
        read_published(tmp_path / "nowhere.pth")
    (tmp_path / "net.bin").write_bytes(b"")
    with pytest.raises(InputError, match="expected a name that ends in"):
        read_published(tmp_path / "net.bin")
    (tmp_path / "list.pth").write_bytes(b"".join(map(pickled, [0x1950A86A20F9469CFC6C, 1001, {}, [], []])))
    with pytest.raises(InputError, match=r"pth: a list; expected weights by their names$"):
        read_published(tmp_path / "list.pth")
