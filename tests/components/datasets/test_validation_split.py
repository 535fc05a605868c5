"""The split within each class: how many, which, and what stays when photographs are added."""

from pathlib import Path

import pytest
from helpers.class_folders import per_class, photograph, photographs, refusal, summary, with_validation

from components.datasets.image_files import Source
from components.datasets.validation_split import split_by_number, split_within_classes
from models.errors import InputError


def images(category: str, count: int) -> list[Source]:
    names = [f"{category}/{index}.jpg" for index in range(count)]
    return [Source(Path(name), name, category, stamp="") for name in names]


def names(sources: list[Source]) -> set[str]:
    return {source.name for source in sources}


@pytest.mark.parametrize(
    ("count", "fraction", "validation"),
    [
        (1, 0.1, 0),
        (1, 0.9, 0),
        (2, 0.1, 1),
        (2, 0.9, 1),
        (3, 0.1, 1),
        (20, 0.1, 2),
        (25, 0.1, 3),
        (10, 0.99, 9),
    ],
)
def test_the_share_holds_in_each_class_and_neither_side_is_empty(count, fraction, validation):
    """2.5 photographs are 3."""
    train, kept = split_within_classes(images("a", count) + images("b", 40), fraction, seed=0)
    assert sum(one.category == "a" for one in kept) == validation
    assert sum(one.category == "a" for one in train) == count - validation


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5, 0.77])
def test_a_photograph_that_is_added_moves_at_most_one_other_and_none_of_another_class(fraction):
    others = images("b", 9)
    moved = []
    before = split_within_classes(images("a", 1) + others, fraction, seed=0)
    for count in range(2, 80):
        after = split_within_classes(images("a", count) + others, fraction, seed=0)
        changed = (names(before[0]) & names(after[1])) | (names(before[1]) & names(after[0]))
        assert {name[0] for name in changed} <= {"a"}
        moved.append(len(changed))
        before = after
    assert max(moved) == 1
    assert 0 in moved


def test_so_many_of_each_class_are_trained_on_and_at_most_so_many_of_the_others_kept():
    """As Caltech-101's splits: 30 and at most 50; of the class of 31, one is left."""
    found = images("a", 31) + images("b", 200)
    train, kept = split_by_number(found, 30, 50, seed=1)
    for category, to_train, to_keep in (("a", 30, 1), ("b", 30, 50)):
        assert sum(one.category == category for one in train) == to_train
        assert sum(one.category == category for one in kept) == to_keep
    assert not names(train) & names(kept)
    assert len(split_by_number(found, 30, None, seed=1)[1]) == 1 + 170
    others = [names(split_by_number(found, 30, 50, seed=seed)[0]) for seed in (2, 3)]
    assert len({frozenset(names(train)), *map(frozenset, others)}) == 3, "each seed is another split"
    with pytest.raises(InputError, match="class 'a': 31 images; expected more than the 31"):
        split_by_number(found, 31, 50, seed=1)


def test_the_order_of_the_files_does_not_matter():
    forward, backward = (
        split_within_classes(files, 0.3, seed=0) for files in (images("a", 30), images("a", 30)[::-1])
    )
    assert names(forward[1]) == names(backward[1])


def test_which_photographs_are_kept_follows_the_seed_and_not_the_order_of_names():
    first, second = (names(split_within_classes(images("a", 100), 0.2, seed)[1]) for seed in (0, 1))
    assert first != second
    ordered = sorted(one.name for one in images("a", 100))
    assert first not in (set(ordered[:20]), set(ordered[-20:]))


def test_each_of_twelve_small_classes_has_a_validation_image(tmp_path):
    classes = "abcdefghijkl"
    said = summary(photographs(tmp_path / "src", classes, 6), tmp_path / "out")
    assert per_class(tmp_path / "out", "validation") == dict.fromkeys(classes, 1)
    assert per_class(tmp_path / "out", "train") == dict.fromkeys(classes, 5)
    assert "note" not in said


def test_classes_without_a_validation_image_are_named(tmp_path):
    source = photographs(tmp_path / "src", "cd", 5)
    photographs(source, "ab", 1)
    said = summary(source, tmp_path / "out")
    assert said["note"] == "no validation image of 2 classes: a, b; add images to have one"
    assert per_class(tmp_path / "out", "train") == {"a": 1, "b": 1, "c": 4, "d": 4}


def test_classes_that_a_folder_for_validation_lacks_are_named(tmp_path):
    photographs(tmp_path / "src" / "train", "abc", 2)
    photographs(tmp_path / "src" / "val", "ab", 1)
    assert "no validation image of 1 class: c;" in summary(tmp_path / "src", tmp_path / "out")["note"]


def test_one_photograph_a_class_is_refused_with_two_ways_out_that_work(tmp_path):
    source = photographs(tmp_path / "src", "abc", 1)
    message = refusal(source, tmp_path / "out")
    assert message == (
        f"{source}: one image in each of 3 classes, so that none is left for validation; expected two in at "
        "least one class; add images, or arrange them as train/CLASS/*.jpg and val/CLASS/*.jpg"
    )
    photograph(source / "b" / "second.jpg")
    summary(source, tmp_path / "first")
    assert per_class(tmp_path / "first", "validation") == {"a": 0, "b": 1, "c": 0}

    photographs(tmp_path / "other" / "train", "abc", 1)
    photographs(tmp_path / "other" / "val", "abc", 1)
    summary(tmp_path / "other", tmp_path / "second")
    assert per_class(tmp_path / "second", "validation") == {"a": 1, "b": 1, "c": 1}


@pytest.mark.parametrize("fraction", ["0.01", "0.1", "0.99"])
def test_three_classes_of_three_are_split_whatever_the_share(tmp_path, fraction):
    source = photographs(tmp_path / "src", "abc", 3)
    summary(source, tmp_path / "out", "--validation-fraction", fraction)
    expected = 2 if fraction == "0.99" else 1
    assert per_class(tmp_path / "out", "validation") == dict.fromkeys("abc", expected)


def test_the_command_takes_their_numbers_and_refuses_what_is_divided(tmp_path):
    source = photographs(tmp_path / "src", "ab", 8)
    summary(source, tmp_path / "out", "--train-per-class", "3", "--most-validation", "4", "--seed", "1")
    assert per_class(tmp_path / "out", "train") == {"a": 3, "b": 3}
    assert per_class(tmp_path / "out", "validation") == {"a": 4, "b": 4}
    assert "give both" in refusal(source, tmp_path / "none", "--most-validation", "4")
    divided = with_validation(tmp_path / "divided")
    assert "divided already, into" in refusal(divided, tmp_path / "none", "--train-per-class", "2")
