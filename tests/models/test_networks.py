"""The networks compute what the paper says: convolutions as layers, LRN, initialisation."""

import numpy as np
import pytest

from models.fully_convolutional import fully_convolutional
from models.initial_weights import kernel_initializer
from models.initialisation import Initialisation
from models.local_response_norm import LocalResponseNorm
from models.net import Net
from models.vgg import build


def _image(side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-120, 130, (2, side, side, 3)).astype(np.float32)


@pytest.mark.parametrize("name", ["A", "A-LRN", "B", "C", "D", "E"])
def test_fully_convolutional_net_equals_the_net_with_fc_layers(name):
    net = Net(name, classes=10, width=8)
    trained = build(net, seed=3)
    image = _image(224)
    dense = fully_convolutional(trained, net)(image).numpy()
    expected = trained(image).numpy()
    assert np.abs(expected).max() > 0.05
    assert dense.shape == (2, 1, 1, 10)
    np.testing.assert_allclose(dense[:, 0, 0], expected, atol=1e-4)


@pytest.mark.slow
def test_fully_convolutional_net_equals_the_net_with_fc_layers_at_full_width():
    net = Net("A")
    trained = build(net, seed=1)
    image = _image(224)
    dense = fully_convolutional(trained, net)(image).numpy()
    np.testing.assert_allclose(dense[:, 0, 0], trained(image).numpy(), atol=1e-4)


def test_each_place_of_the_score_map_is_the_net_on_that_window():
    """Only where padding does not differ: at stride 32 the windows' borders do, so compare shapes of one
    window repeated: a constant image gives the same score at all inner places.
    """
    net = Net("A", classes=4, width=16, input_size=64)
    scores = fully_convolutional(build(net, seed=2), net)(np.full((1, 256, 256, 3), 50, np.float32)).numpy()
    assert scores.shape == (1, 7, 7, 4)
    inner = scores[0, 3, 3]
    np.testing.assert_allclose(scores[0, 3, 2], inner, rtol=1e-4, atol=1e-5)


def test_local_response_norm_by_hand():
    """Channels 1, 2, 3 of one pixel: sums of squares over five neighbours are all 14."""
    activations = np.array([1, 2, 3], np.float32).reshape(1, 1, 1, 3)
    expected = activations / (2 + 1e-4 * 14) ** 0.75
    np.testing.assert_allclose(LocalResponseNorm()(activations).numpy(), expected, rtol=1e-6)


def test_local_response_norm_sees_two_channels_on_each_side():
    activations = np.zeros((1, 1, 1, 6), np.float32)
    activations[..., 0], activations[..., 2], activations[..., 3] = 1000.0, 1.0, 1.0
    normalised = LocalResponseNorm()(activations).numpy().reshape(-1)
    near = (2 + 1e-4 * (1000**2 + 2)) ** -0.75
    far = (2 + 1e-4 * 2) ** -0.75
    np.testing.assert_allclose(normalised[[2, 3]], [near, far], rtol=1e-5)


def test_the_papers_initialisation_has_variance_one_hundredth():
    kernel = np.asarray(kernel_initializer(Initialisation.PAPER, 0)((200, 500)))
    assert abs(kernel.mean()) < 1e-3
    assert kernel.var() == pytest.approx(1e-2, rel=0.02)


def test_biases_start_at_zero_and_weights_repeat_with_the_seed():
    net = Net("A", classes=3, width=16, input_size=32)
    first, again, other = (build(net, seed=seed).get_weights() for seed in (5, 5, 6))
    assert all((weight == 0).all() for weight in first if weight.ndim == 1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
