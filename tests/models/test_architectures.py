"""Tables 1 and 2 of the paper."""

import pytest

from models.architectures import ARCHITECTURES, architecture
from models.errors import InputError
from models.net import Net
from models.vgg import build, build_fully_convolutional

# The paper's numbers: weight layers of Table 1, and the exact counts that Table 2 rounds to millions.
WEIGHT_LAYERS = {"A": 11, "A-LRN": 11, "B": 13, "C": 16, "D": 16, "E": 19}
PARAMETERS = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}
MILLIONS = {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144}


def test_table_1_has_the_six_configurations():
    assert {name: net.weight_layers for name, net in ARCHITECTURES.items()} == WEIGHT_LAYERS


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_the_papers(name):
    net = build_fully_convolutional(Net(name))
    assert net.count_params() == PARAMETERS[name]
    assert round(net.count_params() / 1e6) == MILLIONS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["A-LRN", "E"])
def test_the_network_with_fully_connected_layers_has_the_same_parameters(name):
    assert build(Net(name)).count_params() == PARAMETERS[name]


def test_c_differs_from_b_by_one_1x1_convolution_in_each_of_the_last_three_blocks():
    b, c = architecture("B").blocks, architecture("C").blocks
    assert c[:2] == b[:2]
    assert all(deeper == (*block, 1) for block, deeper in zip(b[2:], c[2:], strict=True))


def test_layers_are_named_as_in_the_field():
    names = [layer.name for layer in build_fully_convolutional(Net("A-LRN", width=8)).layers]
    assert names[1:6] == ["conv1_1", "lrn1", "pool1", "conv2_1", "pool2"]
    assert names[-3:] == ["fc6", "fc7", "fc8"]


@pytest.mark.parametrize(("side", "expected"), [(224, 1), (225, 1), (256, 2), (288, 3), (384, 6), (512, 10)])
def test_score_map_sides_are_the_papers(side, expected):
    net = build_fully_convolutional(Net("A", classes=10, width=64))
    assert net.compute_output_shape((1, side, side, 3))[1:3] == (expected, expected)


def test_an_unknown_net_is_named_in_one_line():
    with pytest.raises(InputError, match=r"net 'F'.*A, A-LRN, B, C, D, E"):
        Net("F")


@pytest.mark.parametrize("field", [{"input_size": 100}, {"width": 3}, {"classes": 0}])
def test_impossible_sizes_are_refused(field):
    with pytest.raises(InputError, match=str(next(iter(field.values())))):
        Net("A", **field)
