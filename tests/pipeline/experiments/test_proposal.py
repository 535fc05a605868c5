"""`vgg experiments new`: a file for a data set, which a run reads."""

from pathlib import Path

import pytest
import tensorflow as tf
from click.testing import CliRunner
from helpers.tfds_records import write_as_tfds

from components.datasets.glance import Glance, glance
from components.datasets.sample import write_sample
from models.errors import InputError
from pipeline.commands.experiments import experiments
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.experiments.experiment_file import read_experiment
from pipeline.experiments.proposal import proposal


@pytest.fixture
def read(tmp_path):
    """The experiment that is proposed for a data set."""

    def read(classes: int | None, images: int, *sides: int):
        text = proposal(Glance(classes, {"train": images, "validation": 10}, sides), "mine")
        (tmp_path / "mine.toml").write_text(text)
        return read_experiment(str(tmp_path / "mine.toml"))

    return read


def test_as_many_photographs_as_flowers_has_get_the_experiment_flowers(read):
    found, flowers = read(5, 498, 240, 320), EXPERIMENTS["flowers"]
    assert found.config.net == flowers.config.net
    assert (found.config.training.batch, found.config.training.learning_rate) == (16, 2.5e-3)
    assert found.config.training.scales == (128, 256)
    assert (found.config.training.most_epochs, found.config.training.drops) == (193, (125, 174))
    assert found.evaluation.shorter_sides == flowers.evaluation.shorter_sides == (144, 176, 208)
    assert not found.fixes_classes


def test_as_many_as_imagenet_get_the_papers_net_crop_batch_and_rate(read):
    found = read(1000, 1_281_167, 375, 400, 500)
    assert (found.config.net.width, found.config.net.input_size) == (1, 224)
    assert (found.config.training.batch, found.config.training.learning_rate) == (256, 1e-2)
    assert found.config.training.most_epochs == 74  # section 3.1: 370K iterations, 74 epochs
    assert found.evaluation.shorter_sides == (252, 308, 364)


@pytest.mark.parametrize(("images", "batch"), [(1, 1), (3, 2), (15, 8), (16, 16), (4_999, 16), (5_000, 32)])
def test_an_epoch_has_at_least_one_whole_batch(read, images, batch):
    assert read(2, images, 200).config.training.batch == batch


@pytest.mark.parametrize(("sides", "crop"), [([70] * 20, 64), ([40, *[100] * 19], 96), ([32], 32)])
def test_the_crop_is_one_that_most_photographs_are_as_large_as(read, sides, crop):
    found = read(3, 100, *sides)
    assert found.config.net.input_size == found.config.training.smallest_side == crop


def test_photographs_that_no_net_can_take_are_refused(read):
    with pytest.raises(InputError, match="90% of the photographs have 20 pixels or more; expected 32"):
        read(3, 100, 20, 20, 300)


@pytest.mark.parametrize(
    ("classes", "bounds"), [(None, []), (1, []), (2, [0.5]), (3, [0.667]), (1500, [0.999])]
)
def test_a_model_that_guesses_is_not_pushed(read, classes, bounds):
    found = read(classes, 100, 200)
    assert [(one.metric, one.most) for one in found.evaluation.thresholds] == [
        ("top1_error", bound) for bound in bounds
    ]


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "sample"
    write_sample(folder, train_per_class=3, validation_per_class=2)
    return folder


def _pixels(folder: Path) -> list[int]:
    found = []
    for shard in sorted(folder.glob("train-*")):
        for record in tf.data.TFRecordDataset(str(shard)).take(16).as_numpy_iterator():
            image = tf.train.Example.FromString(record).features.feature["image/encoded"].bytes_list.value[0]
            found.append(min(tf.io.decode_image(image).shape[:2]))
    return sorted(found)


def test_a_glance_at_a_data_set_of_vgg_data(sample):
    assert glance(sample) == Glance(10, {"train": 30, "validation": 20}, tuple(_pixels(sample)))


def test_a_glance_at_shards_that_nothing_lies_beside(sample, tmp_path):
    for split in ("train", "validation"):
        write_as_tfds(sample, split, tmp_path)
    assert glance(tmp_path) == Glance(None, {"train": 30, "validation": 20}, tuple(_pixels(sample)))


def test_images_without_a_size_are_one_line(sample, tmp_path):
    for split in ("train", "validation"):
        with tf.io.TFRecordWriter(str(tmp_path / f"{split}-00000-of-00001")) as writer:
            example = tf.train.Example()
            for key in ("image/encoded", "image/filename"):
                example.features.feature[key].bytes_list.value.append(b"none")
            example.features.feature["image/class/label"].int64_list.value.append(1)
            writer.write(example.SerializeToString())
    with pytest.raises(InputError, match=r"is a JPEG or PNG file; `vgg data check`"):
        glance(tmp_path)


def test_the_command_writes_a_file_once(sample, tmp_path):
    out = tmp_path / "mine.toml"
    words = ["new", "--data", str(sample), "--out", str(out)]
    ended = CliRunner().invoke(experiments, words)
    assert ended.exit_code == 0, ended.output
    assert f"vgg run --data {sample} --experiment {out}" in ended.output
    found = read_experiment(str(out))
    assert found.name == "mine"
    assert all(len(line) <= 110 for line in out.read_text().splitlines())
    out.write_text("mine")
    assert "is there already" in str(CliRunner().invoke(experiments, words).exception)
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [("mine", "ends in .toml"), ("demo.toml", "built-in"), ("no/where.toml", "another place")],
)
def test_a_place_that_cannot_be_is_one_line(sample, tmp_path, name, said):
    ended = CliRunner().invoke(experiments, ["new", "--data", str(sample), "--out", str(tmp_path / name)])
    assert isinstance(ended.exception, InputError)
    assert said in str(ended.exception)
