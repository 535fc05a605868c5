"""What a platform (a TFX and its TensorFlow) makes, and what the other platform must make of it.

    python tests/platforms/handed_over.py FOLDER [--without-run]

writes into FOLDER, by this platform's own commands: the compiled pipeline; a data set; a model with its
answers, its evaluation and a net trained on from it; and a home folder whose run was stopped in its training.
`.ci/two_platforms.sh` has each platform do that for the other.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tfx.dsl.compiler.compiler import Compiler

from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.recipe import TrainerConfig, Training
from components.training.train import TrainingFolders, TrainingInputs, train
from models.net import Net
from models.vgg import build
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.pipeline import create_pipeline
from serving.candidate import in_process
from serving.saved_model.export import export
from serving.saved_model.head import Head

BIN = Path(sys.executable).parent
NET = Net("A", classes=10, width=16, input_size=64)
MEAN_RGB = (120.0, 118.0, 110.0)
IMAGES, STEPS, PREEMPTED = 8, 3, 75
TRAINED_PER_CLASS, VALIDATED_PER_CLASS = 12, 6
EXPERIMENT, EPOCHS = "small-A-64", 12


def hand_over(folder: Path, *, with_run: bool) -> None:
    """All that the module's text lists; the home folder only `with_run`."""
    data, model = folder / "data", folder / "model"
    folder.mkdir(parents=True)
    (folder / "pipeline.json").write_text(compiled_pipeline())
    images = ("--train-per-class", str(TRAINED_PER_CLASS), "--validation-per-class", str(VALIDATED_PER_CLASS))
    _vgg("data", "sample", "--out", str(data), *images)
    export(build(NET, seed=5), NET, _head(), str(model))
    photographs = validation_photographs(data)
    np.savez(
        folder / "answers.npz",
        model=in_process(str(model), photographs),
        trained_on=in_process(str(trained_on(folder, folder / "trained_on")), photographs),
    )
    (folder / "evaluation.json").write_text(json.dumps(evaluation(folder, folder / "evaluated")))
    if with_run:
        _stop_a_run(folder)


def compiled_pipeline() -> str:
    """EXPERIMENT's pipeline as TFX represents it, in JSON: all of cache keys but the data."""
    environment = Environment.from_variables({"VGG_HOME": "/home", "VGG_DATA": "/data"})
    compiled = Compiler().compile(create_pipeline(EXPERIMENTS[EXPERIMENT], environment))
    return json.dumps(json_format.MessageToDict(compiled), indent=1, sort_keys=True)


def validation_photographs(data: Path) -> list[bytes]:
    """The first few encoded photographs of a data set."""
    records = tf.data.TFRecordDataset(sorted(map(str, data.glob("validation-*")))).take(IMAGES)
    parsed = map(tf.train.Example.FromString, records.as_numpy_iterator())
    return [each.features.feature[IMAGENET.image].bytes_list.value[0] for each in parsed]


def trained_on(folder: Path, out: Path) -> Path:
    """The model trained on for STEPS steps, on one device, with all that a training draws at random."""
    training = Training(smallest_side=64, largest_side=80, batch=16, learning_rate=1e-3, most_steps=STEPS)
    inputs = TrainingInputs(
        train=index_of(sorted(map(str, (folder / "data").glob("train-*")))),
        validation=index_of(sorted(map(str, (folder / "data").glob("validation-*")))),
        layout=IMAGENET,
        images=NET.classes * TRAINED_PER_CLASS,
        mean_rgb=np.float32(MEAN_RGB),
        covariance_rgb=np.diag(np.float32([4000.0, 3000.0, 2000.0])),
        class_names=_head().class_names,
        base_model=str(folder / "model"),
    )
    folders = TrainingFolders(*(str(out / name) for name in ("checkpoints", "model", "logs")))
    train(TrainerConfig(NET, training), inputs, folders, tf.distribute.MirroredStrategy(["/cpu:0"]))
    return out / "model"


def evaluation(folder: Path, home: Path) -> dict:
    """What `vgg evaluate --json` says of the model."""
    words = ("--model", str(folder / "model"), "--data", str(folder / "data"), "--home", str(home))
    return json.loads(_vgg("evaluate", *words, "--q", "64,80", "--json"))


def run(folder: Path) -> subprocess.Popen:
    """A run of EXPERIMENT, which has no threshold, in the home folder that is handed over."""
    variables = {"VGG_HOME": folder / "home", "VGG_DATA": folder / "data", "LOCAL_HOME": folder / "tfx"}
    return subprocess.Popen(
        [str(BIN / "tfx"), "run", "create", "--pipeline", "vgg"],
        env={
            **os.environ,
            "VGG_EXPERIMENT": EXPERIMENT,
            **{name: str(path) for name, path in variables.items()},
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def _stop_a_run(folder: Path) -> None:
    """By SIGTERM after the second epoch."""
    started = run(folder)
    for line in started.stdout:
        if "epoch   2" in line:
            started.send_signal(signal.SIGTERM)
    if started.wait() != PREEMPTED:
        raise RuntimeError(f"the run ended with status {started.returncode}, not {PREEMPTED}")


def _head() -> Head:
    return Head(
        mean_rgb=MEAN_RGB,
        class_names=(
            *("disc", "ring", "square", "triangle", "cross"),
            *("star", "stripes", "checkerboard", "dots", "crescent"),
        ),
        shorter_sides=(64, 80),
        flip=True,
        image_key=IMAGENET.image,
        label_key=IMAGENET.label,
        first_label=IMAGENET.first_label,
    )


def _vgg(*words: str) -> str:
    return subprocess.run([str(BIN / "vgg"), *words], stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    hand_over(Path(sys.argv[1]), with_run="--without-run" not in sys.argv[2:])
