"""Ways to ask one model: in this process, and servers over gRPC and REST; and clients that ask at once."""

import functools
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc

from benchmarks.report import Report
from benchmarks.rounds import Sample
from serving import client
from serving.model_server import TF_SERVING, ModelServer, server_command

Predict = Callable[[list[bytes]], object]
IN_PROCESS = "in process"
HEAD = {
    "mean_rgb": (123.7, 116.8, 103.9),
    "class_names": tuple(f"class {number}" for number in range(1000)),
    "image_key": "image/encoded",
    "label_key": "image/class/label",
    "first_label": 1,
}


def photographs_of(data: Path, most: int) -> list[bytes]:
    """Encoded, from the validation shards of a folder by `vgg data folders`; few are taken again."""
    import tensorflow as tf

    files = sorted(map(str, data.glob("validation-*")))
    spec = {HEAD["image_key"]: tf.io.FixedLenFeature([], tf.string)}
    records = tf.data.TFRecordDataset(files).repeat().take(most)
    parsed = records.map(lambda record: tf.io.parse_single_example(record, spec)[HEAD["image_key"]])
    return list(parsed.as_numpy_iterator())


def export_untrained(base: Path, side: int, width: int) -> str:
    """Net D in a folder base/1: its time does not depend on its weights. The model's path."""
    from models.net import Net
    from models.vgg import build
    from serving.saved_model.export import export
    from serving.saved_model.signatures import Head

    net = Net("D", width=width)
    path = str(base / "1")
    export(build(net), net, Head(shorter_sides=(side,), flip=True, **HEAD), path)
    return path


def in_process(path: str, signature: str) -> Predict:
    """The SavedModel, loaded here."""
    import tensorflow as tf

    run = tf.saved_model.load(path).signatures[signature]
    return lambda photographs: run(image_bytes=tf.constant(photographs))["top_classes"].numpy()


@contextmanager
def served(base: str, signature: str, report: Report) -> Iterator[dict[str, Predict]]:
    """`vgg serve`, and TF Serving where it is installed, each over gRPC and REST."""
    servers = {"vgg serve": [sys.executable, "-m", "serving.server", "--no_log_requests"]}
    if server_command()[0].endswith(TF_SERVING):
        servers["TF Serving"] = server_command()
    else:
        report.note(f"TF Serving: no {TF_SERVING} on the PATH, left out")
    with ExitStack() as stack:
        found = {}
        for name, command in servers.items():
            server = stack.enter_context(ModelServer(base, command=command))
            channel = stack.enter_context(grpc.insecure_channel(server.address))
            found[f"{name}, gRPC"] = _grpc(channel, signature)
            found[f"{name}, REST"] = _rest(server.rest, signature)
        yield found


def first_answer(base: str, signature: str, photograph: bytes, *, warm_up: bool) -> tuple[float, float]:
    """(seconds from the start of `vgg serve` until it serves, of the first answer after that)."""
    command = [sys.executable, "-m", "serving.server", "--no_log_requests"]
    command.append(f"--enable_model_warmup={'true' if warm_up else 'false'}")
    begin = time.perf_counter()
    with ModelServer(base, command=command) as server, grpc.insecure_channel(server.address) as channel:
        serves = time.perf_counter()
        _grpc(channel, signature)([photograph])
        return serves - begin, time.perf_counter() - serves


def at_once(predict: Predict, photographs: list[bytes], latencies: list[float]) -> Sample:
    """As many clients as photographs, each with one; adds each one's seconds to `latencies`.

    Its processor time is not known: the server is another process.
    """
    begin = time.perf_counter()
    with ThreadPoolExecutor(len(photographs)) as pool:
        latencies += pool.map(functools.partial(_timed, predict), photographs)
    return Sample(time.perf_counter() - begin, None, len(photographs))


def in_one_batch(predict: Predict, photographs: list[bytes], latencies: list[float]) -> Sample:
    """All photographs in one request, which is what the model can do at best."""
    seconds = _timed(lambda one: predict(photographs), b"")
    latencies.append(seconds)
    return Sample(seconds, None, len(photographs))


def _timed(predict: Callable, photograph: bytes) -> float:
    start = time.perf_counter()
    predict([photograph])
    return time.perf_counter() - start


def _grpc(channel: grpc.Channel, signature: str) -> Predict:
    return lambda photographs: client.classify(photographs, signature=signature, timeout=600, channel=channel)


def _rest(address: str, signature: str) -> Predict:
    return lambda photographs: client.classify_by_rest(photographs, address, signature=signature, timeout=600)
