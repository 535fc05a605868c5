"""Models meet data, and one another, whose classes are numbered otherwise: the figures stay the same."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, NET, encode

from components.datasets.layouts import IMAGENET, TFDS
from components.evaluation.averaging_plan import AVERAGE
from components.evaluation.data_labels import read_labels
from components.evaluation.model_evaluation import evaluate_models, find_examples
from components.recipe import Evaluation
from models import vgg
from models.errors import InputError
from models.fully_convolutional import fully_convolutional
from models.protocols import Method
from models.view_scorer import Scores, ViewScorer
from serving.saved_model.description import DESCRIPTION
from serving.saved_model.export import export

NAMES = ("ant", "bee", "cat", "dog", "emu", "fox", "gnu")
IDS = tuple(f"n{number:02d}" for number in range(len(NAMES)))
# In the other data set the class of label k is NAMES[ORDER[k]]; not its own inverse.
ORDER = (3, 0, 6, 1, 5, 2, 4)
IMAGES = [encode(64 + 7 * number, 90, "PNG", seed=number) for number in range(12)]
ONE_SCALE = Evaluation((64,), flip=False)


def _model(path: Path, trained, names: Sequence[str] = NAMES, synsets: Sequence[str] = ()) -> str:
    head = dataclasses.replace(HEAD, class_names=tuple(names), synsets=tuple(synsets), shorter_sides=(64,))
    export(trained, NET, head, str(path))
    return str(path)


def _reordered(trained, order: Sequence[int]):
    """The same net with the outputs of its last layer in another order."""
    other = vgg.build(NET, seed=1)
    other.set_weights(trained.get_weights())
    kernel, bias = other.get_layer("fc8").get_weights()
    other.get_layer("fc8").set_weights([kernel[..., list(order)], bias[list(order)]])
    return other


def _trained():
    """Random, but with a last layer under which each class scores the same on average over IMAGES."""
    net = vgg.build(NET, seed=0)
    kernel, bias = net.get_layer("fc8").get_weights()
    mean = np.mean([np.log(scores.plain) for scores in _scores(net)], axis=0)
    net.get_layer("fc8").set_weights([50 * kernel, 50 * (bias - mean)])
    return net


def _scores(net) -> list[Scores]:
    scorer = ViewScorer(
        fully_convolutional(net, NET),
        method=Method.DENSE,
        shorter_side=64,
        input_size=NET.input_size,
        mean_rgb=HEAD.mean_rgb,
    )
    return list(scorer(IMAGES))


def _data(folder: Path, labels: Sequence[int], names: Sequence[str] | None = NAMES, layout=IMAGENET) -> str:
    """IMAGES with labels 0..6, and the name that such a label has."""
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "validation-00000-of-00001")) as writer:
        for number, (image, label) in enumerate(zip(IMAGES, labels, strict=True)):
            made = tf.train.Example()
            feature = made.features.feature
            feature[layout.image].bytes_list.value.append(image)
            feature[layout.label].int64_list.value.append(label + layout.first_label)
            feature[layout.filename].bytes_list.value.append(f"{number}.png".encode())
            if names and layout.class_text:
                feature[layout.class_text].bytes_list.value.append(names[label].encode())
            writer.write(made.SerializeToString())
    return str(folder)


def _evaluate(folder: Path, models: Sequence[str], data: str):
    """Figures by average and class, and what was said; not that forward passes began."""
    said = []
    figures = evaluate_models(models, find_examples(data), ONE_SCALE, str(folder / "kept"), say=said.append)
    return {(figure.name, figure.of_class): figure for figure in figures}, said


@pytest.fixture(scope="module")
def trained():
    return _trained()


@pytest.fixture(scope="module")
def model(tmp_path_factory, trained) -> str:
    return _model(tmp_path_factory.mktemp("model") / "net", trained)


@pytest.fixture(scope="module")
def labels(trained) -> list[int]:
    """What the net takes IMAGES for, but of three another class: 3 of 12 errors."""
    best = [int(np.argmax(scores.plain)) for scores in _scores(trained)]
    assert len(set(best)) > 3, "a net that says one thing of all images shows nothing"
    return [(label + (number < 3)) % len(NAMES) for number, label in enumerate(best)]


@pytest.mark.slow
def test_the_error_on_data_of_another_order_is_the_same(tmp_path, model, labels):
    plain, silent = _evaluate(tmp_path, [model], _data(tmp_path / "data", labels))
    names = [NAMES[label] for label in ORDER]
    permuted = _data(tmp_path / "other", [ORDER.index(label) for label in labels], names)
    other, said = _evaluate(tmp_path, [model], permuted)
    assert plain[AVERAGE, ""].top1_error.value == pytest.approx(3 / 12)
    assert {
        key: (one.top1_error.value, one.cross_entropy.value, one.images) for key, one in other.items()
    } == {
        key: (pytest.approx(one.top1_error.value), pytest.approx(one.cross_entropy.value), one.images)
        for key, one in plain.items()
    }
    assert {of: figure.label for (_, of), figure in other.items() if of} == {
        NAMES[label]: label for label in labels
    }, "sliced by the model's label"
    assert not any("another order" in line or "trust" in line for line in silent)
    assert f"{model}: its classes are in another order than the data's; matched by their names" in said


@pytest.mark.slow
def test_a_fusion_averages_class_by_class(tmp_path, trained, model, labels):
    """The fusion of a net with itself, its classes in another order, is the net."""
    names = [NAMES[label] for label in ORDER]
    other = _model(tmp_path / "other", _reordered(trained, ORDER), names)
    data = _data(tmp_path / "data", labels)
    for models in ([model, other], [other, model]):
        found, said = _evaluate(tmp_path, models, data)
        assert len([line for line in said if "another order" in line]) == 2
        for name in ("net", "other", AVERAGE):
            assert found[name, ""].top1_error.value == pytest.approx(3 / 12)
            assert found[name, ""].cross_entropy.value == pytest.approx(found["net", ""].cross_entropy.value)


@pytest.mark.slow
def test_classes_of_one_name_are_two_slices_and_show_their_ids(tmp_path, trained, labels):
    first, second = sorted(set(labels))[:2]
    names = ["crane" if label in (first, second) else name for label, name in enumerate(NAMES)]
    found, _ = _evaluate(
        tmp_path, [_model(tmp_path / "net", trained, names, IDS)], _data(tmp_path / "data", labels, names)
    )
    counted = {figure.label: figure.images for (_, of), figure in found.items() if of}
    assert counted == {label: labels.count(label) for label in labels}
    shown = {of for _, of in found if of.startswith("crane")}
    assert shown == {f"crane ({IDS[first]})", f"crane ({IDS[second]})"}


@pytest.mark.slow
@pytest.mark.parametrize("layout", [IMAGENET, TFDS])
def test_data_without_names_are_taken_on_trust_and_this_is_said(tmp_path, model, labels, layout):
    """TFDS has other keys than the data that the model was trained on: the data's own count."""
    found, said = _evaluate(tmp_path, [model], _data(tmp_path / "data", labels, None, layout))
    assert found[AVERAGE, ""].top1_error.value == pytest.approx(3 / 12)
    (line,) = (line for line in said if "trust" in line)
    assert line == "net: the net or the data name no classes; that both number them alike is taken on trust"


def _described(folder: Path, names: Sequence[str]) -> str:
    """What a model says of itself, without its weights."""
    head = dataclasses.replace(HEAD, class_names=tuple(names), synsets=())
    path = folder / DESCRIPTION
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"net": dataclasses.asdict(NET), "head": dataclasses.asdict(head)}))
    return str(folder)


def _no_pass():
    raise AssertionError("a forward pass was begun")


def test_another_class_is_one_line_before_any_forward_pass(tmp_path):
    model = _described(tmp_path / "net", NAMES)
    data = _data(tmp_path / "seven", [label % 7 for label in range(12)], (*NAMES[:6], "yak"))
    with pytest.raises(InputError) as caught:
        evaluate_models([model], find_examples(data), ONE_SCALE, str(tmp_path / "kept"), pipeline=_no_pass)
    assert str(caught.value) == (
        f"data folder {data}, model {model}: class 6, counted from 0, is 'yak', the model's is 'gnu'; "
        "evaluate the model on data of its own classes, in any order"
    )


def test_models_of_other_classes_are_not_fused(tmp_path):
    model = _described(tmp_path / "net", NAMES)
    other = _described(tmp_path / "other", ("ant", "bee", "cow", *NAMES[3:]))
    with pytest.raises(InputError, match=r"other: class 2, .* is 'cow', .*net's is 'cat'; only models"):
        evaluate_models(
            [model, other],
            find_examples(_data(tmp_path / "data", [0] * 12)),
            ONE_SCALE,
            str(tmp_path / "kept"),
            pipeline=_no_pass,
        )


def test_names_are_read_from_all_records_of_plain_and_gzipped_files(tmp_path):
    """12 images: label 6 has no name, label 2 two names, label 5 no image."""
    names = list(NAMES)
    names[6] = ""
    plain = Path(_data(tmp_path / "plain", [0, 1, 2, 2, 2, 3, 4, 6, 0, 0, 0, 0], names))
    names[2] = "kitten"
    other = Path(_data(tmp_path / "other", [2] * 12, names))
    files = [str(plain / "validation-00000-of-00001")]
    records = tf.data.TFRecordDataset(str(other / "validation-00000-of-00001")).take(2).as_numpy_iterator()
    files.append(str(tmp_path / "more"))
    with tf.io.TFRecordWriter(files[-1], "GZIP") as writer:
        for record in records:
            writer.write(record)
    found = read_labels(files, "here")
    assert (found.layout, found.images) == (IMAGENET, 14)
    assert found.classes.names == ("ant", "bee", "cat", "dog", "emu", "", "")
    with pytest.raises(InputError, match="here: no image"):
        read_labels([], "here")


def test_a_record_without_a_label_names_no_class(tmp_path):
    for others in (0, 1):
        made = tf.train.Example()
        made.features.feature[IMAGENET.image].bytes_list.value.append(IMAGES[0])
        made.features.feature[IMAGENET.class_text].bytes_list.value.append(b"yak")
        path = str(tmp_path / str(others))
        with tf.io.TFRecordWriter(path) as writer:
            writer.write(made.SerializeToString())
            for _ in range(others):
                made.features.feature[IMAGENET.class_text].bytes_list.value[0] = b"ant"
                made.features.feature[IMAGENET.label].int64_list.value.append(1)
                writer.write(made.SerializeToString())
        found = read_labels([path], "here")
        assert (found.classes.names, found.images) == (("ant",) * others, 1 + others)


@pytest.mark.slow
def test_an_image_of_a_class_that_the_model_has_not_is_named(tmp_path, model):
    """Of nameless data only the number can be wrong."""
    data = _data(tmp_path / "data", [0] * 11 + [7], None)
    with pytest.raises(InputError, match=r"image 11\.png: class 7; expected 0\.\.6"):
        evaluate_models([model], find_examples(data), ONE_SCALE, str(tmp_path / "kept"))
