"""`vgg data folders --shorter-side`: large photographs are stored smaller, all others as they are."""

import io
from pathlib import Path

import numpy as np
import pytest
from helpers.class_folders import features, manifest, run, summary, value, with_validation
from PIL import Image, ImageOps


def large(path: Path, size: tuple[int, int], mode: str = "RGB", orientation: int = 1) -> np.ndarray:
    """A smooth picture of `size`, as its viewer shows it: of noise, what a filter leaves would differ."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([255 * x / width, 255 * y / height, 127 + 100 * np.sin(x / 90)], -1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "PNG" if path.suffix == ".png" else "JPEG"
    Image.fromarray(pixels).convert(mode).save(path, kind, quality=95, exif=exif)
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def stored(out: Path, name: str) -> tuple[np.ndarray, dict]:
    example = features(out, "train")[name]
    with Image.open(io.BytesIO(value(example["image/encoded"]))) as image:
        assert image.getexif().get(0x112, 1) == 1
        return np.asarray(image.convert("RGB")), example


@pytest.mark.parametrize(
    ("name", "size", "mode", "orientation", "expected"),
    [
        ("landscape.jpg", (900, 600), "RGB", 1, (192, 128)),
        ("portrait.jpg", (601, 1000), "RGB", 1, (128, 213)),
        ("turned.jpg", (900, 600), "RGB", 6, (128, 192)),
        ("grey.jpg", (800, 400), "L", 1, (256, 128)),
        ("clear.png", (800, 400), "RGBA", 1, (256, 128)),
        ("print.jpg", (800, 400), "CMYK", 1, (256, 128)),
        ("one.jpg", (129, 129), "RGB", 1, (128, 128)),
    ],
)
def test_a_larger_photograph_is_stored_at_that_shorter_side(
    tmp_path, name, size, mode, orientation, expected
):
    source = with_validation(tmp_path / "src")
    seen = large(source / "train" / "a" / name, size, mode, orientation)
    assert run(source, tmp_path / "out", "--shorter-side", "128").exit_code == 0
    found, example = stored(tmp_path / "out", name)
    assert found.shape[1::-1] == expected
    assert (value(example["image/width"]), value(example["image/height"])) == expected
    assert value(example["image/format"]) == b"JPEG"
    # Pillow's own rescaling of the whole picture, without what JPEG and its decoder do beside.
    wanted = np.asarray(Image.fromarray(seen).resize(expected, Image.Resampling.LANCZOS))
    assert np.abs(found.astype(int) - wanted).mean() < 1.5
    (changed,) = manifest(tmp_path / "out")["splits"]["train"]["changed"]
    kind = "grey" if mode == "L" else "RGB"
    assert changed["reason"] == (
        f"shorter side of {min(size)} pixels, stored at 128, re-encoded as {kind} JPEG of quality 95"
    )


def test_what_is_no_larger_keeps_its_bytes(tmp_path):
    source = with_validation(tmp_path / "src")
    path = source / "train" / "a" / "same.jpg"
    large(path, (200, 128))
    run(source, tmp_path / "out", "--shorter-side", "128")
    assert value(features(tmp_path / "out", "train")["same.jpg"]["image/encoded"]) == path.read_bytes()
    assert manifest(tmp_path / "out")["splits"]["train"]["changed"] == []


def test_another_side_is_another_data_set_and_none_is_the_one_of_before(tmp_path):
    source = with_validation(tmp_path / "src")
    run(source, tmp_path / "out")
    assert "shorter_side" not in manifest(tmp_path / "out")["parameters"]
    assert "already there" in run(source, tmp_path / "out").output
    refused = run(source, tmp_path / "out", "--shorter-side", "512")
    assert "shorter_side is None there and 512 here" in str(refused.exception)


def test_the_summary_says_so_where_photographs_are_much_larger(tmp_path):
    source = with_validation(tmp_path / "src")
    for name, size in (("large.jpg", (1500, 1100)), ("small.jpg", (1500, 1024))):
        large(source / "train" / "a" / name, size)
    said = summary(source, tmp_path / "out")
    assert said["note"].startswith("1 photograph with a shorter side of more than 1024 pixels")
    assert manifest(tmp_path / "out")["large"] == 1
    assert "note" not in summary(source, tmp_path / "smaller", "--shorter-side", "512")
