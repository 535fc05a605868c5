"""Which folders are splits, which are classes, and what is passed over."""

import errno
import os
from pathlib import Path

import pytest
from helpers.class_folders import manifest, per_class, photograph, photographs, refusal, summary

from components.datasets.folder_names import is_leftover, split_called

LAYOUT = "expected train/CLASS/*.jpg and val/CLASS/*.jpg, or CLASS/*.jpg"


def in_splits(root: Path, train: str, validation: str) -> Path:
    photographs(root / train, "ab", 2)
    photographs(root / validation, "ab", 1)
    return root


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *((name, "train") for name in ("train", "Training", "TRAIN", "training_set", "train images")),
        *((name, "validation") for name in ("val", "Valid", "VALIDATION", "val-data")),
        *((name, "test") for name in ("test", "Testing", "test_set")),
        *((name, None) for name in ("trains", "trainer", "tests", "valley", "contest", "train station", "")),
    ],
)
def test_the_usual_names_of_splits(name, split):
    assert split_called(name) == split


@pytest.mark.parametrize(
    ("train", "validation"),
    [("Train", "Val"), ("training", "testing"), ("train", "valid"), ("TRAINING_SET", "Test_Set")],
)
def test_splits_are_known_by_their_usual_names_and_told(tmp_path, train, validation):
    said = summary(in_splits(tmp_path / "src", train, validation), tmp_path / "out")
    assert said["read from"] == f"{train}/ to train, {validation}/ to validate"
    assert per_class(tmp_path / "out", "train") == {"a": 2, "b": 2}
    assert per_class(tmp_path / "out", "validation") == {"a": 1, "b": 1}


def test_test_is_not_read_where_there_is_val_and_its_images_are_counted(tmp_path):
    source = in_splits(tmp_path / "src", "train", "val")
    photographs(source / "test", "abc", 3)
    photograph(source / "loose.jpg")
    photograph(source / "train" / "loose.jpg")
    said = summary(source, tmp_path / "out")
    assert said["read from"] == "train/ to train, val/ to validate"
    assert said["not read"] == "11 images in test, SRC itself, train: no class folders"
    assert manifest(tmp_path / "out")["outside"] == {"test": 9, ".": 1, "train": 1}


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        (("Train",), "has Train/ and no folder for validation"),
        (("test", "c"), "has test/ and no folder for training"),
        (("val", "test"), "has val/ and test/ and no folder for training"),
        (("train", "Train", "val"), "has Train/ and train/ for one split"),
        (("train", "val", "validation"), "has val/ and validation/ for one split"),
    ],
)
def test_splits_that_are_not_a_pair_are_refused(tmp_path, folders, found):
    for folder in folders:
        photographs(tmp_path / "src" / folder, "ab", 2)
    message = refusal(tmp_path / "src", tmp_path / "out")
    assert found in message
    assert LAYOUT in message


def test_splits_within_the_classes_are_refused(tmp_path):
    source = tmp_path / "src"
    for name in "ab":
        photographs(source / name, ("train", "test"), 2)
    assert "a/ holds train/ and test/; expected" in refusal(source, tmp_path / "out")


def test_an_archives_own_folder_is_not_taken_for_a_class(tmp_path):
    in_splits(tmp_path / "one" / "flowers", "train", "val")
    assert f"name {tmp_path}/one/flowers in its place" in refusal(tmp_path / "one", tmp_path / "out")
    photographs(tmp_path / "two" / "flowers", "abc", 2)
    assert f"name {tmp_path}/two/flowers in its place" in refusal(tmp_path / "two", tmp_path / "out")


def test_images_of_folders_below_a_class_are_its_own_and_told(tmp_path):
    source = photographs(tmp_path / "src", "ab", 2)
    photographs(source / "b", ("dark", "light"), 3)
    said = summary(source, tmp_path / "out")
    assert said["nested"] == "6 images in b/dark, b/light: taken as the class folder's own"
    splits = manifest(tmp_path / "out")["splits"]
    assert sum(splits[name]["per_class"]["b"] for name in splits) == 8


@pytest.mark.parametrize(
    "name", ["@eaDir", "__MACOSX", ".thumbnails", ".picasaoriginals", "$RECYCLE.BIN", "lost+found"]
)
def test_other_programs_folders_are_no_classes_and_no_part_of_one(tmp_path, name):
    assert is_leftover(name)
    source = photographs(tmp_path / "src", "ab", 2)
    for folder in (source, source / "a", source / "a" / "deep"):
        photographs(folder / name, "c", 1)
    said = summary(source, tmp_path / "out")
    assert said["classes"] == "2: a, b"
    assert said["train"] == "2 images in 2 shards"
    assert said["passed over"] == f"3 images in {name}: hidden, or another program's"


def test_copies_of_a_mac_and_thumbs_db_are_passed_over(tmp_path):
    source = photographs(tmp_path / "src", "ab", 2)
    (source / "a" / "._0.jpg").write_bytes(b"\0\5\x16\7")
    (source / "a" / "Thumbs.db").touch()
    summary(source, tmp_path / "out")
    made = manifest(tmp_path / "out")
    assert (made["leftovers"], made["other_files"]) == ({"hidden files": 1}, {".db": 1})
    assert made["unreadable"] == []


def test_a_folder_below_a_class_that_cannot_be_read_is_not_passed_over(tmp_path, monkeypatch):
    source = photographs(tmp_path / "src", "ab", 2)
    photographs(source / "a", "c", 2)

    listed = os.scandir

    def scandir(path):  # root may read all
        if Path(path) == source / "a" / "c":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    message = refusal(source, tmp_path / "out")
    assert message.startswith(f"{source}/a/c: Permission denied; expected a readable folder")
