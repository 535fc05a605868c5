"""What boxes cost beside classes: the signatures of one model in this process, photograph by photograph.

    python -m benchmarks.served_boxes

Net D and a box net for 1000 classes, at full width, both untrained: their time does not depend on their
weights. The box net's boxes are such that a photograph's merge into a few. `single_scale` is one pass of the
classifier at Q, `serving_default` two, with the flip, and `localise` those two, one of the box net and the
merge. All signatures take turns on each photograph, so that a busy machine slows all alike.

To reach: what `localise` adds to `serving_default` is at most 1.1 times `single_scale`;
docs/localisation.md has what was measured.
"""

import io

import click
import numpy as np
from PIL import Image

from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import PROCESSOR, WALL, Sample, as_long, in_rounds, timed

ADDED, MOST = "what boxes add", 1.1
SIGNATURES = ("single_scale", "serving_default", "localise")


@click.command(help=__doc__.partition("\n")[0])
@click.option("--q", "side", default=256, show_default=True, help="Of both nets, pixels.")
@click.option("--width", default=1, show_default=True, help="Divisor of the nets' channels.")
@click.option("--input-size", default=224, show_default=True, help="The nets' windows, pixels.")
@click.option("--classes", default=1000, show_default=True)
@click.option("--rounds", default=9, show_default=True, help="A photograph of 500 x 375 pixels in each.")
@click.option("--shared", is_flag=True, help="The box net has the classifier's convolutions.")
@JSON_OPTION
def main(side, width, input_size, classes, rounds, shared, json_file):
    settings = {"q": side, "width": width, "input_size": input_size, "classes": classes, "rounds": rounds}
    with reporting("served_boxes", json_file, **settings, shared=shared) as report:
        runs = _signatures(side, width, input_size, classes, shared=shared)
        calls = {
            name: lambda seed, run=run: timed(lambda: run(_photograph(seed))) for name, run in runs.items()
        }
        found = in_rounds(calls, rounds, after_each=report.progress)
        report.rounds(found, "photograph")
        pairs = zip(found["localise"], found["serving_default"], strict=True)
        found[ADDED] = [
            Sample(more.seconds - less.seconds, more.processor - less.processor) for more, less in pairs
        ]
        for by in (WALL, PROCESSOR):
            report.compare(as_long(found, ADDED, "single_scale", by=by, wanted=MOST))


def _signatures(side: int, width: int, input_size: int, classes: int, *, shared: bool) -> dict:
    import tensorflow as tf

    from models.localisation.regression import Regression, box_net
    from models.net import Net
    from models.vgg import build_fully_convolutional
    from serving.saved_model.head import Head
    from serving.saved_model.signatures import BoxNet, signatures

    net = Net("D", classes=classes, width=width, input_size=input_size)
    names = tuple(f"class {number}" for number in range(classes))
    head = Head((123.7, 116.8, 103.9), names, (side,), True, "image/encoded", "image/class/label", 1)
    boxes = build_fully_convolutional(box_net(net, Regression.PER_CLASS))
    boxes.get_layer("fc8").bias.assign(np.tile([0.5, 0.5, 0.8, 0.8], classes))
    located = BoxNet(boxes, (side,), head.mean_rgb, shared, boxes.output.shape[-1])
    made = signatures(build_fully_convolutional(net), head, [located])
    runs = {name: tf.function(made[name][0], made[name][1], autograph=False) for name in SIGNATURES}
    return {name: lambda image, run=run: run(tf.constant([image])) for name, run in runs.items()}


def _photograph(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((500, 375)).save(buffer, "JPEG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
