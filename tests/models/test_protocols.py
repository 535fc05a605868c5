"""Where the crops of each protocol lie, by hand (section 3.2)."""

import pytest

from models.errors import InputError
from models.protocols import Method, Protocol, crop_places


def test_multi_crop_is_a_regular_grid_of_five_by_five():
    """256 x 341: 32 pixels down in steps of 8; 117 across in steps of 29.25: 0, 29.25, 58.5, 87.75, 117."""
    places = crop_places(Method.MULTI_CROP, 256, 341, 224)
    assert places == [(y, x) for y in (0, 8, 16, 24, 32) for x in (0, 29, 59, 88, 117)]


def test_the_grid_of_an_image_as_large_as_the_crop_is_one_place():
    assert set(crop_places(Method.MULTI_CROP, 224, 224, 224)) == {(0, 0)}


def test_ten_crop_is_the_four_corners_and_the_centre():
    assert crop_places(Method.TEN_CROP, 256, 300, 224) == [(0, 0), (0, 76), (32, 0), (32, 76), (16, 38)]


def test_centre_crop_is_the_centre():
    assert crop_places(Method.CENTRE_CROP, 257, 224, 224) == [(16, 0)]


def test_with_their_flips_there_are_50_and_10():
    assert 2 * len(crop_places(Method.MULTI_CROP, 512, 512, 224)) == 50
    assert 2 * len(crop_places(Method.TEN_CROP, 256, 256, 224)) == 10


def test_dense_evaluation_takes_no_crops():
    with pytest.raises(ValueError, match="takes no crops"):
        crop_places(Method.DENSE, 256, 256, 224)


def test_an_image_smaller_than_the_crop_is_refused():
    with pytest.raises(ValueError, match="at least 224"):
        crop_places(Method.CENTRE_CROP, 223, 300, 224)


def test_multi_crop_and_dense_is_the_mean_of_both():
    assert Protocol.named("multi-crop-dense").methods == (Method.MULTI_CROP, Method.DENSE)
    assert Protocol.named("dense").methods == (Method.DENSE,)


def test_an_unknown_protocol_names_those_there_are():
    with pytest.raises(InputError, match="dense, multi-crop, multi-crop-dense, ten-crop, centre-crop"):
        Protocol.named("sparse")


def test_crops_reach_the_far_corner_of_an_image_more_than_twice_their_size():
    """500 x 701 less 224: 276 down, 477 right; the centre is rounded down."""
    corners = [(0, 0), (0, 477), (276, 0), (276, 477)]
    assert crop_places(Method.TEN_CROP, 500, 701, 224) == [*corners, (138, 238)]
    assert crop_places(Method.CENTRE_CROP, 500, 701, 224) == [(138, 238)]


def test_a_protocol_is_the_methods_that_its_name_says():
    methods = {protocol.value: [method.value for method in protocol.methods] for protocol in Protocol}
    assert methods == {
        "dense": ["dense"],
        "multi-crop": ["multi-crop"],
        "multi-crop-dense": ["multi-crop", "dense"],
        "ten-crop": ["ten-crop"],
        "centre-crop": ["centre-crop"],
    }
