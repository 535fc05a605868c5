"""Dense evaluation of net D against 150 crops and against Keras VGG16's predict, side by side.

    python -m benchmarks.evaluation --data /tmp/imagenet250

Net D at full width with random weights. Dense: models.view_scorer at Q = 256, 384, 512 with flips. Crops: the
same class, 50 at each Q. Keras: predict on the centre crops of Q = 256 in batches of 32. Each measurement is
a fresh process, so that peak memory is its own; rounds visit all in turn. The peak is float32 products of two
4096 x 4096 matrices. Figures are medians over rounds.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine

SIDES = (256, 384, 512)
KINDS = ("dense", "singly", "crops", "keras", "peak")
WORK = (
    "ours, dense at three Q with flips",
    "the same, one image at a time",
    "ours, 150 crops",
    "Keras VGG16, one centre crop",
    "matrix product",
)


@click.command(help=__doc__.partition("\n")[0])
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False))
@click.option("--rounds", default=3, show_default=True)
@click.option(
    "--images", default=4, show_default=True, help="for each measurement; Keras gets 16 times as many"
)
def main(data, rounds, images):
    click.echo(machine("tensorflow", "keras"))
    found = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind in KINDS:
            found[kind].append(_in_a_process(kind, data, images))
            click.echo(
                f"round {number + 1}: {kind} {found[kind][-1]} load {os.getloadavg()[0]:.1f}", err=True
            )
    _print(found)


def _in_a_process(kind: str, data: str, images: int) -> dict:
    command = [sys.executable, "-m", "benchmarks.evaluation", kind, data, str(images)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise click.ClickException(f"{kind}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _print(found: dict[str, list[dict]]) -> None:
    table = Table("net D", "images/s", "GFLOP an image", "GFLOP/s", "of peak", "of Keras's GFLOP/s", "GiB")
    for kind, work in zip(KINDS, WORK, strict=True):
        results = found[kind]
        speeds = [result["flop"] / result["seconds"] / 1e9 for result in results]
        of = {
            name: statistics.median(
                own / (their["flop"] / their["seconds"] / 1e9)
                for own, their in zip(speeds, found[name], strict=True)
            )
            for name in ("peak", "keras")
        }
        images = statistics.median(result["images"] / result["seconds"] for result in results)
        table.add_row(
            work,
            f"{images:.2f}" if kind != "peak" else "",
            f"{results[0]['flop'] / results[0]['images'] / 1e9:.0f}" if kind != "peak" else "",
            f"{statistics.median(speeds):.0f}",
            f"{of['peak']:.2f}",
            f"{of['keras']:.2f}" if kind != "peak" else "",
            f"{max(result['gib'] for result in results):.1f}",
        )
    Console(width=120).print(table)
    pairs = zip(found["dense"], found["crops"], strict=True)
    ratio = statistics.median(crops["seconds"] / dense["seconds"] for dense, crops in pairs)
    print(f"dense is {ratio:.2f} times as fast as the 150 crops of the same images (wanted 5.5)")


def _measure(kind: str, data: str, images: int) -> dict:
    encoded = _photographs(data, images)
    run, flop = MEASURED[kind](encoded)
    run()  # tracing and first allocations
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    count = 16 * images if kind == "keras" else images
    return {"seconds": seconds, "images": count, "flop": flop, "gib": round(gib, 2)}


def _photographs(data: str, images: int) -> list[bytes]:
    import tensorflow as tf

    files = sorted(map(str, Path(data).glob("validation-*"))) or sorted(map(str, Path(data).glob("train-*")))
    records = tf.data.TFRecordDataset(files).take(images).as_numpy_iterator()
    features = [tf.train.Example.FromString(record).features.feature for record in records]
    return [feature["image/encoded"].bytes_list.value[0] for feature in features]


def _scorers(method):
    from models.net import Net
    from models.vgg import build_fully_convolutional
    from models.view_scorer import ViewScorer

    net = build_fully_convolutional(Net("D"))
    for weight in net.weights:  # zeros would be multiplied as fast, but not denormals
        weight.assign(0.01 * _normal(weight.shape))
    return [
        ViewScorer(net, method=method, shorter_side=q, input_size=224, mean_rgb=(123.0, 117.0, 104.0))
        for q in SIDES
    ]


def _normal(shape):
    import numpy as np

    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _dense(encoded):
    from models import images
    from models.net import Net
    from models.protocols import Method
    from pipeline.nets.network_cost import dense_flop

    scorers = _scorers(Method.DENSE)
    sizes = [images.decode(image).shape[:2] for image in encoded]
    scaled = [(round(h * q / min(h, w)), round(w * q / min(h, w))) for q in SIDES for h, w in sizes]
    flop = 2 * sum(dense_flop(Net("D"), *size) for size in scaled)
    return lambda: [scorer(encoded) for scorer in scorers], flop


def _singly(encoded):
    from models import view_scorer

    view_scorer.PIXELS_AT_ONCE = 1
    return _dense(encoded)


def _crops(encoded):
    from models.net import Net
    from models.protocols import Method
    from pipeline.nets.network_cost import cost

    scorers = _scorers(Method.MULTI_CROP)
    return lambda: [scorer(encoded) for scorer in scorers], 150 * len(encoded) * cost(Net("D")).forward_flop


def _keras(encoded):
    import keras
    import numpy as np

    from models import images
    from models.net import Net
    from models.protocols import Method, crop_places
    from pipeline.nets.network_cost import cost

    model = keras.applications.VGG16(weights=None)
    crops = []
    for image in encoded:
        scaled = images.rescale(images.decode(image), 256).numpy()
        ((top, left),) = crop_places(Method.CENTRE_CROP, *scaled.shape[:2], 224)
        crops.append(scaled[top : top + 224, left : left + 224] - 117.0)
    batch = np.stack(crops * 16)
    return lambda: model.predict(batch, batch_size=32, verbose=0), len(batch) * cost(Net("D")).forward_flop


def _peak(encoded):
    import tensorflow as tf

    side, times = 4096, 8
    left, right = (tf.constant(_normal((side, side))) for _ in range(2))
    return lambda: [tf.matmul(left, right).numpy()[0, 0] for _ in range(times)], times * 2 * side**3


MEASURED = {"dense": _dense, "singly": _singly, "crops": _crops, "keras": _keras, "peak": _peak}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in KINDS:
        print(json.dumps(_measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
    else:
        main()
