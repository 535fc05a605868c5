"""A data set with a record of every kind, in both layouts: each figure counted by hand, pixels by Pillow."""

import io
from pathlib import Path

import numpy as np
import pytest
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from helpers.record_sets import check, encoded, figures, noise, offsets, record, turned, write
from PIL import Image, ImageOps
from tfx_bsl.public.tfxio import TFExampleBeamRecord

from components.datasets.layouts import IMAGENET, TFDS, Layout
from components.evaluation.model_evaluation import local_pipeline
from components.ingestion import transform
from components.ingestion.schema import written_schema

pytestmark = pytest.mark.beam

WHOLE = {
    "rgb.jpg": (0, encoded(noise(1, 30, 40))),
    "wide.jpg": (0, encoded(noise(2, 20, 100))),
    "grey.jpg": (1, encoded(noise(3), mode="L")),
    "cmyk.jpg": (1, encoded(noise(4), mode="CMYK")),
    "rgb.png": (1, encoded(noise(5, 64, 50), "PNG")),
    "alpha.png": (2, encoded(noise(6), "PNG", "RGBA")),
    "turned.jpg": (2, turned(noise(7, 30, 40), 6)),  # a viewer shows it 40 high and 30 wide
    "upside down.jpg": (2, turned(noise(8), 3)),
    "in both splits.jpg": (0, encoded(noise(9), "PNG")),
    "in one class.jpg": (0, encoded(noise(1, 30, 40), quality=75)),  # as rgb.jpg: 75 is Pillow's own
    "in two classes.jpg": (2, encoded(noise(5, 64, 50), "PNG", compress_level=1)),  # as rgb.png
}
BAD = {
    "text.jpg": (1, b"no image"),
    "cut.jpg": (2, encoded(noise(10, 200, 200))[:-900]),
}
VALIDATION = {
    "validation.jpg": (0, encoded(noise(11))),
    "again.jpg": (0, encoded(noise(9), "PNG", compress_level=1)),
    "fourth class.jpg": (4, encoded(noise(12))),
}
NAMES = {0: ("cat", "n00"), 1: ("dog", "n01"), 2: ("cow", "n02"), 4: ("owl", "n04")}


def records(layout: Layout, photographs: dict) -> list[bytes]:
    return [record(layout, photo, label, name, *NAMES[label]) for name, (label, photo) in photographs.items()]


@pytest.fixture(scope="module", params=[IMAGENET, TFDS], ids=lambda layout: layout.name)
def checked(request, tmp_path_factory):
    """The layout, the command's result, its figures, and the first training shard's records."""
    layout, root = request.param, tmp_path_factory.mktemp("checked")
    first = [*records(layout, WHOLE), *records(layout, BAD), b"\xff\xd8 no example"]
    second = [
        record(layout, encoded(noise(13)), 1, "last.jpg", *NAMES[1]),
        record(layout, b"", -1, "none.jpg"),
    ]
    folder = write(root / "data", layout, train=[first, second], validation=[records(layout, VALIDATION)])
    result = check(folder, root / "out")
    assert result.exception is None, result.output
    return layout, result, figures(root / "out"), first


def place(layout: Layout, shard: str) -> str:
    return shard if layout == IMAGENET else f"imagenet2012-{shard}".replace("-0", ".tfrecord-0", 1)


def test_something_is_wrong(checked):
    assert checked[1].return_value == 4


def test_counts(checked):
    layout, _, found, _ = checked
    assert found["layout"] == layout.name
    train, validation = found["splits"]["train"], found["splits"]["validation"]
    assert (train["shards"], train["records"], train["images"], train["decoded"]) == (2, 16, 14, 12)
    assert (validation["shards"], validation["records"], validation["decoded"]) == (1, 3, 3)
    counts = {one["label"]: (one["train"], one["validation"]) for one in found["classes"]}
    assert counts == {0: (4, 2), 1: (5, 0), 2: (5, 0), 4: (0, 1)}
    names = {one["label"]: (one["name"], one["synset"]) for one in found["classes"]}
    assert names == (NAMES if layout == IMAGENET else dict.fromkeys(NAMES, ("", "")))


def test_what_may_be_meant_so(checked):
    assert checked[2]["remarks"] == [
        "no image of 1 of the labels 0 to 4: 3",
        "no train image of 1 of the 4 labels: 4",
        "no validation image of 2 of the 4 labels: 1, 2",
    ]


def test_sizes_are_of_upright_images(checked):
    """Thirteen of 30 x 40 or 40 x 30, or so; the 20 high one is the lowest, that of 100 the widest."""
    sizes = checked[2]["sizes"]["train"]
    heights = sorted([30, 20, 30, 30, 64, 30, 40, 30, 30, 30, 64, 30])
    assert (sizes["height"]["smallest"], sizes["height"]["largest"]) == (20, 64)
    assert sizes["height"]["mean"] == round(sum(heights) / 12, 1)
    widths = [40, 100, 40, 40, 50, 40, 30, 40, 40, 40, 50, 40]
    assert (sizes["width"]["smallest"], sizes["width"]["largest"]) == (30, 100)
    assert sizes["width"]["mean"] == round(sum(widths) / 12, 1)
    assert (sizes["shorter side"]["smallest"], sizes["shorter side"]["median"]) == (20, 30)
    for side in ("height", "width", "shorter side"):
        assert sum(checked[2]["histograms"][side]["train"]) == 12
        assert sum(checked[2]["histograms"][side]["validation"]) == 3


def test_colours_and_turns(checked):
    assert checked[2]["colour_modes"]["train"] == {
        "JPEG RGB": 7,
        "PNG RGB": 3,
        "JPEG grey": 1,
        "JPEG CMYK": 1,
        "PNG RGB with transparency": 1,
        "unknown": 1,
    }
    assert list(checked[2]["colour_modes"]["train"])[:2] == ["JPEG RGB", "PNG RGB"], "most frequent first"
    assert checked[2]["colour_modes"]["validation"] == {"JPEG RGB": 2, "PNG RGB": 1}
    assert checked[2]["orientations"] == {"train": {"1": 10, "3": 1, "6": 1}, "validation": {"1": 3}}


def test_what_does_not_decode_is_named(checked):
    layout, _, found, first = checked
    where = offsets(first)
    assert [one["place"] for one in found["undecodable"]] == [
        {
            "split": "train",
            "shard": place(layout, "train-00000-of-00002"),
            "record": number,
            "offset": where[number - 1],
            "file": name,
            "label": label,
        }
        for number, name, label in ((12, "text.jpg", 1), (13, "cut.jpg", 2))
    ]
    reasons = [one["what"] for one in found["undecodable"]]
    assert reasons[0] == "is no image"
    assert "truncated" in reasons[1]


def test_what_is_no_example_of_the_layout_is_named(checked):
    layout, _, found, first = checked
    (no_example, no_label), where = found["odd"], offsets(first)
    assert (no_example["place"]["record"], no_example["place"]["offset"]) == (14, where[13])
    assert no_example["what"].startswith("is no tf.Example")
    assert (no_label["place"]["shard"], no_label["place"]["record"]) == (
        place(layout, "train-00001-of-00002"),
        2,
    )
    first_label = layout.first_label
    assert no_label["what"] == f"{layout.label} is {first_label - 1}; expected {first_label} or more"
    assert found["damaged"] == []


def test_repeated_images_of_each_kind(checked):
    found = {
        tuple(sorted(each["file"] for each in one["images"])): one["kinds"] for one in checked[2]["repeated"]
    }
    assert found == {
        ("again.jpg", "in both splits.jpg"): ["in both splits"],
        ("in one class.jpg", "rgb.jpg"): ["in one class"],
        ("in two classes.jpg", "rgb.png"): ["in two classes"],
    }


def test_mean_and_covariance_are_numpys(checked):
    """Over all pixels at once, decoded by Pillow, in float64."""
    photographs = [photo for _, photo in WHOLE.values()] + [encoded(noise(13))]
    images = [Image.open(io.BytesIO(photo)) for photo in photographs]
    pixels = np.concatenate(
        [
            np.asarray(ImageOps.exif_transpose(image).convert("RGB"), np.float64).reshape(-1, 3)
            for image in images
        ]
    )
    assert checked[2]["pixels"] == len(pixels)
    np.testing.assert_allclose(checked[2]["mean_rgb"], pixels.mean(0), rtol=1e-12)
    np.testing.assert_allclose(checked[2]["covariance_rgb"], np.cov(pixels.T, bias=True), rtol=1e-9)


def test_mean_and_covariance_are_transforms(checked, tmp_path):
    """To the last bit of its float32."""
    layout = checked[0]
    photographs = {**WHOLE, **BAD, "last.jpg": (1, encoded(noise(13)))}
    found = _transformed(tmp_path, layout, records(layout, photographs))
    np.testing.assert_array_equal(np.float32(checked[2]["mean_rgb"]), found.mean_rgb)
    np.testing.assert_array_equal(np.float32(checked[2]["covariance_rgb"]), found.covariance_rgb)
    assert (found.images, found.undecodable) == (14, 2)


def test_the_terminal_tells_figures_then_problems(checked):
    lines = checked[1].stdout.splitlines()
    titles = [line[:11].strip() for line in lines]
    assert titles[:3] == ["data", "train", "validation"]
    assert lines[1][12:].startswith("14 images in 2 shards of ")
    assert lines[1].endswith(" MB, 12 decode, 4 to 5 of a class")
    assert titles.index("mean RGB") < titles.index("odd") < titles.index("undecodable") < titles.index("page")
    assert [line[12:].partition(":")[0] for line in lines if line.startswith("repeated")] == [
        "1 image in both splits",
        "1 image in two classes",
        "1 image in one class",
    ]


def test_the_folder_is_whole(checked):
    page = Path(next(line[12:] for line in checked[1].stdout.splitlines() if line.startswith("page")))
    assert {each.name for each in page.parent.iterdir()} == {"index.html", "check.json", "sheets"}
    assert {each.name for each in (page.parent / "sheets").iterdir()} == {
        *("0.jpg", "1.jpg", "2.jpg", "4.jpg"),
        "repeated.jpg",
    }
    assert [each.name for each in page.parent.parent.iterdir() if each.name.startswith(".")] == []


def _transformed(folder: Path, layout: Layout, examples: list[bytes]) -> transform.TrainingSet:
    """As TFX's Transform analyses them."""
    import apache_beam as beam

    schema = written_schema(layout, 5, frozenset(layout.optional))
    source = TFExampleBeamRecord(physical_format="inmem", schema=schema, telemetry_descriptors=["tests"])
    with local_pipeline() as pipeline, tft_beam.Context(temp_dir=str(folder / "temporary")):
        read = pipeline | beam.Create(examples, reshuffle=False) | source.BeamSource(batch_size=5)
        function = (read, source.TensorAdapterConfig()) | tft_beam.AnalyzeDataset(transform.preprocessing_fn)
        _ = function | tft_beam.WriteTransformFn(str(folder / "graph"))
        raw = str(folder / "graph" / tft.TFTransformOutput.RAW_METADATA_DIR)
        metadata = tft.DatasetMetadata(schema)
        _ = metadata | tft_beam.WriteMetadata(raw, pipeline)
    return transform.training_set(str(folder / "graph"))


@pytest.mark.slow
def test_in_processes_of_their_own(tmp_path, monkeypatch):
    """By VGG_BEAM: the same figures and the same sheets."""
    train = records(IMAGENET, {**WHOLE, **BAD})
    validation = [records(IMAGENET, VALIDATION)]
    folder = write(tmp_path / "data", IMAGENET, train=[train[:5], train[5:]], validation=validation)
    check(folder, tmp_path / "here")
    monkeypatch.setenv("VGG_BEAM", "--direct_running_mode=multi_processing --direct_num_workers=2")
    assert check(folder, tmp_path / "apart").return_value == 4
    here, apart = (figures(tmp_path / name) for name in ("here", "apart"))
    differing = {key for key in here if here[key] != apart[key]}
    assert differing <= {"seconds", "written"}
    for path in (tmp_path / "here" / "sheets").iterdir():
        assert path.read_bytes() == (tmp_path / "apart" / "sheets" / path.name).read_bytes()
