"""Weights from a net trained before (section 3.1), and the colour shift, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from models.colour_shift import colour_shift, principal_components
from models.errors import InputError
from models.fully_convolutional import fully_convolutional
from models.initial_weights import FROM_A, take_weights
from models.initialisation import Initialisation
from models.net import Net
from models.vgg import build

SMALL = {"classes": 5, "width": 16, "input_size": 64}


def _exported(net: Net, seed: int) -> dict[str, np.ndarray]:
    """Weights as an exported model names them."""
    network = fully_convolutional(build(net, seed=seed), net)
    return {weight.path.replace("/", "_"): np.asarray(weight) for weight in network.weights}


def test_a_deeper_net_takes_four_convolutions_and_three_fc_layers_of_a():
    """By Table 1, A's first four convolutions are conv1_1, conv2_1, conv3_1 and conv3_2."""
    weights = _exported(Net("A", **SMALL), seed=1)
    deeper, untouched = (build(Net("D", **SMALL), seed=2) for _ in range(2))
    take_weights(deeper, weights, FROM_A)
    pairs = [(layer, untouched.get_layer(layer.name)) for layer in deeper.layers if layer.weights]
    taken = {a.name for a, b in pairs if not np.array_equal(a.get_weights()[0], b.get_weights()[0])}
    assert taken == {"conv1_1", "conv2_1", "conv3_1", "conv3_2", "fc6", "fc7", "fc8"}
    np.testing.assert_array_equal(deeper.get_layer("conv3_2").get_weights()[0], weights["conv3_2_kernel"])
    assert all(layer.trainable for layer in deeper.layers)


def test_fine_tuning_takes_all_layers():
    net = Net("C", **SMALL)
    first, second = build(net, seed=1), build(net, seed=2)
    image = np.random.default_rng(0).uniform(-100, 100, (1, 64, 64, 3)).astype(np.float32)
    take_weights(second, _exported(net, seed=1))
    np.testing.assert_allclose(second(image), first(image), atol=1e-5)


def test_weights_of_another_shape_are_refused_by_name():
    weights = _exported(Net("A", **{**SMALL, "classes": 7}), seed=1)
    with pytest.raises(InputError, match=r"fc8_kernel, expected \(256, 5\)"):
        take_weights(build(Net("A", **SMALL)), weights)


def test_missing_layers_are_refused_by_name():
    with pytest.raises(InputError, match="no such weights for conv1_2_kernel"):
        take_weights(build(Net("B", **SMALL)), _exported(Net("A", **SMALL), seed=1))


def test_an_unknown_initialisation_is_named():
    with pytest.raises(InputError, match=r"'xavier'.*paper, small, glorot, he"):
        Initialisation.named("xavier")


@pytest.mark.parametrize(("name", "deviation"), [("paper", 0.1), ("small", 0.01)])
def test_both_readings_of_the_papers_variance(name: str, deviation: float):
    """Read as a variance, 1e-2 is a standard deviation of 0.1 in every layer, whatever its fan-in."""
    model = build(Net("A", **SMALL), initialisation=Initialisation.named(name), seed=3)
    for layer in ("conv3_1", "fc6", "fc7"):
        kernel, bias = model.get_layer(layer).get_weights()
        assert kernel.mean() == pytest.approx(0, abs=deviation / 20)
        assert kernel.std() == pytest.approx(deviation, rel=0.05)
        assert not bias.any()


def test_colour_shift_follows_the_principal_components():
    """Eigenvalues 51^2 and twice 25.5^2 along known axes: l = 10.2 and 2.55 grey levels, times N(0, 0.1)."""
    axis = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    covariance = 25.5**2 * np.eye(3) + (51.0**2 - 25.5**2) * np.outer(axis, axis)
    components = principal_components(covariance)
    shifts = np.stack([colour_shift(components, tf.constant([1, n])) for n in range(2000)])
    assert np.std(shifts @ axis) == pytest.approx(1.02, rel=0.06)
    assert np.std(shifts[:, 2]) == pytest.approx(0.255, rel=0.06)
    assert np.abs(shifts.mean(axis=0)).max() < 0.1


def test_the_scale_is_that_of_the_constants_in_common_use():
    """Eigenvalues 0.2175, 0.0188 and 0.0045 of pixels in 0..1 are known as 55.46, 4.794 and 1.148."""
    covariance = np.diag([0.2175, 0.0188, 0.0045]) * 255**2
    lengths = np.linalg.norm(principal_components(covariance), axis=0)
    np.testing.assert_allclose(sorted(lengths, reverse=True), [55.46, 4.794, 1.148], rtol=1e-3)
