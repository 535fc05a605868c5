"""Training killed at any moment goes on from its checkpoint, to the weights of an undisturbed run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

# Trains a narrow net for three epochs of five steps on JPEG TFRecords, with dropout, jitter, flips and colour
# shift, a checkpoint after every step, and writes its weights.
SCRIPT = """
import sys
import keras, numpy as np, tensorflow as tf
from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.training.input_pipeline import Augmentation, Source, training_crops, validation_crops
from components.recipe import Training
from components.training.loop import Data, Loop
from models.errors import Preempted
from models.net import Net
from models.vgg import build
records, folder, out = sys.argv[1:]
training = Training(smallest_side=32, largest_side=48, batch=4, most_epochs=3, drops=(2,), learning_rate=1e-3)
source = Source(index_of([records]), IMAGENET)
colours = np.diag([5.0, 1.0, 0.5]).astype(np.float32)
augmentation = Augmentation(training.scales, 32, (120.0, 115.0, 100.0), colours, seed=3)
keras.utils.set_random_seed(3)
strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
with strategy.scope():
    model = build(Net("A", classes=4, width=16, input_size=32), seed=3)
    loop = Loop(model, training, strategy)
data = Data(
    epoch=lambda epoch, first: training_crops(source, augmentation, epoch, first),
    validation=validation_crops(source, side=40, size=32, mean_rgb=augmentation.mean_rgb),
    images=23,
)
try:
    loop.run(data, folder, checkpoint_seconds=0.0)
except Preempted as stopped:
    print(stopped)
    sys.exit(75)
sys.stdin.read()  # to its end: what is to be killed does not end before it is
np.savez(out, *model.get_weights())
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def records(tmp_path_factory) -> Path:
    """24 photographs of random pixels, one of which does not decode."""
    path = tmp_path_factory.mktemp("records") / "train"
    generator = np.random.default_rng(0)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(24):
            pixels = generator.integers(0, 256, (60, 50 + number, 3), np.uint8)
            example = tf.train.Example()
            encoded = b"no image" if number == 7 else tf.io.encode_jpeg(pixels).numpy()
            example.features.feature["image/encoded"].bytes_list.value.append(encoded)
            example.features.feature["image/class/label"].int64_list.value.append(1 + number % 4)
            writer.write(example.SerializeToString())
    return path


@pytest.fixture(scope="module")
def undisturbed(records, tmp_path_factory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert _start(records, folder).wait() == 0
    return dict(np.load(folder / "weights.npz"))


def test_killed_stopped_and_killed_again_it_ends_with_the_same_bits(records, undisturbed, tmp_path):
    """Killed in the first epoch, stopped by SIGTERM in the second, killed in the last: wherever in a step."""
    _kill_after_step(records, tmp_path, 1)
    stopped = _start(records, tmp_path, stdin=subprocess.PIPE)
    _wait_for_step(tmp_path, 7)
    stopped.send_signal(signal.SIGTERM)
    said = stopped.communicate()[0]
    assert "going on after step" in said
    assert "stopped by SIGTERM after step" in said
    assert stopped.returncode == 75
    _kill_after_step(records, tmp_path, 13)
    assert not (tmp_path / "weights.npz").exists()
    again = _start(records, tmp_path)
    assert "going on after step" in again.communicate()[0]
    resumed = dict(np.load(tmp_path / "weights.npz"))
    assert all(np.array_equal(resumed[name], undisturbed[name]) for name in undisturbed)


def _kill_after_step(records: Path, folder: Path, step: int) -> None:
    first = _start(records, folder, stdin=subprocess.PIPE)
    _wait_for_step(folder, step)
    first.kill()
    first.wait()


def _start(records: Path, folder: Path, stdin: int = subprocess.DEVNULL) -> subprocess.Popen:
    command = [
        sys.executable,
        "-c",
        SCRIPT,
        str(records),
        str(folder / "checkpoints"),
        str(folder / "weights"),
    ]
    return subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ
    )


def _wait_for_step(folder: Path, step: int) -> None:
    deadline = time.monotonic() + 300
    while _newest_step(folder) < step:
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.02)


def _newest_step(folder: Path) -> int:
    """Of the checkpoint that a restart would find: its files are there a moment before it counts."""
    newest = tf.train.latest_checkpoint(str(folder / "checkpoints"))
    return int(newest.rpartition("-")[2]) if newest else -1
