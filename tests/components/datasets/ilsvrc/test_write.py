"""ILSVRC-2012's archives to a data set: every key, the order, the account, and going on after a kill."""

import hashlib
import io
import json
from pathlib import Path

import pytest
import tensorflow as tf
from helpers.ilsvrc_archives import (
    SYNSETS,
    VALIDATION,
    annotation,
    contents,
    devkit,
    photograph,
    tar_of,
    train_images,
    train_tar,
    val_images,
    write_archives,
)
from PIL import Image

from components.beam_options import BEAM_HERE
from components.datasets.ilsvrc.labelled import Inputs
from components.datasets.ilsvrc.write import Options, write_ilsvrc
from components.datasets.shards import TRAINING, find_shards
from components.datasets.shards import VALIDATION as VALIDATION_NAMES

FEW = Options(train_shards=3, validation_shards=2, beam=BEAM_HERE)


@pytest.fixture
def archives(tmp_path) -> dict[str, Path]:
    return write_archives(tmp_path / "archives")


def examples(folder: Path, split: str) -> list[tf.train.Example]:
    files = sorted(str(path) for path in folder.glob(f"{split}-*"))
    return [tf.train.Example.FromString(r) for r in tf.data.TFRecordDataset(files).as_numpy_iterator()]


def value(example: tf.train.Example, key: str):
    feature = example.features.feature[key]
    kind = feature.WhichOneof("kind")
    found = list(getattr(feature, kind).value) if kind else []
    return found[0] if len(found) == 1 else found


def by_name(folder: Path, split: str) -> dict[str, tf.train.Example]:
    return {value(one, "image/filename").decode(): one for one in examples(folder, split)}


def test_each_image_is_there_once_with_all_keys(archives, tmp_path):
    write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    found = by_name(tmp_path / "out", "train")
    stored = {name: image for files in train_images().values() for name, image in files.items()}
    assert {name: value(one, "image/encoded") for name, one in found.items()} == stored
    assert len(examples(tmp_path / "out", "train")) == len(stored)
    one = found["n01751748_2.JPEG"]
    assert {key: value(one, key) for key in one.features.feature if key != "image/encoded"} == {
        "image/class/label": 2,
        "image/class/synset": b"n01751748",
        "image/class/text": b"sea snake",
        "image/filename": b"n01751748_2.JPEG",
        "image/height": 30,
        "image/width": 40,
        "image/format": b"JPEG",
        "image/colorspace": b"RGB",
        "image/channels": 3,
    }


def test_the_devkits_numbers_are_not_the_labels(archives, tmp_path):
    write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    found = by_name(tmp_path / "out", "validation")
    synsets = [value(found[name], "image/class/synset").decode() for name in sorted(found)]
    assert synsets == list(VALIDATION)
    assert [value(found[name], "image/class/label") for name in sorted(found)] == [2, 1, 3, 2]


def test_imagenets_first_validation_image_is_class_65(tmp_path):
    """490 by the devkit's numbers; n01751748 is the 66th of the sorted synsets."""
    below = [f"n01{number:06d}" for number in range(65)]
    synsets = [*below, "n01751748", *(f"n02{number:06d}" for number in range(934))]
    shifted = {synset: (place + 424) % 1000 + 1 for place, synset in enumerate(synsets)}
    assert shifted["n01751748"] == 490
    folder = tmp_path / "archives"
    folder.mkdir()
    image = photograph(1)
    (folder / "train.tar").write_bytes(train_tar({one: {f"{one}_1.JPEG": image} for one in synsets}))
    (folder / "val.tar").write_bytes(tar_of([("ILSVRC2012_val_00000001.JPEG", image)]))
    content = devkit(dict.fromkeys(synsets, 1), ["n01751748"], dict.fromkeys(synsets, "a name"), shifted)
    (folder / "devkit.tar.gz").write_bytes(content)
    inputs = Inputs(folder / "train.tar", folder / "val.tar", folder / "devkit.tar.gz")
    write_ilsvrc(tmp_path / "out", inputs, FEW)
    (found,) = examples(tmp_path / "out", "validation")
    assert value(found, "image/class/label") - 1 == 65


def test_classes_are_mixed_over_the_shards_by_the_seed(archives, tmp_path):
    archives = write_archives(tmp_path / "many", per_class=40)
    orders = []
    for seed in (0, 0, 1):
        out = tmp_path / f"out-{len(orders)}"
        write_ilsvrc(out, Inputs(**archives), Options(seed, 4, 1, beam=BEAM_HERE))
        orders.append([value(one, "image/filename") for one in examples(out, "train")])
        for shard in out.glob("train-*"):
            records = tf.data.TFRecordDataset(str(shard)).as_numpy_iterator()
            labels = [value(tf.train.Example.FromString(one), "image/class/label") for one in records]
            assert len(labels) == 30
            assert set(labels) == {1, 2, 3}
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


def test_the_names_and_the_account_are_those_of_a_whole_data_set(archives, tmp_path):
    made = write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    out = tmp_path / "out"
    assert [Path(one).name for one in find_shards(str(out), TRAINING)] == [
        "train-00000-of-00003",
        "train-00001-of-00003",
        "train-00002-of-00003",
    ]
    assert len(find_shards(str(out), VALIDATION_NAMES)) == 2
    manifest = json.loads((out / "dataset.json").read_text())
    assert manifest["synsets"] == list(SYNSETS)
    assert manifest["splits"]["train"]["per_class"] == dict.fromkeys(SYNSETS, 4)
    assert made.splits["validation"].per_class == {"n01440764": 1, "n01751748": 2, "n02007558": 1}
    for split in ("train", "validation"):
        for name, sha256 in manifest["splits"][split]["sha256"].items():
            assert hashlib.sha256((out / name).read_bytes()).hexdigest() == sha256
    shards = {**made.splits["train"].shards, **made.splits["validation"].shards}
    assert set(contents(out)) == {*shards, "dataset.json"}


def test_png_and_cmyk_are_re_encoded_and_what_is_no_image_is_left_out(tmp_path):
    images = train_images()
    images["n02007558"]["n02007558_0.JPEG"] = png = photograph(7, form="PNG")
    images["n02007558"]["n02007558_1.JPEG"] = photograph(8, mode="CMYK")
    images["n02007558"]["n02007558_2.JPEG"] = grey = photograph(9, mode="L")
    images["n02007558"]["n02007558_3.JPEG"] = b"no image"
    archives = write_archives(tmp_path / "archives")
    archives["train"].write_bytes(train_tar(images))
    made = write_ilsvrc(tmp_path / "out", Inputs(**archives), FEW)
    found = by_name(tmp_path / "out", "train")
    assert len(found) == 11
    for name in ("n02007558_0.JPEG", "n02007558_1.JPEG"):
        with Image.open(io.BytesIO(value(found[name], "image/encoded"))) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
    with Image.open(io.BytesIO(png)) as image:
        expected = image.convert("RGB").tobytes()
    with Image.open(io.BytesIO(value(found["n02007558_0.JPEG"], "image/encoded"))) as image:
        differences = [abs(a - b) for a, b in zip(image.tobytes(), expected, strict=True)]
    assert max(differences) <= 4  # of quality 100
    assert value(found["n02007558_2.JPEG"], "image/encoded") == grey
    assert value(found["n02007558_2.JPEG"], "image/colorspace") == b"Grayscale"
    changed = {one["file"]: one["reason"] for one in made.splits["train"].changed}
    assert set(changed) == {"n02007558_0.JPEG", "n02007558_1.JPEG"}
    assert changed["n02007558_0.JPEG"].startswith("PNG, re-encoded")
    assert changed["n02007558_1.JPEG"].startswith("CMYK, re-encoded")
    assert [one["file"] for one in made.account.unreadable] == ["n02007558_3.JPEG"]


def test_boxes_are_fractions_of_the_annotated_size(archives, tmp_path):
    boxes = tmp_path / "boxes.tar.gz"
    annotations = [
        ("n01440764/n01440764_1.xml", annotation(400, 200, [(40, 20, 200, 150), (300, 10, 390, 190)])),
        ("n01440764/n01440764_2.xml", annotation(100, 100, [(50, 50, 50, 90), (-5, 0, 120, 60)])),
    ]
    boxes.write_bytes(tar_of(annotations, "w:gz"))
    made = write_ilsvrc(tmp_path / "out", Inputs(**archives, train_boxes=boxes), FEW)
    found = by_name(tmp_path / "out", "train")
    two = found["n01440764_1.JPEG"]
    assert value(two, "image/object/bbox/xmin") == pytest.approx([0.1, 0.75])
    assert value(two, "image/object/bbox/ymin") == pytest.approx([0.1, 0.05])
    assert value(two, "image/object/bbox/xmax") == pytest.approx([0.5, 0.975])
    assert value(two, "image/object/bbox/ymax") == pytest.approx([0.75, 0.95])
    assert value(two, "image/object/bbox/label") == [1, 1]
    one = found["n01440764_2.JPEG"]
    corners = [value(one, f"image/object/bbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
    assert corners == pytest.approx([0, 0, 1, 0.6])  # cut off at the image, and the empty one is gone
    assert "image/object/bbox/xmin" not in found["n01440764_3.JPEG"].features.feature
    assert made.splits["train"].with_boxes == 2


def test_unpacked_folders_give_the_same_records(archives, tmp_path):
    for synset, files in train_images().items():
        (tmp_path / "train" / synset).mkdir(parents=True)
        for name, image in files.items():
            (tmp_path / "train" / synset / name).write_bytes(image)
    (tmp_path / "val").mkdir()
    for name, image in val_images().items():
        (tmp_path / "val" / name).write_bytes(image)
    write_ilsvrc(tmp_path / "packed", Inputs(**archives), FEW)
    inputs = Inputs(tmp_path / "train", tmp_path / "val", archives["devkit"])
    write_ilsvrc(tmp_path / "unpacked", inputs, FEW)
    packed, unpacked = contents(tmp_path / "packed"), contents(tmp_path / "unpacked")
    del packed["dataset.json"], unpacked["dataset.json"]
    assert packed == unpacked
