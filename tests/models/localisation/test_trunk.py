"""Convolutions that two nets share: recognised by their weights, and computed once with the same result."""

import numpy as np
import pytest

from models.fully_convolutional import fully_convolutional
from models.localisation.dense import DenseLocaliser
from models.localisation.regression import Regression, box_net
from models.localisation.trunk import head_of, same_trunk, trunk_of
from models.net import Net
from models.vgg import build

NET = Net("A-LRN", classes=3, width=64, input_size=32)
BLACK = (10.0, 20.0, 30.0)


@pytest.fixture(scope="module")
def nets():
    """A classification net, and a box net with its convolutions."""
    boxes = box_net(NET, Regression.PER_CLASS)
    classifier, other = (
        fully_convolutional(build(net, seed=seed), net) for net, seed in ((NET, 1), (boxes, 2))
    )
    for layer in classifier.layers:
        if layer.name.startswith("conv"):
            other.get_layer(layer.name).set_weights(layer.get_weights())
    return classifier, other


def test_both_give_what_each_gives_by_itself(nets):
    means = {"classifier_mean": BLACK, "box_mean": BLACK, "size": 32}
    image = np.random.default_rng(0).integers(0, 256, (70, 100, 3), np.uint8)
    apart = DenseLocaliser(*nets, **means)
    seen = []
    trunk = trunk_of(nets[0])

    def counted(each):
        seen.append(each)
        return trunk(each)

    together = DenseLocaliser(*map(head_of, nets), trunk=counted, **means)
    first, second = (localiser.windows(image, 64) for localiser in (apart, together))
    assert len(first.boxes) == 4
    np.testing.assert_allclose(second.posteriors, first.posteriors, rtol=1e-5)
    np.testing.assert_allclose(second.boxes, first.boxes, rtol=1e-4, atol=1e-6)
    assert len(seen) == 1, "of two nets"
    np.testing.assert_allclose(
        together.central_boxes(image, 64), apart.central_boxes(image, 64), rtol=1e-4, atol=1e-6
    )


def test_one_weight_makes_the_difference(nets):
    classifier, boxes = nets
    assert same_trunk(classifier, boxes)
    kernel, bias = boxes.get_layer("conv3_2").get_weights()
    kernel[0, 0, 0, 0] += 1e-7
    boxes.get_layer("conv3_2").set_weights([kernel, bias])
    assert not same_trunk(classifier, boxes)


def test_another_shape_is_another_trunk(nets):
    other = Net("B", classes=3, width=64, input_size=32)
    assert not same_trunk(nets[0], fully_convolutional(build(other), other))


def test_two_means_have_no_trunk():
    with pytest.raises(ValueError, match="expected the same"):
        DenseLocaliser(None, None, trunk=len, classifier_mean=BLACK, box_mean=(0.0, 0.0, 0.0), size=32)
