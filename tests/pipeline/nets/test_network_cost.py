"""Costs against the paper's parameter counts, Keras's, and numbers worked out by hand."""

import pytest

from models.net import Net
from models.vgg import build
from pipeline.nets.network_cost import cost, dense_flop

PARAMETERS = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_the_papers(name):
    assert cost(Net(name)).parameters == PARAMETERS[name]


def test_parameters_of_a_narrow_net_are_keras():
    net = Net("C", classes=7, width=16, input_size=96)
    assert cost(net).parameters == build(net).count_params()


def test_operations_of_the_first_layer_by_hand():
    """A at width 64 and input 32: 1, 2, 4, 4, 8, 8, 8, 8 channels on sides 32, 16, 8, 8, 4, 4, 2, 2."""
    sides = (32, 16, 8, 8, 4, 4, 2, 2)
    channels = (3, 1, 2, 4, 4, 8, 8, 8, 8)
    pairs = zip(channels[:-1], channels[1:], sides, strict=True)
    convolutions = sum(2 * 9 * c_in * c_out * side**2 for c_in, c_out, side in pairs)
    fully_connected = 2 * (8 * 64 + 64 * 64 + 64 * 5)
    assert cost(Net("A", classes=5, width=64, input_size=32)).forward_flop == convolutions + fully_connected


def test_a_training_step_of_d_is_93_gflop_an_image():
    assert cost(Net("D")).training_flop / 1e9 == pytest.approx(93, abs=0.5)


def test_receptive_fields_by_hand():
    # D: 3, 5, pool 6; 10, 14, pool 16; 24, 32, 40, pool 44; 60, 76, 92, pool 100; 132, 164, 196.
    assert cost(Net("D")).receptive_field == 196
    # A: 3, pool 4; 8, pool 10; 18, 26, pool 30; 46, 62, pool 70; 102, 134.
    assert cost(Net("A")).receptive_field == 134
    # C's 1x1 convolutions see no more than B.
    assert cost(Net("C")).receptive_field == cost(Net("B")).receptive_field


def test_dense_evaluation_at_224_costs_a_crop_and_wider_images_more():
    """At 256 x 320 convolutions see 80/49 of the pixels, rounding aside; the score map has 2 x 4 places."""
    net = Net("A")
    assert dense_flop(net, 224, 224) == cost(net).forward_flop
    fully_connected = 2 * (25088 * 4096 + 4096 * 4096 + 4096 * 1000)
    convolutions = cost(net).forward_flop - fully_connected
    assert dense_flop(net, 256, 320) == convolutions * 80 // 49 + 2 * 4 * fully_connected
