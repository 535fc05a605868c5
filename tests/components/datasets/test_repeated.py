"""The same photograph more than once."""

import shutil

import pytest
from helpers.class_folders import (
    features,
    manifest,
    per_class,
    photograph,
    photographs,
    refusal,
    run,
    summary,
)
from PIL import Image

from components.datasets.inspection import Photograph
from components.datasets.repeated import without_repeated


def looks(name: str, pixels: int) -> Photograph:
    category = name.split("/")[-2]
    return Photograph(path=None, name=name, category=category, stamp="", pixels=(1, 1, pixels))


def names(photographs) -> list[str]:
    return [one.name for one in photographs]


@pytest.mark.parametrize(
    ("train", "validation", "kept_train", "kept_validation", "kinds"),
    [
        ({"t/a/1": 1, "t/a/2": 2}, {"v/a/3": 3}, ["t/a/1", "t/a/2"], ["v/a/3"], {}),
        ({"t/a/copy": 1, "t/a/b": 1}, {}, ["t/a/b"], [], {"t/a/copy": "in one class"}),
        ({}, {"v/a/1": 1, "v/a/2": 1}, [], ["v/a/1"], {"v/a/2": "in one class"}),
        ({"t/a/1": 1, "t/a/2": 2}, {"v/a/3": 1}, ["t/a/2"], ["v/a/3"], {"t/a/1": "in both splits"}),
        (
            {"t/a/1": 1, "t/a/2": 1},
            {"v/a/3": 1, "v/a/4": 1},
            [],
            ["v/a/3"],
            {"t/a/1": "in both splits", "t/a/2": "in both splits", "v/a/4": "in one class"},
        ),
        (
            {"t/a/1": 1, "t/b/1": 1, "t/b/2": 2},
            {},
            ["t/b/2"],
            [],
            {"t/a/1": "in two classes", "t/b/1": "in two classes"},
        ),
        (
            {"t/a/1": 1, "t/a/2": 1},
            {"v/b/1": 1},
            [],
            [],
            {"t/a/1": "in two classes", "t/a/2": "in two classes", "v/b/1": "in two classes"},
        ),
    ],
)
def test_which_are_left_out(train, validation, kept_train, kept_validation, kinds):
    sources = ([looks(*one) for one in split.items()] for split in (train, validation))
    left_train, left_validation, repeated = without_repeated(*sources)
    assert (names(left_train), names(left_validation)) == (kept_train, kept_validation)
    assert {one.file: one.kind for one in repeated} == kinds


def test_each_reason_names_another_file():
    *_, repeated = without_repeated(
        [looks("t/a/1", 1), looks("t/a/12", 1), looks("t/b/1", 2)], [looks("v/c/1", 2)]
    )
    assert {one.file: one.reason for one in repeated} == {
        "t/a/12": "is t/a/1 again",
        "t/b/1": "is v/c/1, of another class",
        "v/c/1": "is t/b/1, of another class",
    }


def test_a_photograph_is_known_by_its_pixels_whatever_its_exif_and_its_form(tmp_path):
    source = photographs(tmp_path / "src", "ab", 3)
    photograph(source / "a" / "x.png", kind="PNG", seed=1)
    other = photograph(source / "a" / "other form.png", kind="PNG", seed=1, compress_level=0)
    assert other.read_bytes() != (source / "a" / "x.png").read_bytes()
    lying = Image.open(other).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    lying.save(source / "a" / "on its side.png", exif=exif)
    lying.save(source / "a" / "turned.png")
    said = summary(source, tmp_path / "out")
    made = manifest(tmp_path / "out")
    assert {one["file"] for one in made["repeated"]} == {"a/other form.png", "a/on its side.png"}
    assert said["repeated"].startswith("2 photographs in one class twice, kept once: ")
    assert {"x.png", "turned.png"} <= features(tmp_path / "out").keys()


def test_pictures_of_one_colour_are_the_same_only_in_the_same_size(tmp_path):
    source = photographs(tmp_path / "src", "ab", 3)
    for width, height in ((4, 6), (6, 4), (24, 1)):
        Image.new("RGB", (width, height)).save(source / "a" / f"{width} x {height}.png")
    summary(source, tmp_path / "out")
    assert manifest(tmp_path / "out")["repeated"] == []


def test_a_photograph_of_both_splits_is_validated_on_and_not_trained_on(tmp_path):
    source = tmp_path / "src"
    photographs(source / "train", "ab", 3)
    photographs(source / "val", "ab", 2)
    shutil.copy(source / "val" / "a" / "0.jpg", source / "train" / "a" / "again.jpg")
    said = summary(source, tmp_path / "out")
    assert said["repeated"] == "1 photograph in both splits, left out of training: train/a/again.jpg"
    assert per_class(tmp_path / "out", "train") == {"a": 3, "b": 3}
    assert per_class(tmp_path / "out", "validation") == {"a": 2, "b": 2}


def test_copies_do_not_come_into_both_sides_of_the_split_within_a_class(tmp_path):
    source = photographs(tmp_path / "src", "ab", 4)
    for name in "ab":
        for index in range(4):
            shutil.copy(source / name / f"{index}.jpg", source / name / f"copy of {index}.jpg")
    run(source, tmp_path / "out", "--validation-fraction", "0.5")
    assert (
        per_class(tmp_path / "out", "train") == per_class(tmp_path / "out", "validation") == {"a": 2, "b": 2}
    )


def test_a_class_whose_photographs_are_all_of_another_class_too_is_refused(tmp_path):
    source = photographs(tmp_path / "src", "ab", 3)
    shutil.copytree(source / "b", source / "c")
    message = refusal(source, tmp_path / "out")
    assert "class 'b': no readable image to train on (b/0.jpg is c/0.jpg, of another class)" in message
    assert message.endswith(
        "add images or remove the folder, or store them all the same with --keep-repeated"
    )


def test_all_are_kept_where_that_is_asked_for_and_counted(tmp_path):
    """A trial of a machine trains and tests on the same photographs."""
    source = tmp_path / "src"
    photographs(source / "train", "ab", 3)
    shutil.copy(source / "train" / "a" / "0.jpg", source / "train" / "b" / "x.jpg")
    (source / "val").symlink_to("train")
    said = summary(source, tmp_path / "out", "--keep-repeated", "--strict")
    assert per_class(tmp_path / "out", "train") == per_class(tmp_path / "out", "validation")
    assert per_class(tmp_path / "out", "train") == {"a": 3, "b": 4}
    assert said["repeated"].startswith("5 photographs in both splits, stored all the same: train/a/1.jpg, ")
    refused = run(source, tmp_path / "out")
    assert "keep_repeated is True there and False here" in str(refused.exception)


def test_strict_refuses_what_is_there_twice(tmp_path):
    source = photographs(tmp_path / "src", "ab", 3)
    shutil.copy(source / "a" / "0.jpg", source / "b" / "x.jpg")
    message = refusal(source, tmp_path / "out", "--strict")
    assert "0 unreadable files and 2 photographs that are there twice" in message
    assert "a/0.jpg is b/x.jpg, of another class" in message


def test_strict_names_what_is_there_twice_also_where_that_leaves_a_class_empty(tmp_path):
    source = photographs(tmp_path / "src", "ab", 3)
    shutil.copytree(source / "b", source / "c")
    assert "6 photographs that are there twice" in refusal(source, tmp_path / "out", "--strict")
