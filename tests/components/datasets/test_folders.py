import io
from pathlib import Path

import pytest
import tensorflow as tf
from helpers.class_folders import (
    features,
    manifest,
    photograph,
    photographs,
    refusal,
    run,
    value,
    with_validation,
)
from PIL import Image

from models.errors import InputError

FLOWERS = Path(__file__).parents[4] / "shared" / "data" / "flowers"


def test_classes_are_the_folders_in_alphabetical_order(tmp_path):
    for name in ("cat", "ant", "bee"):
        photograph(tmp_path / "src" / "train" / name / f"{name}.jpg")
        photograph(tmp_path / "src" / "validation" / name / f"{name}.jpg")
    assert run(tmp_path / "src", tmp_path / "out").exit_code == 0
    for label, name in enumerate(("ant", "bee", "cat"), start=1):
        example = features(tmp_path / "out", "train")[f"{name}.jpg"]
        assert value(example["image/class/label"]) == label
        assert value(example["image/class/synset"]) == value(example["image/class/text"]) == name.encode()
    assert manifest(tmp_path / "out")["class_names"] == ["ant", "bee", "cat"]


def test_bytes_are_kept_and_the_keys_are_true(tmp_path):
    source = with_validation(tmp_path / "src")
    grey = photograph(source / "train" / "a" / "grey.JPEG", "L")
    png = photograph(source / "train" / "a" / "clear.PNG", "RGBA", "PNG")
    misnamed = photograph(source / "train" / "b" / "misnamed.JPEG", "RGB", "PNG")
    run(source, tmp_path / "out")
    found = features(tmp_path / "out", "train")
    for path, kind, space, channels in (
        (grey, b"JPEG", b"Grayscale", 1),
        (png, b"PNG", b"RGB", 4),
        (misnamed, b"PNG", b"RGB", 3),
    ):
        example = found[path.name]
        assert value(example["image/encoded"]) == path.read_bytes()
        assert value(example["image/format"]) == kind
        assert value(example["image/colorspace"]) == space
        assert value(example["image/channels"]) == channels
        assert (value(example["image/height"]), value(example["image/width"])) == (12, 16)
        assert "image/object/bbox/xmin" not in example


def test_cmyk_becomes_rgb_and_the_manifest_says_so(tmp_path):
    source = with_validation(tmp_path / "src")
    photograph(source / "train" / "a" / "print.jpg", "CMYK")
    result = run(source, tmp_path / "out")
    example = features(tmp_path / "out", "train")["print.jpg"]
    assert Image.open(io.BytesIO(value(example["image/encoded"]))).mode == "RGB"
    assert value(example["image/channels"]) == 3
    changed = manifest(tmp_path / "out")["splits"]["train"]["changed"]
    assert changed == [{"file": "print.jpg", "reason": "CMYK, re-encoded as RGB JPEG of quality 100"}]
    assert "1 file, listed" in result.output


def test_pixels_are_stored_as_in_the_file_whatever_exif_says(tmp_path):
    source = with_validation(tmp_path / "src")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (16, 12)).save(source / "train" / "a" / "turned.jpg", exif=exif)
    run(source, tmp_path / "out")
    example = features(tmp_path / "out", "train")["turned.jpg"]
    assert (value(example["image/height"]), value(example["image/width"])) == (12, 16)


def test_what_is_written_anew_lies_as_its_viewer_shows_it(tmp_path):
    source = with_validation(tmp_path / "src")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("CMYK", (16, 12)).save(source / "train" / "a" / "turned.jpg", exif=exif)
    run(source, tmp_path / "out")
    example = features(tmp_path / "out", "train")["turned.jpg"]
    assert Image.open(io.BytesIO(value(example["image/encoded"]))).size == (12, 16)
    assert (value(example["image/height"]), value(example["image/width"])) == (16, 12)


def test_unreadable_files_are_listed_with_the_reason(tmp_path):
    source = with_validation(tmp_path / "src")
    whole = photograph(source / "train" / "a" / "cut.jpg").read_bytes()
    (source / "train" / "a" / "cut.jpg").write_bytes(whole[:-60])
    (source / "train" / "b" / "text.jpg").write_text("no image")
    (source / "train" / "b" / "gone.jpg").symlink_to("nowhere")
    Image.new("RGB", (4, 4)).save(source / "val" / "b" / "moving.png", "GIF")
    result = run(source, tmp_path / "out")
    assert result.exit_code == 0
    made = manifest(tmp_path / "out")
    reasons = {one["file"]: one["reason"] for one in made["unreadable"]}
    assert reasons.keys() == {"train/a/cut.jpg", "train/b/text.jpg", "train/b/gone.jpg", "val/b/moving.png"}
    assert "truncated" in reasons["train/a/cut.jpg"]
    assert reasons["train/b/text.jpg"] == "is no image"
    assert "No such file" in reasons["train/b/gone.jpg"]
    assert reasons["val/b/moving.png"] == "is GIF, expected JPEG or PNG"
    for file, reason in reasons.items():
        assert f"unreadable: {file}: {reason}" in result.output
    assert made["splits"]["train"]["images"] == 6


def test_strict_refuses_unreadable_files_also_in_a_data_set_that_is_there(tmp_path):
    source = with_validation(tmp_path / "src")
    (source / "train" / "a" / "text.jpg").write_text("no image")
    assert "1 unreadable" in refusal(source, tmp_path / "out", "--strict")
    assert run(source, tmp_path / "out").exit_code == 0
    again = run(source, tmp_path / "out", "--strict")
    assert isinstance(again.exception, InputError)
    assert "unreadable: train/a/text.jpg" in again.output


def test_a_class_without_a_readable_training_image_is_an_error(tmp_path):
    source = with_validation(tmp_path / "src", "abc")
    for path in (source / "train" / "b").iterdir():
        path.write_text("no image")
    assert "class 'b'" in refusal(source, tmp_path / "out")


def test_another_seed_makes_another_split_and_order(tmp_path):
    source = photographs(tmp_path / "src", count=20)
    for seed in ("0", "1"):
        run(source, tmp_path / seed, "--seed", seed, "--validation-fraction", "0.3")
    first, second = (
        [value(one["image/encoded"]) for one in features(tmp_path / seed, "validation").values()]
        for seed in ("0", "1")
    )
    assert set(first) != set(second)


def test_training_images_are_shuffled(tmp_path):
    source = photographs(tmp_path / "src", count=20)
    run(source, tmp_path / "out")
    records = tf.data.TFRecordDataset(str(tmp_path / "out" / "train-00000-of-00002"))
    examples = [tf.train.Example.FromString(record.numpy()) for record in records]
    labels = [value(one.features.feature["image/class/label"]) for one in examples]
    assert labels != sorted(labels)
    assert set(labels) == {1, 2}


def test_the_number_of_shards_can_be_chosen(tmp_path):
    source = with_validation(tmp_path / "src")
    run(source, tmp_path / "out", "--train-shards", "3", "--validation-shards", "2")
    assert len(list((tmp_path / "out").glob("train-*-of-00003"))) == 3
    assert len(list((tmp_path / "out").glob("validation-*-of-00002"))) == 2
    assert "fewer shards" in refusal(source, tmp_path / "other", "--validation-shards", "3")


def test_a_class_list_fixes_the_labels(tmp_path):
    source = with_validation(tmp_path / "src", "ca")
    (tmp_path / "list.tsv").write_text("c\tgrey cat\nb\tbee\na\n")
    run(source, tmp_path / "out", "--class-list", str(tmp_path / "list.tsv"))
    examples = features(tmp_path / "out", "train").values()
    found = {(value(one["image/class/label"]), value(one["image/class/text"])) for one in examples}
    assert found <= {(1, b"grey cat"), (3, b"a")}
    assert manifest(tmp_path / "out")["synsets"] == ["c", "b", "a"]
    assert manifest(tmp_path / "out")["splits"]["train"]["per_class"] == {"c": 3, "b": 0, "a": 3}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("a\nd\n", "folder 'b'"),
        ("a\nb\na\n", "line 1: 'a' is there twice"),
        ("a\n\nb\n", "line 2: is empty"),
        ("", "is empty"),
    ],
)
def test_a_class_list_that_does_not_fit_is_refused(tmp_path, lines, expected):
    (tmp_path / "list.tsv").write_text(lines)
    source = with_validation(tmp_path / "src")
    assert expected in refusal(source, tmp_path / "out", "--class-list", str(tmp_path / "list.tsv"))


def test_one_class_needs_a_list_that_names_it(tmp_path):
    """One folder may also be a folder too many above those of the classes."""
    source = with_validation(tmp_path / "src", "a")
    assert "1 class folder; expected at least 2" in refusal(source, tmp_path / "out")
    (tmp_path / "list.tsv").write_text("a\tan apple\n")
    made = run(source, tmp_path / "out", "--class-list", str(tmp_path / "list.tsv"))
    assert made.exit_code == 0, made.output
    assert manifest(tmp_path / "out")["class_names"] == ["an apple"]


def test_a_layout_that_cannot_be_understood_is_refused(tmp_path):
    expected = "expected train/CLASS/*.jpg and val/CLASS/*.jpg, or CLASS/*.jpg"
    assert expected in refusal(tmp_path / "nowhere", tmp_path / "out")
    assert expected in refusal(photographs(tmp_path / "half" / "train").parent, tmp_path / "out")
    photograph(tmp_path / "flat" / "a.jpg")
    assert expected in refusal(tmp_path / "flat", tmp_path / "out")


def test_the_data_set_may_not_lie_among_the_photographs(tmp_path):
    source = with_validation(tmp_path / "src")
    assert "outside" in refusal(source, source / "out")


def test_links_are_followed_and_other_files_are_counted(tmp_path):
    source = with_validation(tmp_path / "src", "a")
    photographs(tmp_path / "elsewhere", ("train", "val"))
    for split in ("train", "val"):
        (source / split / "b").symlink_to(tmp_path / "elsewhere" / split)
    (source / "train" / "a" / "loop").symlink_to(source / "train" / "a")
    (source / "train" / "a" / "notes.txt").write_text("")
    (source / "train" / "a" / ".hidden.jpg").write_text("")
    result = run(source, tmp_path / "out")
    assert manifest(tmp_path / "out")["splits"]["train"]["per_class"] == {"a": 3, "b": 4}
    assert manifest(tmp_path / "out")["other_files"] == {".txt": 1}
    assert "1 file by suffix: .txt" in result.output


def test_the_same_folders_are_left_untouched_and_changed_ones_refused(tmp_path):
    source, out = with_validation(tmp_path / "src"), tmp_path / "out"
    run(source, out)
    before = {path: path.stat().st_mtime_ns for path in (out, *out.iterdir())}
    assert "already there" in run(source, out).output
    photograph(source / "train" / "a" / "new.jpg")
    refused = run(source, out)
    assert isinstance(refused.exception, InputError)
    assert "another data set (files differ)" in str(refused.exception)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.skipif(not FLOWERS.is_dir(), reason="needs the photographs of ../shared/data/flowers")
def test_real_photographs(tmp_path):
    result = run(FLOWERS, tmp_path / "out")
    assert "498 images in 2 shards" in result.output
    assert "200 images in 1 shard" in result.output
    assert manifest(tmp_path / "out")["class_names"] == [
        "daisy",
        "dandelion",
        "roses",
        "sunflowers",
        "tulips",
    ]
