"""Weights that Keras itself saved, against Keras's own nets."""

import zipfile

import h5py
import keras
import numpy as np
import pytest
from helpers.serving.published_net import network

from models.errors import InputError
from models.net import Net
from serving.weights.imported import read_published
from serving.weights.published import weights_of

MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)


def pictures(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, shape, np.uint8).astype(np.float32)


def narrow_net(named: bool = True) -> keras.Model:
    """Net A with 4 channels in its first layer, on crops of 64; `named` as in keras.applications."""
    layers, block = [keras.Input((64, 64, 3))], 1
    for channels, count in ((4, 1), (8, 1), (16, 2), (32, 2), (32, 2)):
        for number in range(1, count + 1):
            name = {"name": f"block{block}_conv{number}"} if named else {}
            layers.append(keras.layers.Conv2D(channels, 3, padding="same", activation="relu", **name))
        layers.append(keras.layers.MaxPooling2D())
        block += 1
    layers.append(keras.layers.Flatten())
    for name, units, activation in (
        ("fc1", 256, "relu"),
        ("fc2", 256, "relu"),
        ("predictions", 6, "softmax"),
    ):
        layers.append(keras.layers.Dense(units, activation, **({"name": name} if named else {})))
    model = keras.Sequential(layers)
    random = np.random.default_rng(1)
    values = [random.normal(0, np.sqrt(2 / max(np.prod(w.shape[:-1]), 10)), w.shape) for w in model.weights]
    model.set_weights([values[0] / 64, *values[1:]])  # else the posteriors are 0 and 1
    return model


@pytest.fixture(scope="module", autouse=True)
def fresh_names():
    """conv2d, conv2d_1, ...: Keras counts over the whole process."""
    keras.backend.clear_session()


@pytest.mark.parametrize("name", ["net.h5", "net.keras", "net.weights.h5"])
@pytest.mark.parametrize("named", [True, False], ids=["named", "numbered"])
def test_posteriors_are_keras_own(tmp_path, name, named):
    model = narrow_net(named)
    (model.save_weights if ".weights" in name else model.save)(tmp_path / name)
    function, net = network(tmp_path / name)
    assert net == Net("A", classes=6, width=16, input_size=64)
    images = pictures(3, 64, 64, 3)
    expected = model.predict(images[..., ::-1] - MEAN_BGR, verbose=0)
    assert np.ptp(expected, axis=0).max() > 0.01, "else a constant net would pass"
    np.testing.assert_allclose(function(images)[:, 0, 0], expected, atol=1e-5)


def test_an_optimizers_state_is_passed_over(tmp_path):
    model = narrow_net()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    for name in ("net.keras", "net.h5"):
        model.save(tmp_path / name)
        published, _ = read_published(tmp_path / name)
        np.testing.assert_array_equal(published.layers[1].kernel, model.layers[2].get_weights()[0])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "letter"), [("VGG16", "D"), ("VGG19", "E")])
def test_keras_applications_nets_give_the_same_answers(tmp_path, name, letter):
    """At full width and a crop of 64; and fully convolutional, against the last pool's windows."""
    application = getattr(keras.applications, name)
    keras.utils.set_random_seed(2)
    model = application(weights=None, input_shape=(64, 64, 3), classes=10)
    model.save_weights(tmp_path / "net.weights.h5")
    function, net = network(tmp_path / "net.weights.h5", letter)
    assert net == Net(letter, classes=10, input_size=64)
    preprocess = keras.applications.vgg16.preprocess_input
    images = pictures(2, 64, 64, 3)
    expected = model.predict(preprocess(images.copy()), verbose=0)
    found = function(images)[:, 0, 0]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_array_equal(np.argsort(-found)[:, :5], np.argsort(-expected)[:, :5])

    large = pictures(1, 96, 160, 3)
    body = application(weights=None, include_top=False, input_shape=(None, None, 3))
    body.set_weights(model.get_weights()[:-6])
    pooled = body.predict(preprocess(large.copy()), verbose=0)
    windows = [pooled[:, y : y + 2, x : x + 2].reshape(1, -1) for y in range(2) for x in range(4)]
    top = keras.Sequential([keras.Input((2 * 2 * 512,)), *model.layers[-3:]])
    expected = np.concatenate([top.predict(window, verbose=0) for window in windows])
    np.testing.assert_allclose(function(large)[0].reshape(-1, 10), expected, atol=1e-4)


def test_the_papers_own_mean_is_the_one_of_caffe(tmp_path):
    narrow_net().save_weights(tmp_path / "net.weights.h5")
    published, _ = read_published(tmp_path / "net.weights.h5")
    assert published.mean_rgb == (123.68, 116.779, 103.939)


def _normalised() -> keras.Model:
    return keras.Sequential(
        [keras.Input((64, 64, 3)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
    )


@pytest.mark.parametrize("name", ["net.h5", "net.weights.h5"])
def test_batch_normalisation_is_refused_by_name(tmp_path, name):
    model = _normalised()
    (model.save_weights if ".weights" in name else model.save)(tmp_path / name)
    with pytest.raises(InputError, match="batch normalisation, which the paper's nets do not have"):
        read_published(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "said"),
    [("no.h5", "layer fc1 is missing and 2 more"), ("no.weights.h5", "8 convolutions and 0 fully")],
)
def test_a_file_without_its_top_is_refused(tmp_path, name, said):
    body = keras.Sequential([keras.Input((64, 64, 3)), *narrow_net().layers[:-4]])
    (body.save_weights if ".weights" in name else body.save)(tmp_path / name)
    with pytest.raises(InputError, match=f"{said}.*`notop`"):
        read_published(tmp_path / name)


def test_a_missing_layer_is_named(tmp_path):
    narrow_net().save(tmp_path / "net.h5")
    with h5py.File(tmp_path / "net.h5", "a") as file:
        del file["model_weights"]["block3_conv2"]
    with pytest.raises(InputError, match="layer block3_conv2 is missing"):
        read_published(tmp_path / "net.h5", "A")


@pytest.mark.parametrize("name", ["net.h5", "net.keras", "net.weights.h5"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_a_file_that_is_cut_short_is_one_line(tmp_path, name, share):
    path = tmp_path / name
    model = narrow_net()
    (model.save_weights if ".weights" in name else model.save)(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError) as error:
        read_published(path)
    assert f"weights {path}: cannot be read" in str(error.value)
    assert "\n" not in str(error.value)


def test_damage_anywhere_is_one_line_or_does_no_harm(tmp_path):
    """Eight bytes overwritten in the structure, which lies between the arrays, and in the arrays."""
    path = tmp_path / "net.weights.h5"
    narrow_net().save_weights(path)
    whole, refused = path.read_bytes(), []
    for place in range(0, 40_000, 997):
        path.write_bytes(whole[:place] + b"\xff" * 8 + whole[place + 8 :])
        try:
            weights_of(*read_published(path), "weights")
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > 10
    assert not [line for line in refused if "\n" in line]


def test_files_of_something_else_are_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(InputError, match=r"no model\.weights\.h5 in it"):
        read_published(tmp_path / "net.keras")
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(InputError, match="no weights in it"):
        read_published(tmp_path / "empty.h5")
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save_weights(tmp_path / "one.weights.h5")
    with pytest.raises(InputError, match="0 convolutions and 1 fully connected layers"):
        read_published(tmp_path / "one.weights.h5")
