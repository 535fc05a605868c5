"""A narrow pushed model and `vgg serve` in this process, for tests of clients."""

import asyncio
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("tench", "goldfish", "shark", "hen", "Käfer", "class 5", "owl")
VERSION = 1700000000


def push_narrow_model(base: Path) -> Path:
    """Net A at 1/4 width, untrained, crop 64, three Q, seven classes; returns the folder of its version.

    Without its warm-up requests, which take each server seconds: tests/serving/server/test_warm_up.py.
    Tests that change nothing in it take the fixture `pushed`, which is made once for all of them.
    """
    from models.net import Net
    from models.vgg import build
    from serving.saved_model.export import export
    from serving.saved_model.signatures import Head
    from serving.server.versions.warm_up import WARM_UP

    net = Net("A", classes=len(CLASSES), width=16, input_size=64)
    head = Head(
        mean_rgb=(123.0, 117.0, 104.0),
        class_names=CLASSES,
        shorter_sides=(64, 80, 96),
        flip=True,
        image_key="image/encoded",
        label_key="image/class/label",
        first_label=1,
    )
    model = build(net, seed=2)
    fc8 = model.get_layer("fc8")
    kernel, bias = fc8.get_weights()
    # So that its answers differ clearly between classes and images, as a trained net's do.
    fc8.set_weights([kernel * 3, np.linspace(-0.5, 0.5, bias.size)])
    export(model, net, head, str(base / str(VERSION)))
    (base / str(VERSION) / WARM_UP).unlink()
    return base / str(VERSION)


def picture(seed: int, width: int = 90, height: int = 70, form: str = "JPEG") -> bytes:
    """A coarse pattern, another for each seed."""
    coarse = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8))
    buffer = io.BytesIO()
    coarse.resize((width, height)).save(buffer, form)
    return buffer.getvalue()


@contextmanager
def serving(base: Path, **options) -> Iterator:
    """A started serving.server.server.Server on free ports of 127.0.0.1, on a thread of its own."""
    from serving.server.event_log import EventLog
    from serving.server.options import Options
    from serving.server.server import Server

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait_for(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(120)

    async def make() -> Server:
        given = {"model_base_path": str(base), "port": -1, "rest_api_port": -1, "grace_period_seconds": 5.0}
        return Server(Options(**given, **options), log=EventLog(io.StringIO()))

    server = wait_for(make())
    try:
        wait_for(server.start())
        yield server
    finally:
        wait_for(server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
