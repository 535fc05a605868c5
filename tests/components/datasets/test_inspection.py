"""What `vgg data folders` stores is what a run decodes, and `--re-encode` mends what can be mended."""

import io
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.class_folders import features, manifest, photograph, photographs, run, summary, value
from PIL import Image

from components.datasets import inspection
from components.datasets.image_files import Source
from components.datasets.inspection import Photograph, Unreadable
from models import images

WHOLE = np.random.default_rng(5).integers(0, 256, (40, 50, 3), np.uint8)


def encoded(pixels=WHOLE, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def many_pixels(kind: str = "PNG") -> bytes:
    """8200 x 8192 is 64 Mi pixels and 65,536 more, each 7."""
    return encoded(np.full((8192, 8200), 7, np.uint8), kind)


def many_scans() -> bytes:
    """4000 x 4000, with a comment of 32,000 marks where a scan begins."""
    comment = b"\xff\xda" * 32_000
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    plain = encoded(np.full((4000, 4000), 9, np.uint8), "JPEG")
    return plain[:2] + segment + plain[2:]


REFUSED = "is refused by the decoder of training and serving"
MENDABLE = {
    "without end.png": (encoded()[:-12], f"{REFUSED} (Invalid PNG data, size "),
    "scans.jpg": (many_scans(), f"{REFUSED} (a JPEG's scans: expected at most "),
    "moving.jpg": (encoded(kind="GIF"), "is GIF, expected JPEG or PNG"),
    "web.png": (encoded(255 - WHOLE, "WEBP", lossless=True), "is WEBP, expected JPEG or PNG"),
    "large.png": (many_pixels(), "has 8200 x 8192 pixels, expected at most 67108864 in all"),
}
LOST = {
    "cut.jpg": (encoded(kind="JPEG")[:-900], "truncated"),
    "cut.png": (encoded()[:-3000], "truncated"),
    "text.jpg": (b"no image", "is no image"),
    "empty.png": (b"", "is no image"),
}


def source(folder: Path, name: str, content: bytes) -> Source:
    path = folder / name
    path.write_bytes(content)
    return Source(path, f"a/{name}", "a", stamp="")


def inspect(one: Source, **options) -> Photograph | Unreadable:
    (found,) = inspection.inspect([one], **options)
    return found


def decodes(content: bytes) -> bool:
    """Says the function that training, evaluation and serving call."""
    try:
        images.decode(tf.constant(content))
    except tf.errors.InvalidArgumentError:
        return False
    return True


@pytest.mark.parametrize("name", [*MENDABLE, *LOST])
def test_what_a_run_would_not_decode_is_left_out_with_the_reason(tmp_path, name):
    content, reason = (MENDABLE | LOST)[name]
    assert not decodes(content)
    found = inspect(source(tmp_path, name, content))
    assert reason in found.reason
    assert (found.file, found.mendable) == (f"a/{name}", name in MENDABLE)


@pytest.mark.parametrize("name", LOST)
def test_what_pillow_cannot_read_either_is_not_mended(tmp_path, name):
    assert inspect(source(tmp_path, name, LOST[name][0]), re_encode=True) == inspect(
        source(tmp_path, name, LOST[name][0])
    )


@pytest.mark.parametrize(
    "pixels",
    [WHOLE, WHOLE[..., 0], np.uint16(WHOLE[..., 0]) * 256, np.dstack([WHOLE, WHOLE[..., 0]])],
    ids=["RGB", "grey", "16 bits", "transparent"],
)
def test_size_and_pixels_are_the_decoders(tmp_path, pixels):
    """A PNG loses nothing: the hash is that of the RGB values."""
    found = inspect(source(tmp_path, "a.png", encoded(pixels)))
    assert isinstance(found, Photograph)
    assert found.pixels[:2] == (40, 50)
    rgb = pixels[..., :3] if pixels.ndim == 3 else np.dstack([WHOLE[..., 0]] * 3)
    assert found.pixels == inspect(source(tmp_path, "b.png", encoded(np.ascontiguousarray(rgb)))).pixels
    assert (
        found.pixels != inspect(source(tmp_path, "c.png", encoded(rgb ^ np.uint8(rgb == rgb[3, 7])))).pixels
    )


def test_each_of_several_files_is_judged_by_itself(tmp_path):
    wholes = [encoded(np.full((4, 5 + index, 3), index, np.uint8)) for index in range(9)]
    contents = [*wholes[:3], LOST["cut.png"][0], *wholes[3:], b"no image", MENDABLE["without end.png"][0]]
    sources = [source(tmp_path, f"{index:02d}.png", content) for index, content in enumerate(contents)]
    (tmp_path / "01.png").unlink()
    found = inspection.inspect(sources)
    assert [one.pixels[1] if isinstance(one, Photograph) else one.file for one in found] == [
        *(5, "a/01.png", 7, "a/03.png", 8, 9, 10, 11, 12, 13, "a/10.png", "a/11.png")
    ]
    assert found == [inspect(one) for one in sources]
    assert inspection.inspect([]) == []


def test_re_encode_stores_what_decodes_and_says_why(tmp_path):
    folder = photographs(tmp_path / "src", "ab", 12)
    for name, (content, _) in MENDABLE.items():
        (folder / "a" / name).write_bytes(content)
    said = summary(folder, tmp_path / "out", "--re-encode")
    assert said["changed"] == "5 files, listed with the reasons in dataset.json"
    assert "unreadable" not in said
    examples = features(tmp_path / "out")
    for name in MENDABLE:
        assert decodes(value(examples[name]["image/encoded"]))
        assert value(examples[name]["image/format"]) == b"JPEG"
    changed = {
        one["file"]: one["reason"]
        for split in manifest(tmp_path / "out")["splits"].values()
        for one in split["changed"]
    }
    for name, (_, reason) in MENDABLE.items():
        assert changed[name].startswith(reason)
        colours = "grey" if name in ("large.png", "scans.jpg") else "RGB"
        assert changed[name].endswith(f"re-encoded as {colours} JPEG of quality 100")
    for name in ("moving.jpg", "web.png", "without end.png"):
        stored = np.asarray(Image.open(io.BytesIO(value(examples[name]["image/encoded"]))), np.float32)
        wanted = 255 - np.float32(WHOLE) if name == "web.png" else WHOLE
        assert np.abs(stored - wanted).mean() < (20 if name == "moving.jpg" else 2)  # a GIF has 256 colours


def test_too_many_pixels_are_scaled_down_to_the_limit_in_their_proportion(tmp_path):
    folder = photographs(tmp_path / "src", "ab", 3)
    (folder / "a" / "large.jpg").write_bytes(many_pixels("JPEG"))
    run(folder, tmp_path / "out", "--re-encode")
    example = features(tmp_path / "out")["large.jpg"]
    height, width = value(example["image/height"]), value(example["image/width"])
    assert 0.99 * 2**26 < height * width <= 2**26
    assert width / height == pytest.approx(8200 / 8192, abs=1e-3)
    decoded = images.decode(tf.constant(value(example["image/encoded"])))
    assert decoded.shape == (height, width, 3)
    assert tf.reduce_all(tf.abs(tf.cast(decoded[::97, ::97], tf.int32) - 7) <= 1)


def test_sixteen_bits_that_are_mended_keep_their_upper_eight(tmp_path):
    folder = photographs(tmp_path / "src", "ab", 3)
    (folder / "a" / "deep.png").write_bytes(encoded(np.full((8, 8), 100 * 256 + 200, np.uint16))[:-12])
    run(folder, tmp_path / "out", "--re-encode")
    stored = value(features(tmp_path / "out")["deep.png"]["image/encoded"])
    np.testing.assert_allclose(np.asarray(Image.open(io.BytesIO(stored))), 100, atol=1)


def test_what_is_mended_stands_upright(tmp_path):
    folder = photographs(tmp_path / "src", "ab", 3)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(WHOLE).save(folder / "a" / "turned.jpg", "WEBP", exif=exif)
    run(folder, tmp_path / "out", "--re-encode")
    example = features(tmp_path / "out")["turned.jpg"]
    assert (value(example["image/height"]), value(example["image/width"])) == (50, 40)


def test_what_pillow_warns_of_is_no_error(tmp_path):
    """Of a palette with degrees of transparency, when it becomes RGB."""
    stream = io.BytesIO()
    palette = Image.fromarray(WHOLE).quantize(16)
    palette.save(stream, "PNG", transparency=bytes(range(16)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = inspect(source(tmp_path, "a.png", stream.getvalue()[:-12]), re_encode=True)
    assert isinstance(found, Photograph)


def test_the_summary_names_what_re_encode_would_mend(tmp_path):
    folder = photographs(tmp_path / "src", "ab", 3)
    for name, (content, _) in (MENDABLE | LOST).items():
        (folder / "a" / name).write_bytes(content)
    result = run(folder, tmp_path / "out")
    assert "unreadable  9 files, listed with the reasons in dataset.json\n" in result.stdout
    first = "a/large.png, a/moving.jpg, a/scans.jpg, ..."
    assert f"            --re-encode and a new --out mend 5 of them: {first}\n" in result.stdout


def test_with_and_without_re_encode_are_two_data_sets(tmp_path):
    folder = photographs(tmp_path / "src", "ab", 3)
    summary(folder, tmp_path / "out")
    refused = run(folder, tmp_path / "out", "--re-encode")
    assert "re_encode is False there and True here" in str(refused.exception)


def test_a_file_that_changes_between_the_two_looks_is_refused(tmp_path, monkeypatch):
    folder = photographs(tmp_path / "src", "ab", 3)

    def meanwhile(*_):
        photograph(folder / "a" / "0.jpg", seed=7)
        return {}

    monkeypatch.setattr("components.datasets.selection._check_each_class", meanwhile)
    refused = run(folder, tmp_path / "out")
    assert "a/0.jpg: changed while the photographs were read" in str(refused.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_libraries_print_nothing_on_the_terminal(tmp_path):
    """In a process of its own, where standard error is a file: Pillow's warning and libjpeg's lines."""
    folder = photographs(tmp_path / "src", "ab", 3)
    (folder / "a" / "large.jpg").write_bytes(encoded(np.zeros((9500, 9500), np.uint8), "JPEG"))
    content = bytearray(encoded(np.repeat(np.repeat(WHOLE, 8, 0), 8, 1), "JPEG"))
    content[len(content) // 2 : len(content) // 2 + 40] = bytes(40)
    (folder / "a" / "flipped.jpg").write_bytes(content)
    program = "import sys\nfrom pipeline.commands.vgg import vgg\nvgg(sys.argv[1:])"
    words = ["data", "folders", str(folder), "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert [line for line in lines if "images/s" not in line] == [
        "unreadable: a/large.jpg: has 9500 x 9500 pixels, expected at most 67108864 in all"
    ]
    assert manifest(tmp_path / "out")["splits"]["train"]["per_class"]["a"] == 3
