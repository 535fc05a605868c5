"""Dense evaluation of net D against 50 crops at each Q and against Keras VGG16's predict, side by side.

    python -m benchmarks.evaluation

Net D at full width with random weights, on photographs of ImageNet's mean shape, or those of --data. Dense:
models.view_scorer with flips at each Q. Crops: the same class, 50 at each Q. Keras: predict on centre crops
of 224 x 224 in batches of 32. The peak is float32 products of two 4096 x 4096 matrices. Each is a process of
its own, and they take turns.

How much faster dense evaluation can be than the crops is a matter of the photographs' shapes: the limit
beside each ratio is that of their operations. To reach: 5.5 times as fast over the three Q, where shapes
allow it, and 0.9 of Keras's operations a second. docs/results.md has what was measured.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks.photographs import DATA_OPTION, MEAN_SIZE, data_or_drawn
from benchmarks.report import JSON_OPTION, Report, reporting
from benchmarks.rounds import PROCESSOR, WALL, as_fast, in_rounds, sum_of
from benchmarks.turns import Contender, Turns

SIDES, CROPS = (256, 384, 512), 50
KERAS_TIMES = 8  # as many images as ours, or its batches would be small
PRODUCT_SIDE, PRODUCTS = 4096, 4
DENSE_OF_CROPS, DENSE_OF_KERAS = 5.5, 0.9
MODULE = "benchmarks.evaluation"


@click.command(help=__doc__.partition("\n")[0])
@DATA_OPTION
@click.option("--q", "sides", default="256,384,512", show_default=True, help="Shorter sides, pixels.")
@click.option("--width", default=1, show_default=True, help="Channels are divided by this.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--images", default=2, show_default=True, help="For each measurement.")
@JSON_OPTION
def main(data, sides, width, rounds, images, json_file) -> None:
    sides = [int(side) for side in sides.split(",")]
    settings = {"sides": sides, "width": width, "rounds": rounds, "images": images}
    with (
        reporting("evaluation", json_file, "keras", **settings) as report,
        data_or_drawn(data, report, 5 * images, (MEAN_SIZE,)) as folder,
        ExitStack() as stack,
    ):
        contenders = {
            kind: stack.enter_context(Contender(kind, MODULE, kind, str(folder), str(images), str(width)))
            for kind in MEASURED
        }
        flop = _operations(str(folder), images, sides, width)
        steps = {name: _step(contenders, name, operations) for name, operations in flop.items()}
        found = in_rounds(steps, rounds, after_each=report.progress)
        report.rounds(found, "GFLOP")
        _compare(report, found, flop, sides)


def _step(contenders: dict[str, Contender], name: str, flop: float) -> Callable:
    kind, _, what = name.partition(" ")
    return lambda number: contenders[kind].step(flop / 1e9, what)


def _operations(data: str, images: int, sides: list[int], width: int) -> dict[str, float]:
    """Of each contender's turn, by its name: kind, and Q where it has one."""
    from models import images as image_functions
    from models.net import Net
    from pipeline.nets.network_cost import cost, dense_flop

    net = Net("D", width=width)
    window = cost(net).forward_flop
    sizes = [image_functions.decode(image).shape[:2] for image in _photographs(data, images)]
    found = {}
    for q in sides:
        scaled = [(round(h * q / min(h, w)), round(w * q / min(h, w))) for h, w in sizes]
        found[f"dense {q}"] = 2 * sum(dense_flop(net, *size) for size in scaled)
        found[f"crops {q}"] = CROPS * images * window
    found["keras"] = KERAS_TIMES * images * window
    found["product"] = PRODUCTS * 2 * PRODUCT_SIDE**3
    return found


def _compare(report: Report, found: dict, flop: dict[str, float], sides: list[int]) -> None:
    for q in sides:
        dense, crops = f"dense {q}", f"crops {q}"
        # An image's worth of each, in place of a GFLOP's.
        each = {name: [sample.per(flop[name] / 1e9) for sample in found[name]] for name in (dense, crops)}
        report.compare(as_fast(each, dense, crops))
        report.note(f"  the limit of these shapes, by operations: {flop[crops] / flop[dense]:.2f}")
    whole = {
        kind: [sum_of(samples) for samples in zip(*(found[f"{kind} {q}"] for q in sides), strict=True)]
        for kind in ("dense", "crops")
    }
    for by in (WALL, PROCESSOR):
        report.compare(as_fast(whole, "dense", "crops", by=by, wanted=DENSE_OF_CROPS).within("all Q"))
    limit = sum(flop[f"crops {q}"] for q in sides) / sum(flop[f"dense {q}"] for q in sides)
    report.note(f"  the limit of these shapes, by operations: {limit:.2f}")
    for q in sides:
        report.compare(as_fast(found, f"dense {q}", "keras", wanted=DENSE_OF_KERAS))
        report.compare(as_fast(found, f"dense {q}", "product"))


def _photographs(data: str, images: int) -> list[bytes]:
    import tensorflow as tf

    files = sorted(map(str, Path(data).glob("validation-*"))) or sorted(map(str, Path(data).glob("train-*")))
    records = tf.data.TFRecordDataset(files).repeat().take(images).as_numpy_iterator()
    features = [tf.train.Example.FromString(record).features.feature for record in records]
    return [feature["image/encoded"].bytes_list.value[0] for feature in features]


def _scorer_of(method, width: int) -> Callable:
    """From Q to a ViewScorer of one net."""
    import functools

    import numpy as np

    from models.net import Net
    from models.vgg import build_fully_convolutional
    from models.view_scorer import ViewScorer

    net = build_fully_convolutional(Net("D", width=width))
    for weight in net.weights:  # zeros would be multiplied as fast, but not denormals
        weight.assign(0.01 * np.random.default_rng(0).standard_normal(weight.shape, np.float32))

    @functools.cache
    def scorer(q: int) -> ViewScorer:
        return ViewScorer(net, method=method, shorter_side=q, input_size=224, mean_rgb=(123.0, 117.0, 104.0))

    return scorer


def _dense(encoded: list[bytes], width: int) -> Callable[[str], object]:
    from models.protocols import Method

    scorer = _scorer_of(Method.DENSE, width)
    return lambda q: scorer(int(q))(encoded)


def _crops(encoded: list[bytes], width: int) -> Callable[[str], object]:
    from models.protocols import Method

    scorer = _scorer_of(Method.MULTI_CROP, width)
    return lambda q: scorer(int(q))(encoded)


def _keras(encoded: list[bytes], width: int) -> Callable[[str], object]:
    import keras
    import numpy as np

    from models.net import Net
    from models.vgg import build

    model = keras.applications.VGG16(weights=None) if width == 1 else build(Net("D", width=width))
    batch = (
        np.random.default_rng(0).normal(0, 60, (KERAS_TIMES * len(encoded), 224, 224, 3)).astype("float32")
    )
    return lambda q: model.predict(batch, batch_size=32, verbose=0)


def _product(encoded: list[bytes], width: int) -> Callable[[str], object]:
    import tensorflow as tf

    left, right = (tf.random.stateless_normal([PRODUCT_SIDE] * 2, [seed, 0]) for seed in range(2))
    return lambda q: [tf.matmul(left, right).numpy()[0, 0] for _ in range(PRODUCTS)]


MEASURED = {"dense": _dense, "crops": _crops, "keras": _keras, "product": _product}


def _take_turns(kind: str, data: str, images: str, width: str) -> None:
    turns = Turns()
    run = MEASURED[kind](_photographs(data, int(images)), int(width))
    while True:
        run(turns.begin())
        turns.end()


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in MEASURED:
        _take_turns(*sys.argv[1:])
    else:
        main()
