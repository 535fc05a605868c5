"""Class names: what a folder's name becomes, and names that are nearly the same."""

import unicodedata
from pathlib import Path

import pytest
from helpers.class_folders import features, manifest, photographs, refusal, summary, value

from components.datasets.class_names import class_name

NFC, NFD = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("rose\nred", "rose red"),
        ("rose\t\r\n red ", "rose red"),
        ("rose\u2028red\x85\x1c", "rose red"),
        ("a\x00b\x7f", "a b"),
        (NFD, NFC),
        ("Straße 7, Käfer", "Straße 7, Käfer"),
        (" \n", ""),
    ],
)
def test_a_name_is_one_line_in_nfc(written, name):
    assert class_name(written) == name
    assert class_name(name) == name


def test_a_line_break_in_a_folders_name_becomes_a_space_and_is_told(tmp_path):
    source = photographs(tmp_path / "src", ("a", "rose\nred\t"), 2)
    said = summary(source, tmp_path / "out")
    assert said["note"] == r"class 'rose red' is the folder 'rose\nred\t'"
    names = {value(one["image/class/text"]) for one in features(tmp_path / "out").values()}
    assert names <= {b"a", b"rose red"}
    assert manifest(tmp_path / "out")["class_names"] == ["a", "rose red"]
    assert manifest(tmp_path / "out")["class_folders"] == {"rose red": ["rose\nred\t"]}


def test_a_name_without_anything_to_see_is_refused(tmp_path):
    source = photographs(tmp_path / "src", ("a", "\n"), 2)
    assert r"called '\n'; expected a name that can be read" in refusal(source, tmp_path / "out")


@pytest.mark.parametrize("class_list", [None, NFC, NFD])
def test_both_normal_forms_of_a_name_are_one_class(tmp_path, class_list):
    """As where training comes from Linux and validation from a Mac."""
    source = tmp_path / "src"
    photographs(source / "train", ("a", NFC), 2)
    photographs(source / "val", ("a", NFD), 1)
    options = []
    if class_list:
        (tmp_path / "list").write_text(f"a\n{class_list}\tcoffee\n")
        options = ["--class-list", str(tmp_path / "list")]
    said = summary(source, tmp_path / "out", *options)
    assert said["note"] == f"class '{NFC}' is the folders '{NFD}' (NFD) and '{NFC}'"
    splits = manifest(tmp_path / "out")["splits"]
    assert splits["train"]["per_class"] == {"a": 2, NFC: 2}
    assert splits["validation"]["per_class"] == {"a": 1, NFC: 1}


def test_names_that_differ_only_in_case_are_refused(tmp_path):
    source = tmp_path / "src"
    photographs(source / "train", ("Cat", "dog", "Ärger"), 2)
    photographs(source / "val", ("cat", "dog", unicodedata.normalize("NFD", "ärger")), 1)
    message = refusal(source, tmp_path / "out")
    assert message.startswith("class folders 'Cat' and 'cat': differ only in case (as do 1 more)")
    assert "--class-list" in message


def test_names_that_differ_only_in_case_are_two_classes_where_a_list_names_both(tmp_path):
    source = photographs(tmp_path / "src", ("Cat", "cat"), 2)
    (tmp_path / "list").write_text("cat\nCat\n")
    said = summary(source, tmp_path / "out", "--class-list", str(tmp_path / "list"))
    assert said["note"] == "classes 'Cat' and 'cat' differ only in case"
    assert manifest(tmp_path / "out")["synsets"] == ["cat", "Cat"]


def test_a_list_with_the_name_in_another_case_is_named_as_the_reason(tmp_path):
    source = photographs(tmp_path / "src", ("Cat", "dog"), 2)
    (tmp_path / "list").write_text("dog\ncat\n")
    message = refusal(source, tmp_path / "out", "--class-list", str(tmp_path / "list"))
    assert "folder 'Cat': not in" in message
    assert "one of them 'cat', which differs only in case" in message


def test_two_spellings_of_one_name_in_a_list_are_refused(tmp_path: Path):
    source = photographs(tmp_path / "src", ("a", NFC), 2)
    (tmp_path / "list").write_text(f"{NFC}\na\n{NFD}\n")
    assert "is there twice" in refusal(source, tmp_path / "out", "--class-list", str(tmp_path / "list"))
