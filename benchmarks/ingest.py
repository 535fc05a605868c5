"""From ImageNet's archives to TFRecords, and to the mean RGB, beside the plain ways.

    python -m benchmarks.ingest

1. `vgg data ilsvrc` beside a loop of Python's tarfile and TensorFlow's TFRecordWriter, one image after
   another in the tar's order, which writes the same keys. To reach: 1.6 times its images a second.
2. Transform, the component of a run, which computes the mean and the covariance, beside bare decoding of the
   same JPEGs by tf.data on all cores. To reach: 0.7 times its images a second.
   tests/components/ingestion/test_transform.py shows that the figures are NumPy's.

Each is a process of its own, run in turn over a small and a large set of the photographs in --photographs,
or drawn ones, again and again. Images a second are those by which the two sets differ over the time by which
a round's large run is longer than the fastest small one, so that imports and the start of Beam, 10 to 30 s,
do not count. By the clock, as the ways have processes of their own.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.photographs import draw
from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import WALL, Rounds, Sample, as_fast, in_rounds

CLASSES, DRAWN = 10, 60
WANTED = (("vgg-data-ilsvrc", "tarfile-and-TFRecordWriter", 1.6), ("transform", "bare-decoding", 0.7))
TRANSFORM = re.compile(r"^  Transform +([\d.]+) s$")
SYNSETS = [f"n{number:08d}" for number in range(CLASSES)]


@click.command(help=__doc__.partition("\n")[0])
@click.option("--photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--sizes", default="4000,20000", show_default=True, help="Images of the small and of the large set."
)
@click.option("--rounds", default=2, show_default=True)
@click.option("--one", nargs=3, hidden=True, help="NAME FROM TO: what a process does.")
@JSON_OPTION
def main(photographs, sizes, rounds, one, json_file) -> None:
    """Print a line for each way."""
    if one:
        WAYS[one[0]](Path(one[1]), Path(one[2]))
        return
    sizes = [int(size) for size in sizes.split(",")]
    packages = ("apache-beam", "tensorflow-transform")
    with (
        reporting("ingest", json_file, *packages, sizes=sizes, rounds=rounds) as report,
        tempfile.TemporaryDirectory() as folder,
    ):
        if photographs is None:
            photographs = Path(folder, "drawn")
            draw(photographs, DRAWN)
        sets = {size: Path(folder, str(size)) for size in sizes}
        for size, place in sets.items():
            _write_archives(photographs, size, place)
        calls = {
            f"{name}, {size} images": lambda number, name=name, place=place: _run(name, place, number)
            for size, place in sets.items()
            for name in WAYS
        }
        found = in_rounds(calls, rounds, warming_up=0, after_each=report.progress)
        report.rounds(found, "run")
        more = {name: _more(name, found, sizes) for name in WAYS}
        if all(sample.seconds > 0 for samples in more.values() for sample in samples):
            report.rounds(more, "image", f"the images from {min(sizes)} to {max(sizes)}")
            report.compare(*(as_fast(more, *pair, by=WALL, wanted=wanted) for *pair, wanted in WANTED))
        else:
            report.note("the larger set took no longer than the smaller one: too few images to compare by")


def ilsvrc(source: Path, out: Path) -> None:
    """The command."""
    words = ["data", "ilsvrc", "--train", source / "train.tar", "--val", source / "val", "--out", out]
    words += ["--train-shards", "32", "--validation-shards", "1"]
    subprocess.run([Path(sys.executable).with_name("vgg"), *map(str, words)], check=True, capture_output=True)


def plain_loop(source: Path, out: Path) -> None:
    """What one would write first."""
    import tensorflow as tf
    from PIL import Image

    from components.datasets.manifest import Category
    from components.datasets.tfrecords import Picture, to_example

    categories = [Category(synset, synset) for synset in SYNSETS]
    with tarfile.open(source / "train.tar") as outer, tf.io.TFRecordWriter(str(out)) as writer:
        for label, entry in enumerate(outer, start=1):
            with tarfile.open(fileobj=outer.extractfile(entry)) as inner:
                for image in inner:
                    encoded = inner.extractfile(image).read()
                    with Image.open(io.BytesIO(encoded)) as opened:
                        width, height = opened.size
                    picture = Picture(encoded, label, image.name, height, width, "JPEG", "RGB", 3)
                    writer.write(to_example(picture, categories).SerializeToString())


def transform(source: Path, out: Path) -> None:
    """The component's own seconds, of a run over the written shards that is stopped behind it."""
    data, vgg = f"{out}-data", Path(sys.executable).with_name("vgg")
    Path(data).mkdir()
    for shard in (source / "vgg-data-ilsvrc-0").glob("*-of-*"):
        (Path(data) / shard.name).symlink_to(shard)
    settings = {
        "VGG_HOME": str(out),
        "VGG_DATA": data,
        "VGG_EXPERIMENT": "demo",
        "VGG_SET": f"net.classes={CLASSES}",
    }
    run = subprocess.Popen([vgg, "run"], env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True)
    took = None
    for line in run.stdout:
        if found := TRANSFORM.match(line):
            took = found[1]
            run.send_signal(signal.SIGTERM)
    status = run.wait()
    if took is None:
        raise click.ClickException(f"the run over {source} ended with status {status}, before its Transform")
    print(took)


def bare_decoding(source: Path, out: Path) -> None:
    """The same records, parsed and decoded by the same transform of JPEG, and nothing else."""
    del out
    import tensorflow as tf

    from components.datasets.layouts import IMAGENET
    from components.training.answers import parse_class
    from models.images import DCT

    def decode(record):
        return tf.shape(tf.io.decode_jpeg(parse_class(record, IMAGENET)[0], 3, dct_method=DCT))

    for _ in tf.data.TFRecordDataset(_shards(source)).map(decode, tf.data.AUTOTUNE):
        pass


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "vgg-data-ilsvrc": ilsvrc,
    "tarfile-and-TFRecordWriter": plain_loop,
    "transform": transform,
    "bare-decoding": bare_decoding,
}


def _write_archives(photographs: Path, size: int, place: Path) -> None:
    """FOLDER's photographs again and again, as ten classes; one of them for validation."""
    files = sorted(path for path in photographs.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    encoded = [file.read_bytes() for file in files]
    (place / "val" / SYNSETS[0]).mkdir(parents=True)
    (place / "val" / SYNSETS[0] / "one.JPEG").write_bytes(encoded[0])
    with tarfile.open(place / "train.tar", "w") as outer:
        for label, synset in enumerate(SYNSETS):
            stream = io.BytesIO()
            with tarfile.open(fileobj=stream, mode="w") as inner:
                for number in range(label, size, CLASSES):
                    _add(inner, f"{synset}_{number}.JPEG", encoded[number % len(encoded)])
            _add(outer, f"{synset}.tar", stream.getvalue())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _shards(source: Path) -> list[str]:
    """Of the first round's data set."""
    return sorted(str(path) for path in (source / "vgg-data-ilsvrc-0").glob("train-*"))


def _more(name: str, found: Rounds, sizes: list[int]) -> list[Sample]:
    """What the images take that the large set has more than the small one, in each round."""
    small, large = (found[f"{name}, {size} images"] for size in (min(sizes), max(sizes)))
    least = min(sample.seconds for sample in small)
    return [Sample(sample.seconds - least, None, max(sizes) - min(sizes)) for sample in large]


def _run(name: str, place: Path, number: int) -> Sample:
    command = [
        sys.executable,
        "-m",
        "benchmarks.ingest",
        "--one",
        name,
        str(place),
        str(place / f"{name}-{number}"),
    ]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    begin = time.perf_counter()
    done = subprocess.run(command, check=True, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - begin
    if number:  # of the first round's data set the shards are read
        shutil.rmtree(place / f"{name}-{number}", ignore_errors=True)
        (place / f"{name}-{number}").unlink(missing_ok=True)
    return Sample(float(done.stdout or seconds), None)


if __name__ == "__main__":
    main()
