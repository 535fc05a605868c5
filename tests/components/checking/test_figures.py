"""Sizes, repeated images and contact sheets of rows made by hand."""

import numpy as np
import pytest

from components.checking import duplicates, sizes
from components.checking.check import Spread
from components.checking.progress import tell, watched
from components.checking.shard import ROW, Shard
from components.checking.sheets import choose
from components.checking.summary import Summary
from components.datasets.layouts import IMAGENET


def row(**values) -> np.ndarray:
    one = np.zeros(1, ROW)
    one["decodes"] = True
    for name, value in values.items():
        one[name] = value
    return one


def rows(*ones: np.ndarray) -> np.ndarray:
    return np.concatenate(ones)


def groups(*ones: np.ndarray) -> list[tuple[list[int], tuple[str, ...]]]:
    return [(group.places.tolist(), group.kinds) for group in duplicates.groups(rows(*ones))]


@pytest.mark.parametrize(
    ("second", "kinds"),
    [
        ({"training": True, "label": 1}, ("in one class",)),
        ({"training": True, "label": 2}, ("in two classes",)),
        ({"training": False, "label": 1}, ("in both splits",)),
        ({"training": False, "label": 2}, ("in both splits", "in two classes")),
    ],
)
def test_how_an_image_is_there_twice(second, kinds):
    first = {"pixels": -5, "height": 3, "width": 4}
    one = row(**first, training=True, label=1)
    assert groups(one, row(pixels=9), row(**first, **second)) == [([0, 2], kinds)]


def test_of_one_class_in_both_splits_none_is_there_twice_in_one_class():
    """But where a third is, one is."""
    one, other = row(pixels=1, training=True), row(pixels=1)
    assert groups(one, other)[0][1] == ("in both splits",)
    assert groups(one, other, other)[0][1] == ("in both splits", "in one class")


@pytest.mark.parametrize("other", [{"pixels": 2}, {"height": 4}, {"width": 5}])
def test_what_does_not_look_the_same(other):
    first = {"pixels": 1, "height": 3, "width": 4}
    assert groups(row(**first), row(**{**first, **other})) == []


def test_images_that_do_not_decode_are_not_the_same():
    assert groups(row(decodes=False), row(decodes=False)) == []


def test_the_gravest_groups_come_first():
    found = groups(
        *(row(pixels=1), row(pixels=1), row(pixels=2), row(pixels=2, label=1)),
        *(row(pixels=3), row(pixels=3, training=True)),
    )
    assert [kinds for _, kinds in found] == [("in both splits",), ("in two classes",), ("in one class",)]


def test_groups_come_in_the_order_of_their_first_image():
    found = groups(*(row(pixels=each) for each in [7, 3, 9, 3, 7, 3, 9]))
    assert [places for places, _ in found] == [[0, 4], [1, 3, 5], [2, 6]]


def test_spreads():
    """Of 100 images, the fifth smallest is the first one that 5 % are not above; 1..100 upright."""
    made = rows(*(row(height=each, width=200, training=True) for each in range(1, 101)))
    found = sizes.spreads(made)
    assert set(found) == {"train"}
    assert found["train"]["height"] == Spread(1, 5, 50, 95, 100, 50.5)
    assert found["train"]["width"] == Spread(200, 200, 200, 200, 200, 200.0)
    assert found["train"]["shorter side"] == found["train"]["height"]


def test_histograms():
    """1..100 in steps of five would be 20 bins, those of two too many."""
    made = rows(*(row(height=each, width=each, training=each % 4 > 0) for each in range(1, 101)))
    found = sizes.histograms(made)["height"]
    assert found.edges == tuple(range(0, 106, 5))
    assert [a + b for a, b in zip(found.train, found.validation, strict=True)] == [4, *[5] * 19, 1]
    assert sum(found.validation) == 25


def test_the_last_bin_holds_all_that_is_larger():
    made = rows(*[row(height=10, width=10)] * 999, row(height=50_000, width=10))
    found = sizes.histograms(made)["height"]
    assert (found.edges, found.validation) == ((10, 11, 50_001), (999, 1))


def summary(count: int, classes: int) -> Summary:
    made = [row(label=n % classes, training=n % 3 > 0, offset=n, decodes=n != 4) for n in range(count)]
    return Summary([Shard(0, "/data/train-0", True)], [], rows(*made))


def test_a_sheet_holds_so_many_of_each_split_training_first():
    sheets = {sheet.name: sheet.places for sheet in choose(summary(60, 4), IMAGENET, 3, seed=0)}
    repeated = sheets.pop("repeated")
    assert repeated == (("/data/train-0", 0, False),), "all rows have the same pixels"
    assert list(sheets) == ["0", "1", "2", "3"]
    for label, places in sheets.items():
        assert [training for _, _, training in places] == [True] * 3 + [False] * 3
        chosen = [offset for _, offset, _ in places]
        assert len(set(chosen)) == 6
        assert {offset % 4 for offset in chosen} == {int(label)}
        assert all((offset % 3 > 0) == training for _, offset, training in places)


def test_the_seed_chooses():
    first, again, other = (choose(summary(200, 4), IMAGENET, 3, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_what_does_not_decode_is_on_no_sheet():
    (sheet,) = choose(summary(6, 6), IMAGENET, 9, seed=0)[4:5]
    assert sheet.name == "5"


def test_progress_is_told_by_any_process_and_read_once(tmp_path):
    path, seen = str(tmp_path / "progress"), []
    with watched(path, lambda things, size: seen.append((things, size))):
        for size in (10, 20, 30):
            tell(path, 1, size)
    assert [sum(each) for each in zip(*seen, strict=True)] == [3, 60]
