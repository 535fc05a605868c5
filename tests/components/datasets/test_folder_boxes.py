"""Annotations of photographs in folders: which of them are read, what is wrong with them, where boxes lie."""

import io

import numpy as np
import pytest
from helpers.class_folders import features, manifest, photographs, refusal, run, summary, with_validation
from helpers.drawn_boxes import drawn
from helpers.voc_xml import annotate
from PIL import Image

SIZE = (16, 12)  # of helpers.class_folders.photograph
SIDES = ("xmin", "ymin", "xmax", "ymax")


def boxes(feature) -> list[tuple]:
    """(label, left, top, right, bottom) in a record."""
    sides = [feature[f"image/object/bbox/{side}"].float_list.value for side in SIDES]
    labels = feature["image/object/bbox/label"].int64_list.value
    return [(label, *np.round(each, 4).tolist()) for label, *each in zip(labels, *sides, strict=True)]


def lines(source, out, *options) -> list[str]:
    result = run(source, out, *options)
    assert result.exit_code == 0, result.output
    return [line[12:] for line in result.stdout.splitlines()]


def test_annotations_beside_the_photographs(tmp_path):
    """The box from the fifth pixel to the eighth of 16, and from the first to the sixth of 12."""
    source = photographs(tmp_path / "in", "ab", 2)
    annotate(source / "a/0.xml", SIZE, ("a", (5, 1, 8, 6)), ("b", (1, 1, 16, 12)))
    annotate(source / "b/1.XML", SIZE, ("b", (1, 7, 16, 12)))
    told = lines(source, tmp_path / "out")
    assert "PASCAL VOC's XML, read beside the photographs" in told
    assert "without an annotation: 2 photographs: a/1.jpg, b/0.jpg" in told
    assert not any("by suffix" in line for line in told)
    stored = [boxes(one) for split in ("train", "validation") for one in records(tmp_path / "out", split)]
    assert sorted(each for each in stored if each) == [
        [(1, 0.25, 0.0, 0.5, 0.5), (2, 0.0, 0.0, 1.0, 1.0)],
        [(2, 0.0, 0.5, 1.0, 1.0)],
    ]
    splits = manifest(tmp_path / "out")["splits"]
    assert sum(split["with_boxes"] for split in splits.values()) == 2


def records(out, split) -> list:
    import tensorflow as tf

    files = sorted(tf.io.gfile.glob(f"{out}/{split}-*-of-*"))
    found = tf.data.TFRecordDataset(files).as_numpy_iterator()
    return [tf.train.Example.FromString(record).features.feature for record in found]


@pytest.mark.parametrize(
    ("place", "read"),
    [
        ("Annotations/a/0.xml", "Annotations/"),
        ("Annotations/train/a/0.xml", "Annotations/"),
        ("train/annotations/a/0.xml", "train/annotations/"),
        ("train/a/Annotations/0.xml", "train/a/Annotations/"),
    ],
)
def test_a_folder_of_annotations_is_no_class(tmp_path, place, read):
    source = with_validation(tmp_path / "in")
    annotate(source / place, SIZE, ("a", (1, 1, 8, 12)))
    annotate(source / place.replace("0.xml", "1.xml"), SIZE, ("a", (1, 1, 16, 12)))
    told = lines(source, tmp_path / "out")
    assert f"PASCAL VOC's XML, read from {read}" in told
    train = [boxes(one) for one in records(tmp_path / "out", "train")]
    found = sorted(each for each in train if each)
    where = manifest(tmp_path / "out")["boxes"]
    if place == "Annotations/a/0.xml":  # val/a/0.jpg ends so, too: it is nobody's
        assert where["spare"] == ["Annotations/a/0.xml"]
        assert found == [[(1, 0.0, 0.0, 1.0, 1.0)]]
    else:
        assert where["spare"] == []
        assert found == [[(1, 0.0, 0.0, 0.5, 1.0)], [(1, 0.0, 0.0, 1.0, 1.0)]]
    assert manifest(tmp_path / "out")["synsets"] == ["a", "b"]


def test_of_two_readings_the_one_beside_them_is_taken_and_told(tmp_path):
    source = photographs(tmp_path / "in", "ab", 2)
    annotate(source / "a/0.xml", SIZE, ("a", (1, 1, 8, 12)))
    annotate(source / "Annotations/a/0.xml", SIZE, ("a", (1, 1, 16, 12)))
    told = lines(source, tmp_path / "out")
    assert "PASCAL VOC's XML, read beside the photographs" in told
    assert "not read: 1 file in folders: Annotations/a/0.xml" in told
    stored = [boxes(one) for one in records(tmp_path / "out", "*")]
    assert [each for each in stored if each] == [[(1, 0.0, 0.0, 0.5, 1.0)]]


def test_what_is_wrong_is_counted_and_not_used(tmp_path):
    source = photographs(tmp_path / "in", "ab", 6)
    (source / "a/0.xml").write_text("<annotation>")
    annotate(source / "a/1.xml", (17, 12), ("a", (1, 1, 8, 12)))
    annotate(source / "a/2.xml", SIZE, ("a", (1, 1, 20, 12)), ("a", (0, 0, 8, 12)), ("a", (40, 1, 50, 12)))
    annotate(source / "a/3.xml", SIZE, ("person", (1, 1, 8, 12)), ("a", (8, 1, 5, 12)))
    annotate(source / "a/4.xml", SIZE, ("b", (1, 1, 8, 12)))
    annotate(source / "a/other.xml", SIZE)
    told = lines(source, tmp_path / "out")
    found = manifest(tmp_path / "out")["boxes"]
    assert [one["file"] for one in found["wrong"]] == ["a/0.xml", "a/1.xml"]
    assert found["wrong"][0]["reason"].startswith("is no XML")
    assert found["wrong"][1]["reason"] == "is of 17 x 12 pixels, and a/1.jpg has 16 x 12"
    assert [(one["file"], one["reason"]) for one in found["wrong_boxes"]] == [
        ("a/2.xml", "box 1, 1 1 20 12 of 16 x 12 pixels, reaches beyond the image: cut off there"),
        ("a/2.xml", "box 3, 40 1 50 12 of 16 x 12 pixels, lies outside the image: left out"),
        ("a/3.xml", "box 2, 8 1 5 12 of 16 x 12 pixels, has its sides the wrong way round: left out"),
    ]
    assert found["unknown"] == {"person": 1}
    assert found["without_own"] == ["a/3.jpg", "a/4.jpg"]
    assert found["spare"] == ["a/other.xml"]
    assert "2 annotations not used, listed with the reasons in dataset.json:" in told
    assert "3 wrong boxes, listed with the reasons in dataset.json:" in told
    assert "left out: 1 object of no class of the data: person" in told
    assert "of no photograph, or of several: 1 file: a/other.xml" in told
    stored = sorted(boxes(one) for one in records(tmp_path / "out", "*"))
    assert [each for each in stored if each] == [
        [(1, 0.0, 0.0, 1.0, 1.0), (1, 0.0, 0.0, 0.5, 1.0)],
        [(2, 0.0, 0.0, 0.5, 1.0)],
    ]
    refused = refusal(source, tmp_path / "strict", "--strict")
    assert refused.startswith("2 annotations that cannot be used and 3 wrong boxes (a/0.xml: is no XML")


def test_other_xml_is_passed_over_as_ever(tmp_path):
    source = photographs(tmp_path / "in", "ab", 2)
    (source / "a/Thumbs.xml").write_text("<thumbs/>")
    told = summary(source, tmp_path / "out")
    assert "boxes" not in told
    assert told["passed over"] == "1 file by suffix: .xml"
    assert "annotations_sha256" not in manifest(tmp_path / "out")["parameters"]


def test_another_box_is_another_data_set(tmp_path):
    source = photographs(tmp_path / "in", "ab", 2)
    annotate(source / "a/0.xml", SIZE, ("a", (1, 1, 8, 12)))
    lines(source, tmp_path / "out")
    assert "already there: the same data set, left untouched" in run(source, tmp_path / "out").stdout
    annotate(source / "a/0.xml", SIZE, ("a", (1, 1, 10, 12)))
    assert "annotations differ" in str(run(source, tmp_path / "out").exception)


@pytest.mark.parametrize("smaller", [(), ("--shorter-side", "32")], ids=["as they are", "smaller"])
@pytest.mark.parametrize("shown", [False, True])
def test_boxes_lie_round_what_is_drawn_however_exif_turns_it(tmp_path, shown, smaller):
    """The white rectangle is found again in the pixels of what is stored."""
    source, truth = tmp_path / "in", (0.25, 0.5, 0.625, 0.875)
    for orientation in (1, 6, 8, 5, 7):
        path = source / "ab"[orientation % 2] / f"{orientation}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn(120, 80, truth, orientation, "JPEG"))
        size, corners = (120, 80), (31, 41, 75, 70)
        if shown and orientation > 1:
            upright = np.asarray(transposed(path)) > 150
            size, corners = upright.shape[1::-1], found_corners(upright[..., 0])
        annotate(path.with_suffix(".xml"), size, ("ab"[orientation % 2], corners))
    told = lines(source, tmp_path / "out", *smaller)
    how = "as they are shown" if shown else "as they are stored"
    assert f"4 photographs that EXIF turns: boxes taken {how}, by the annotation's size" in told
    stored = features(tmp_path / "out")
    assert len(stored) == 5
    for name, one in stored.items():
        pixels = np.asarray(Image.open(io.BytesIO(one["image/encoded"].bytes_list.value[0])))[..., 0] > 150
        height, width = pixels.shape
        assert min(height, width) == (32 if smaller else 80), name
        ((_, *box),) = boxes(one)
        left, top, right, bottom = found_corners(pixels)
        expected = [(left - 1) / width, (top - 1) / height, right / width, bottom / height]
        np.testing.assert_allclose(box, expected, atol=1.5 / 32 if smaller else 1.1 / 80, err_msg=name)


def transposed(path) -> Image.Image:
    from PIL import ImageOps

    return ImageOps.exif_transpose(Image.open(path))


def found_corners(bright: np.ndarray) -> tuple[int, ...]:
    """As VOC counts: from 1, the last pixel inside."""
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    return tuple(int(each) + 1 for each in (columns[0], rows[0], columns[-1], rows[-1]))
