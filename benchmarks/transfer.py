"""A trained net for classes that it has not seen: an SVM on its descriptors, fine-tuning, and random weights.

    python -m benchmarks.transfer --model MODEL --photographs FOLDER

FOLDER holds CLASS/*.jpg. For each seed, a few photographs of each class are drawn to train on, and all others
test. `svm` and `finetune` are the experiments `transfer` and `finetune` with MODEL's net; `random` trains the
same net from random weights, at the rate of the experiment `flowers`. Each is exported, and its
serving_default classifies the test photographs. In brackets 95 % intervals over images (Wilson) of one seed;
of the mean over seeds, Student's.
"""

import dataclasses
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import tensorflow as tf
from scipy import stats

from benchmarks.machine import machine
from components.datasets.folders import write_folders
from components.datasets.image_files import SUFFIXES
from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.datasets.selection import Options
from components.datasets.shards import TRAINING, find_shards
from components.evaluation.model_evaluation import local_pipeline
from components.recipe import TrainerConfig
from components.training.train import TrainingFolders, TrainingInputs, train
from components.transfer.described import read_described
from components.transfer.descriptors import describe_splits
from components.transfer.svm_trainer import net_with_svm
from models import images
from models.initial_weights import take_weights
from models.pixel_moments import mean_and_covariance, pixel_moments
from models.vgg import build
from pipeline.experiments.base_net import with_net_of_base
from pipeline.experiments.catalogue import EXPERIMENTS
from serving.saved_model.description import describe
from serving.saved_model.export import export, export_again

EPOCHS, DROPS = 120, (80, 110)
VISITS = 10
"""Of each photograph in an epoch, of which there are so many fewer: to begin one takes seconds."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One draw of photographs.

    Attributes:
        data: folder of TFRecords; its validation split is what tests.
        test: (encoded, class) of each photograph of it.
        classes: their names, in label order.
        base: folder of the model to start from.
        work: a folder for what is written.
        seed: of the draw and of the training.
    """

    data: str
    test: list[tuple[bytes, str]]
    classes: tuple[str, ...]
    base: str
    work: Path
    seed: int


@click.command(help=__doc__.partition("\n")[0])
@click.option("--model", required=True, type=click.Path(exists=True, file_okay=False))
@click.option("--photographs", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--each", default=10, show_default=True, help="Photographs of each class to train on.")
@click.option("--seeds", default="1,2,3", show_default=True)
def main(model, photographs, each, seeds):
    click.echo(machine("tensorflow", "scikit-learn"))
    methods = {"svm": _svm, "finetune": _finetune, "random": _random}
    errors = {name: [] for name in methods}
    with tempfile.TemporaryDirectory() as folder:
        for seed in map(int, seeds.split(",")):
            trial = _draw(photographs, Path(folder, str(seed)), model, each, seed)
            for name, method in methods.items():
                begin = time.monotonic()
                wrong = _wrong(method(trial), trial)
                errors[name].append(wrong / len(trial.test))
                interval = _wilson(wrong, len(trial.test))
                click.echo(
                    f"seed {seed} {name}: {wrong} of {len(trial.test)} wrong, {wrong / len(trial.test):.1%} "
                    f"{interval}, {time.monotonic() - begin:.0f} s, load {os.getloadavg()[0]:.1f}"
                )
    for name, found in errors.items():
        click.echo(f"{name}: {np.mean(found):.1%} {_student(found)}")


def _draw(photographs: Path, work: Path, model: str, each: int, seed: int) -> Trial:
    for folder in sorted(path for path in photographs.iterdir() if path.is_dir()):
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        drawn = set(random.Random(f"{seed} {folder.name}").sample(files, each))
        for split in ("train", "val"):
            (work / "photographs" / split / folder.name).mkdir(parents=True)
        for file in files:
            split = "train" if file in drawn else "val"
            (work / "photographs" / split / folder.name / file.name).symlink_to(file.absolute())
    made = write_folders(work / "photographs", work / "data", Options(train_shards=1, keep_repeated=True))
    test = [(file.read_bytes(), file.parent.name) for file in sorted((work / "photographs/val").glob("*/*"))]
    return Trial(str(made.folder), test, tuple(each.text for each in made.categories), model, work, seed)


def _svm(trial: Trial) -> str:
    entry = with_net_of_base(EXPERIMENTS["transfer"], describe(trial.base)[0])
    files = {"train": find_shards(trial.data, TRAINING)}
    found = []
    for side in entry.evaluation.shorter_sides:
        folder = str(trial.work / f"described-{side}")
        with local_pipeline() as pipeline:
            describe_splits(pipeline, files, {"train": folder}, trial.base, side, flip=True)
        found.append(tf.io.gfile.glob(f"{folder}/*"))
    described = read_described(found, len(trial.classes))
    weights, _, _ = net_with_svm(trial.base, described, trial.seed, several_labels=False)
    net = dataclasses.replace(entry.config.net, classes=len(trial.classes))
    model = build(net)
    take_weights(model, weights)
    head = dataclasses.replace(
        describe(trial.base)[1],
        class_names=trial.classes,
        synsets=trial.classes,
        shorter_sides=entry.evaluation.shorter_sides,
    )
    return _exported(trial, "svm", lambda path: export(model, net, head, path))


def _finetune(trial: Trial) -> str:
    entry = with_net_of_base(EXPERIMENTS["finetune"], describe(trial.base)[0])
    return _trained(trial, "finetune", entry.config, entry.evaluation.shorter_sides, trial.base)


def _random(trial: Trial) -> str:
    entry = with_net_of_base(EXPERIMENTS["finetune"], describe(trial.base)[0])
    training = dataclasses.replace(
        entry.config.training,
        learning_rate=EXPERIMENTS["flowers"].config.training.learning_rate,
        last_layer_rate=1.0,
        new_last_layer=False,
        most_epochs=EPOCHS,
        drops=DROPS,
    )
    config = dataclasses.replace(entry.config, training=training)
    return _trained(trial, "random", config, entry.evaluation.shorter_sides, "")


def _trained(trial: Trial, name: str, config: TrainerConfig, sides: tuple[int, ...], base: str) -> str:
    once = index_of(find_shards(trial.data, TRAINING))
    records = dataclasses.replace(
        once, **{name: np.tile(getattr(once, name), VISITS) for name in ("shard", "offset", "length")}
    )
    mean, covariance = _colour(once.files)
    inputs = TrainingInputs(
        train=records,
        validation=once,  # nothing is decided on it: the drops are fixed
        layout=IMAGENET,
        images=len(records),
        mean_rgb=mean,
        covariance_rgb=covariance,
        class_names=trial.classes,
        synsets=trial.classes,
        base_model=base,
    )
    config = dataclasses.replace(
        config,
        net=dataclasses.replace(config.net, classes=len(trial.classes)),
        training=dataclasses.replace(
            config.training,
            seed=trial.seed,
            most_epochs=config.training.most_epochs // VISITS,
            drops=tuple(after // VISITS for after in config.training.drops),
        ),
    )

    def write(path: str) -> None:
        folders = TrainingFolders(
            *(str(trial.work / name / part) for part in ("checkpoints", "model", "logs"))
        )
        train(config, inputs, folders, tf.distribute.get_strategy())
        export_again(folders.model, path, shorter_sides=sides, flip=True)

    return _exported(trial, name, write)


def _colour(files: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Mean RGB and its covariance over all pixels."""
    summed = tf.zeros([13], tf.float64)
    for record in tf.data.TFRecordDataset(list(files)).as_numpy_iterator():
        encoded = tf.train.Example.FromString(record).features.feature[IMAGENET.image].bytes_list.value[0]
        summed += pixel_moments(images.decode(encoded))
    mean, covariance = mean_and_covariance(summed)
    return mean.numpy(), covariance.numpy()


def _exported(trial: Trial, name: str, write: Callable[[str], None]) -> str:
    path = str(trial.work / f"{name}-exported")
    write(path)
    return path


def _wrong(model: str, trial: Trial) -> int:
    run = tf.saved_model.load(model).signatures["serving_default"]
    best = [run(image_bytes=tf.constant([encoded]))["top_classes"].numpy()[0, 0] for encoded, _ in trial.test]
    return sum(name.decode() != own for name, (_, own) in zip(best, trial.test, strict=True))


def _wilson(wrong: int, images: int) -> str:
    low, high = stats.binomtest(wrong, images).proportion_ci(method="wilson")
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def _student(errors: list[float]) -> str:
    if len(errors) < 2:
        return ""
    reach = stats.t.ppf(0.975, len(errors) - 1) * stats.sem(errors)
    return f"[{100 * max(0.0, np.mean(errors) - reach):.1f}, {100 * min(1.0, np.mean(errors) + reach):.1f}]"


if __name__ == "__main__":
    main()
