"""The same model and photographs in this process, over gRPC and over REST, side by side.

    python -m benchmarks.serving --data DATA

DATA is a folder by `vgg data folders`. Net D at full width, untrained: its time does not depend on its
weights; --model takes another exported model. The server is a process of its own: `vgg serve`, and TF
Serving where tensorflow_model_server is on the PATH.

One at a time: each photograph goes through all contenders in turn, so that a busy machine slows all alike.
Sixteen at once: as many clients, a photograph in each request, against the model called in this process with
sixteen photographs in one batch; rounds take turns.

To reach: gRPC adds at most 3 % to the median in process; at sixteen at once at least 0.95 of the batch's
throughput. Both reached on 2026-11-21, two cores of an AMD EPYC, --images 12 --rounds 3 --q 256, tests beside
it: gRPC 1.005 of the time in process (REST 0.92: noise), 1.16 of the batch's throughput (REST 1.08).
"""

import functools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import click
import grpc
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from serving import client

Predict = Callable[[list[bytes]], object]
HEAD = {
    "mean_rgb": (123.7, 116.8, 103.9),
    "class_names": tuple(f"class {number}" for number in range(1000)),
    "image_key": "image/encoded",
    "label_key": "image/class/label",
    "first_label": 1,
}


@click.command(help=__doc__.partition("\n")[0])
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", help="Exported model in place of an untrained net D.")
@click.option("--signature", default="serving_default", show_default=True)
@click.option("--q", "sides", default="256,384,512", show_default=True, help="Of the untrained net.")
@click.option("--images", default=30, show_default=True, help="Photographs, one at a time.")
@click.option("--clients", default=16, show_default=True, help="At once.")
@click.option("--rounds", default=3, show_default=True, help="Of one request from each client.")
def main(data, model, signature, sides, images, clients, rounds):
    photographs = _photographs(data, max(images, clients))
    click.echo(machine("tensorflow", "grpcio"))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        base = Path(folder) / "vgg"
        base.mkdir()
        path = model or _export(base.parent / "net", tuple(int(side) for side in sides.split(",")))
        (base / "1").symlink_to(Path(path).absolute())
        contenders = {"in process": _in_process(path, signature)}
        contenders.update(_served(stack, str(base), signature))
        alone = _one_at_a_time(contenders, photographs[:images])
        together = _at_once(contenders, photographs[:clients], rounds)
    _print(alone, together, clients)


def _photographs(data: Path, most: int) -> list[bytes]:
    import tensorflow as tf

    files = sorted(map(str, data.glob("validation-*")))
    spec = {HEAD["image_key"]: tf.io.FixedLenFeature([], tf.string)}
    records = tf.data.TFRecordDataset(files).repeat().take(most)
    parsed = records.map(lambda record: tf.io.parse_single_example(record, spec)[HEAD["image_key"]])
    return list(parsed.as_numpy_iterator())


def _export(path: Path, sides: tuple[int, ...]) -> str:
    from models.net import Net
    from models.vgg import build
    from serving.saved_model.export import export
    from serving.saved_model.signatures import Head

    net = Net("D")
    export(build(net), net, Head(shorter_sides=sides, flip=True, **HEAD), str(path))
    return str(path)


def _in_process(path: str, signature: str) -> Predict:
    import tensorflow as tf

    run = tf.saved_model.load(path).signatures[signature]
    return lambda photographs: run(image_bytes=tf.constant(photographs))["top_classes"].numpy()


def _served(stack: ExitStack, base: str, signature: str) -> dict[str, Predict]:
    from serving.model_server import TF_SERVING, ModelServer, server_command

    servers = {"vgg serve": [sys.executable, "-m", "serving.server", "--no_log_requests"]}
    if server_command()[0].endswith(TF_SERVING):
        servers["TF Serving"] = server_command()
    else:
        click.echo(f"TF Serving: no {TF_SERVING} on the PATH, not measured")
    found = {}
    for name, command in servers.items():
        server = stack.enter_context(ModelServer(base, command=command))
        channel = stack.enter_context(grpc.insecure_channel(server.address))
        found[f"{name}, gRPC"] = _grpc(channel, signature)
        found[f"{name}, REST"] = _rest(server.rest, signature)
    return found


def _grpc(channel: grpc.Channel, signature: str) -> Predict:
    return lambda photographs: client.classify(photographs, signature=signature, timeout=600, channel=channel)


def _rest(address: str, signature: str) -> Predict:
    return lambda photographs: client.classify_by_rest(photographs, address, signature=signature, timeout=600)


def _one_at_a_time(contenders: dict[str, Predict], photographs: list[bytes]) -> dict[str, list[float]]:
    """Seconds of each photograph."""
    for predict in contenders.values():
        predict(photographs[:1])
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number, photograph in enumerate(photographs):
        for name, predict in contenders.items():
            start = time.perf_counter()
            predict([photograph])
            found[name].append(time.perf_counter() - start)
        click.echo(
            f"\r{number + 1} of {len(photographs)}, load {os.getloadavg()[0]:.1f} ", nl=False, err=True
        )
    click.echo(err=True)
    return found


def _at_once(contenders: dict[str, Predict], photographs: list[bytes], rounds: int) -> dict[str, list[tuple]]:
    """(seconds of the whole, seconds of each request) of each round; in process one batch of all."""
    found: dict[str, list[tuple]] = {name: [] for name in contenders}
    with ThreadPoolExecutor(len(photographs)) as pool:
        for _ in range(rounds):
            for name, predict in contenders.items():
                start = time.perf_counter()
                if name == "in process":
                    predict(photographs)
                    each = [time.perf_counter() - start]
                else:
                    each = list(pool.map(functools.partial(_timed, predict), photographs))
                found[name].append((time.perf_counter() - start, each))
    return found


def _timed(predict: Predict, photograph: bytes) -> float:
    start = time.perf_counter()
    predict([photograph])
    return time.perf_counter() - start


def _print(alone: dict[str, list[float]], together: dict[str, list[tuple]], clients: int) -> None:
    table = Table(
        title="times of in-process: medians of the ratios, photograph by photograph, round by round"
    )
    for column in ("", "one: p50 s", "p99 s", "images/s", "time of in-process", f"{clients}: p50 s", "p99 s"):
        table.add_column(column, justify="right" if column else "left")
    table.add_column("images/s", justify="right")
    table.add_column("rate of the batch", justify="right")
    for name, seconds in alone.items():
        ratio = statistics.median(a / b for a, b in zip(seconds, alone["in process"], strict=True))
        rounds = together[name]
        each = [second for _, requests in rounds for second in requests]
        rate = statistics.median(clients / whole for whole, _ in rounds)
        faster = statistics.median(
            batch / whole for (whole, _), (batch, _) in zip(rounds, together["in process"], strict=True)
        )
        row = [*_percentiles(seconds), f"{1 / statistics.mean(seconds):.2f}", f"{ratio:.3f}"]
        table.add_row(name, *row, *_percentiles(each), f"{rate:.2f}", f"{faster:.2f}")
    Console(width=130).print(table)


def _percentiles(seconds: list[float]) -> list[str]:
    return [f"{np.percentile(seconds, share):.3f}" for share in (50, 99)]


if __name__ == "__main__":
    main()
