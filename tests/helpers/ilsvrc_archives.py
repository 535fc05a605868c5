"""ILSVRC-2012's archives in small, made as ImageNet made them: for tests and benchmarks."""

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image

SYNSETS = {"n01440764": "tench, Tinca tinca", "n01751748": "sea snake", "n02007558": "flamingo"}
IDS = {"n01440764": 3, "n01751748": 1, "n02007558": 2}
"""ILSVRC2012_ID: another order than that of the synsets, as in the devkit."""

VALIDATION = ("n01751748", "n01440764", "n02007558", "n01751748")


def photograph(seed: int, width: int = 40, height: int = 30, mode: str = "RGB", form: str = "JPEG") -> bytes:
    """Noise, another for each seed."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(seed).integers(0, 256, [height, width, bands], np.uint8)
    image = Image.frombytes(mode, (width, height), pixels.tobytes())
    stream = io.BytesIO()
    image.save(stream, form)
    return stream.getvalue()


def tar_of(files: Iterable[tuple[str, bytes]], mode: str = "w") -> bytes:
    """A tar of files by name, in this order."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def train_images(per_class: int = 4, synsets: Iterable[str] = SYNSETS) -> dict[str, dict[str, bytes]]:
    """Images by file name by synset."""
    return {
        synset: {f"{synset}_{n}.JPEG": photograph(100 * k + n) for n in range(per_class)}
        for k, synset in enumerate(synsets)
    }


def val_images(count: int = len(VALIDATION)) -> dict[str, bytes]:
    """Images by file name."""
    return {f"ILSVRC2012_val_{n:08d}.JPEG": photograph(1000 + n) for n in range(1, count + 1)}


def train_tar(images: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """A tar of a tar for each synset."""
    return tar_of((f"{synset}.tar", tar_of(files.items())) for synset, files in images.items())


def devkit(
    train_counts: Mapping[str, int],
    validation: Sequence[str] = VALIDATION,
    names: Mapping[str, str] = SYNSETS,
    ids: Mapping[str, int] = IDS,
) -> bytes:
    """ILSVRC2012_devkit_t12.tar.gz, with a synset above the others that is no class."""
    kinds = [("ILSVRC2012_ID", int), ("WNID", object), ("words", object), ("gloss", object)]
    kinds += [("num_children", int), ("children", object), ("wordnet_height", int), ("num_train_images", int)]
    rows = [(ids[key], key, names[key], "a gloss", 0, [], 0, train_counts[key]) for key in names]
    rows.append((len(rows) + 1, "n00001740", "entity", "all", len(rows), list(ids.values()), 1, 0))
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"synsets": np.array(rows, kinds)[:, np.newaxis]})
    truth = "".join(f"{ids[synset]}\n" for synset in validation).encode()
    folder = "ILSVRC2012_devkit_t12/data"
    files = [(f"{folder}/meta.mat", stream.getvalue())]
    files.append((f"{folder}/ILSVRC2012_validation_ground_truth.txt", truth))
    return tar_of(files, "w:gz")


def annotation(width: int, height: int, boxes: Iterable[tuple[int, int, int, int]], name: str = "x") -> bytes:
    """xmin, ymin, xmax, ymax in pixels."""
    objects = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax>"
        "</bndbox></object>"
        for a, b, c, d in boxes
    )
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    return f"<annotation><filename>{name}</filename>{size}{objects}</annotation>".encode()


def write_archives(folder: Path, per_class: int = 4) -> dict[str, Path]:
    """Paths of the three archives, by the names of components.datasets.ilsvrc.labelled.Inputs."""
    folder.mkdir(parents=True, exist_ok=True)
    images = train_images(per_class)
    contents = {
        "train": ("ILSVRC2012_img_train.tar", train_tar(images)),
        "val": ("ILSVRC2012_img_val.tar", tar_of(val_images().items())),
        "devkit": ("ILSVRC2012_devkit_t12.tar.gz", devkit(dict.fromkeys(SYNSETS, per_class))),
    }
    for name, content in contents.values():
        (folder / name).write_bytes(content)
    return {key: folder / name for key, (name, _) in contents.items()}


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
