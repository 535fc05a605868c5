"""ScoreImages, as the Scorer and `vgg evaluate` run it, against the trained net and the exported one."""

import dataclasses

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, NET, encode, example, pixels, softmax
from helpers.serving.image_kinds import MOST_PIXELS, REFUSED, TAKEN

from components.evaluation.model_evaluation import local_pipeline
from components.evaluation.posteriors import ScoredImage, from_record, partition_of
from components.evaluation.scoring_on_beam import ScoreImages, layout_of_model
from models.errors import InputError
from models.label_space import Correspondence
from models.protocols import Method
from models.vgg import build
from serving.saved_model.export import export

pytestmark = pytest.mark.slow  # an export, and several runs of Beam

# At Q = 64 nothing is rescaled and the net has one place: the answer of the net that is trained on crops.
PICTURES = [encode(64, 64, "PNG", seed=seed) for seed in range(5)]
BROKEN = b"no picture"


@pytest.fixture(scope="module")
def trained():
    model = build(NET, seed=3)
    kernel, bias = model.get_layer("fc8").get_weights()
    model.get_layer("fc8").set_weights([kernel * 3, np.linspace(-0.5, 0.5, bias.size)])
    return model


@pytest.fixture(scope="module")
def model(trained, tmp_path_factory) -> str:
    """Exported with another protocol than it is scored under."""
    path = str(tmp_path_factory.mktemp("model") / "1")
    export(trained, NET, dataclasses.replace(HEAD, shorter_sides=(96,), most_pixels=MOST_PIXELS), path)
    return path


def _record(name: str, label: int, encoded: bytes) -> bytes:
    example = tf.train.Example()
    example.features.feature["image/encoded"].bytes_list.value.append(encoded)
    example.features.feature["image/filename"].bytes_list.value.append(name.encode())
    example.features.feature["image/class/label"].int64_list.value.append(label)
    return example.SerializeToString(deterministic=True)


def _scored(
    model: str, records: list[bytes], folder, partitions: int = 2, side: int = 64
) -> dict[str, ScoredImage]:
    """By the image's name, each from the partition that its key says."""
    with local_pipeline() as pipeline:
        found = (
            pipeline
            | beam.Create(records)
            | ScoreImages(model, Method.DENSE, side, layout_of_model(model), Correspondence(), partitions)
        )
        for number in range(partitions):
            _ = found[str(number)] | f"Write{number}" >> beam.io.WriteToTFRecord(str(folder / str(number)))
    images = {}
    for number in range(partitions):
        files = [str(path) for path in folder.glob(f"{number}-*")]
        for record in tf.data.TFRecordDataset(files).as_numpy_iterator():
            scored = from_record(record)
            assert partition_of(scored.image.key, partitions) == number
            images[scored.image.name] = scored
    return images


def test_posteriors_of_images_and_flips_are_the_trained_nets(trained, model, tmp_path):
    records = [_record(f"{n}.png", n + 1, picture) for n, picture in enumerate(PICTURES)]
    found = _scored(model, records, tmp_path)
    assert sorted(found) == [f"{n}.png" for n in range(5)]
    for n, picture in enumerate(PICTURES):
        seen, scored = pixels(picture), found[f"{n}.png"]
        np.testing.assert_allclose(scored.plain, softmax(trained(seen[np.newaxis]).numpy())[0], atol=1e-5)
        turned = softmax(trained(seen[np.newaxis, :, ::-1]).numpy())[0]
        np.testing.assert_allclose(scored.flipped, turned, atol=1e-5)
        assert (scored.decodes, scored.image.label) == (True, n)
        assert scored.class_name == HEAD.class_names[n]


def test_an_image_that_does_not_decode_has_the_same_posterior_for_each_class(model, tmp_path):
    """So that it is an error whatever its class; and its neighbours are not disturbed."""
    alone = _scored(model, [_record("a", 1, PICTURES[0])], tmp_path / "alone")
    found = _scored(model, [_record("x", 3, BROKEN), _record("a", 1, PICTURES[0])], tmp_path / "both")
    assert (found["x"].decodes, found["a"].decodes) == (False, True)
    for posterior in (found["x"].plain, found["x"].flipped):
        np.testing.assert_allclose(posterior, np.full(7, 1 / 7), rtol=1e-6)
    np.testing.assert_allclose(found["a"].plain, alone["a"].plain, atol=1e-6)


def test_a_label_that_the_model_has_no_class_for_is_refused(model, tmp_path):
    with pytest.raises(Exception, match=r"image x: class 7; expected 0\.\.6") as raised:
        _scored(model, [_record("x", 8, PICTURES[0])], tmp_path)
    assert "InputError" in repr(raised.value) or isinstance(raised.value, InputError)


@pytest.fixture(scope="module")
def evaluated(model, tmp_path_factory) -> dict[str, ScoredImage]:
    """Each kind of image, at the one Q that the model is exported with."""
    records = [_record(name, 1, encoded) for name, encoded in {**TAKEN, **REFUSED}.items()]
    return _scored(model, records, tmp_path_factory.mktemp("evaluated"), side=96)


@pytest.fixture(scope="module")
def served(model):
    return tf.saved_model.load(model).signatures


@pytest.mark.parametrize("kind", TAKEN)
def test_evaluation_and_serving_give_an_image_the_same_posterior(evaluated, served, kind):
    answer = served["serving_default"](image_bytes=tf.constant([TAKEN[kind]]))["probabilities"][0]
    scored = evaluated[kind]
    assert scored.decodes
    np.testing.assert_allclose((scored.plain + scored.flipped) / 2, answer, rtol=0, atol=1e-5)
    by_example = served["examples"](examples=tf.constant([example(TAKEN[kind])]))["probabilities"][0]
    np.testing.assert_allclose(by_example, answer, rtol=0, atol=1e-5)


def test_the_kinds_have_posteriors_of_their_own(evaluated):
    """Without this, the comparison above would hold for a net that says nothing; two pairs look alike."""
    posteriors = np.stack([evaluated[kind].plain for kind in TAKEN])
    apart = np.abs(posteriors[:, np.newaxis] - posteriors).max(axis=2)
    assert (apart > 1e-3).sum() >= len(TAKEN) * (len(TAKEN) - 1) - 4


@pytest.mark.parametrize("kind", REFUSED)
def test_what_serving_refuses_evaluation_counts_as_undecodable(evaluated, served, kind):
    with pytest.raises(tf.errors.InvalidArgumentError, match="image_bytes"):
        served["serving_default"](image_bytes=tf.constant([REFUSED[kind]]))
    uniform = np.full(7, 1 / 7, np.float32)
    scored = evaluated[kind]
    assert not scored.decodes
    by_example = served["examples"](examples=tf.constant([example(REFUSED[kind])]))["probabilities"][0]
    for posterior in (scored.plain, scored.flipped, by_example):
        np.testing.assert_allclose(posterior, uniform, rtol=1e-6)
