"""Too little memory, and a disk that fills, in processes of their own whose limits are lowered on the way."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from components.recipe import Training
from components.training.loop import Data, Loop
from components.training.step import TrainingStep
from models.errors import InputError
from models.net import Net
from models.vgg import build

# Trains a narrow net for two epochs of one step: for "memory" with so many MiB more than the net took, for
# "files" the second with files limited to so many KiB.
SCRIPT = """
import pathlib, resource, signal, sys
import numpy as np
import tensorflow as tf
from components.recipe import Training
from components.training.loop import Data, Loop
from components.training.step import TrainingStep
from models.errors import InputError
from models.net import Net
from models.vgg import build
folder, limit, amount, width, batch = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])

pages = 0

def epoch(number, first):
    if pages and limit == "memory":
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (amount << 20),) * 2)
    return tf.data.Dataset.from_tensors((tf.ones([32, 32, 3]), 1, first)).repeat(batch)

def trained(self, batch, step, train=TrainingStep.train):
    if step == 1 and limit == "files":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # or the process is killed where a disk would say no
        resource.setrlimit(resource.RLIMIT_FSIZE, (amount << 10,) * 2)
    return train(self, batch, step)

TrainingStep.train = trained
strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
with strategy.scope():
    model = build(Net("A", classes=3, width=width, input_size=32), seed=1)
    loop = Loop(model, Training(most_epochs=2, drops=(9,), batch=batch, learning_rate=1e-3), strategy)
validation = epoch(0, 0).take(4).map(lambda crop, label, place: (crop, label))
pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
try:
    loop.run(Data(epoch, validation, batch), folder)
except InputError as error:
    print("LINE", error)
"""


def _ended(folder, *arguments) -> str:
    """What the InputError said."""
    command = [sys.executable, "-c", SCRIPT, str(folder), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ)
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("LINE"))
    return line.removeprefix("LINE ")


@pytest.mark.slow
def test_no_memory_for_the_crops_says_what_to_lower(tmp_path):
    """The crops of 200000 images are 2.4 GB, and 1.2 are left: enough for the threads, without which
    TensorFlow ends the process.
    """
    line = _ended(tmp_path, "memory", 1200, 16, 200000)
    assert line.startswith("training: no memory for a batch of 200000 (")  # MemoryError, or TensorFlow's
    assert line.endswith("); lower the experiment's batch or train in bfloat16")


@pytest.mark.slow
def test_a_disk_that_fills_after_the_first_checkpoint_loses_nothing(tmp_path):
    """Files are limited to 100 KiB, less than the weights, as a disk has no such limit for a test to set."""
    line = _ended(tmp_path, "files", 100, 16, 4)
    assert line.startswith(f"checkpoint folder {tmp_path}: cannot be written (")
    assert "earlier checkpoints are kept" in line
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "ckpt-1")
    reader = tf.train.load_checkpoint(str(tmp_path))
    saved = [reader.get_tensor(f"variables/{n}/.ATTRIBUTES/VARIABLE_VALUE") for n in range(22)]
    assert all(np.isfinite(weight).all() for weight in saved)
    assert not [path.name for path in tmp_path.glob("ckpt-2*")]
    assert "cannot be written" in _ended(tmp_path, "files", 100, 16, 4)  # goes on after step 1, and again


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (MemoryError(), "MemoryError"),
        (
            tf.errors.ResourceExhaustedError(None, None, "{{node a}} OOM when allocating tensor\nHint: ..."),
            "OOM when allocating tensor",
        ),
    ],
)
def test_no_memory_for_a_step_says_what_to_lower(tmp_path, monkeypatch, error, cause):
    """A stand-in, the step, raises it: under a limit of memory TensorFlow's step ends the process instead
    ("pthread_create failed").
    """

    def train(self, batch, step):
        raise error

    monkeypatch.setattr(TrainingStep, "train", train)
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        loop = Loop(build(Net("A", classes=3, width=64, input_size=32)), Training(batch=4), strategy)
    crops = tf.data.Dataset.from_tensors((tf.zeros([32, 32, 3]), 0, tf.constant(0, tf.int64))).repeat(4)
    held_out = crops.map(lambda crop, label, place: (crop, label))
    with pytest.raises(InputError) as caught:
        loop.run(Data(lambda epoch, first: crops, held_out, 4), str(tmp_path))
    advice = "lower the experiment's batch or train in bfloat16"
    assert str(caught.value) == f"training: no memory for a batch of 4 ({cause}); {advice}"
