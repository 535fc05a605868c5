"""The SavedModel as others use it: its signatures, the v1 loader, `saved_model_cli`, and the same numbers."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models import scoring
from models.errors import InputError
from models.fully_convolutional import fully_convolutional
from models.images import decode
from models.vgg import Net, build
from serving.export import describe, export, export_again, read_weights
from serving.signatures import Head, signatures, top_classes

NET = Net("A", classes=7, width=16, input_size=64)
HEAD = Head(
    mean_rgb=(123.0, 117.0, 104.0),
    class_names=("tench", "goldfish", "shark", "hen", "Käfer", "class 5", "owl"),
    shorter_sides=(64, 80, 96),
    flip=True,
    image_key="image/encoded",
    label_key="image/class/label",
    first_label=1,
)
SERVING_OUTPUTS = {"probabilities", "top_classes", "top_probabilities"}


def _encode(height: int, width: int, form: str, channels: int = 3, seed: int = 0) -> bytes:
    """A coarse pattern, so that the nets answers differ from image to image."""
    shape = (4, 5, channels) if channels > 1 else (4, 5)
    coarse = Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))
    buffer = io.BytesIO()
    coarse.resize((width, height)).save(buffer, form)
    return buffer.getvalue()


IMAGES = [
    _encode(70, 90, "JPEG", seed=1),
    _encode(200, 64, "PNG", seed=2),
    _encode(50, 81, "JPEG", channels=1, seed=3),
    _encode(64, 64, "PNG", channels=1, seed=4),
    _encode(64, 64, "PNG", seed=5),
]


def _example(image: bytes | None, label: int = 1, image_key="image/encoded", label_key="image/class/label"):
    example = tf.train.Example()
    if image is not None:
        example.features.feature[image_key].bytes_list.value.append(image)
    example.features.feature[label_key].int64_list.value.append(label)
    return example.SerializeToString()


@pytest.fixture(scope="module")
def trained():
    """Its posteriors differ clearly between classes, as a trained net's do."""
    model = build(NET, seed=2)
    fc8 = model.get_layer("fc8")
    kernel, bias = fc8.get_weights()
    fc8.set_weights([kernel * 3, np.linspace(-0.5, 0.5, bias.size)])
    return model


@pytest.fixture(scope="module")
def path(trained, tmp_path_factory) -> str:
    folder = str(tmp_path_factory.mktemp("export") / "new" / "model")
    export(trained, NET, HEAD, folder)
    return folder


@pytest.fixture(scope="module")
def loaded(path):
    return tf.saved_model.load(path)


@pytest.fixture(scope="module")
def expected(trained) -> np.ndarray:
    """Posteriors [image, Q, class] by models.scoring, eagerly, image by image."""
    net = fully_convolutional(trained, NET)
    return np.stack(
        [
            scoring.dense_at_scales(
                net, decode(image), shorter_sides=HEAD.shorter_sides, mean_rgb=HEAD.mean_rgb
            ).numpy()
            for image in IMAGES
        ]
    )


def test_the_test_images_have_clearly_different_answers(expected):
    """Else the comparisons below would prove nothing."""
    averaged = expected.mean(axis=1)
    assert np.abs(averaged - averaged.mean(axis=0)).max() > 0.01
    assert np.abs(expected - expected.mean(axis=1, keepdims=True)).max() > 0.003
    assert averaged.max() - averaged.min() > 0.1


def test_each_variable_is_stored_once(path, trained):
    variables = str(Path(path) / "variables" / "variables")
    shapes = [shape for name, shape in tf.train.list_variables(variables) if "OBJECT_GRAPH" not in name]
    assert len(shapes) == len(trained.weights)
    assert sum(int(np.prod(shape)) for shape in shapes) == trained.count_params()
    size = Path(f"{variables}.data-00000-of-00001").stat().st_size
    assert 4 * trained.count_params() <= size < 4 * trained.count_params() + 50_000


def test_only_the_network_is_exported(path):
    assert sorted(entry.name for entry in Path(path).iterdir() if entry.name != "assets") == [
        "assets.extra",
        "fingerprint.pb",
        "saved_model.pb",
        "variables",
    ]
    # Weights belong into variables, not into the graph as constants.
    assert (Path(path) / "saved_model.pb").stat().st_size < 2_000_000


PREDICTED = {
    "probabilities": (tf.float32, [None, 7]),
    "top_classes": (tf.string, [None, 5]),
    "top_probabilities": (tf.float32, [None, 5]),
}
SPECS = {
    "serving_default": ({"image_bytes": (tf.string, [None])}, PREDICTED),
    "single_scale": ({"image_bytes": (tf.string, [None])}, PREDICTED),
    "features": ({"image_bytes": (tf.string, [None])}, {"features": (tf.float32, [None, 256])}),
    "top_score_maps": (
        {"image_bytes": (tf.string, [None])},
        {name: (kind, [1, *shape[1:]]) for name, (kind, shape) in PREDICTED.items()}
        | {f"score_map_q{q}": (tf.float32, [1, None, None, 5]) for q in (64, 80, 96)},
    ),
    "score_map": (
        {"images": (tf.uint8, [None, None, None, 3])},
        {"scores": (tf.float32, [None, None, None, 7]), "probabilities": (tf.float32, [None, 7])},
    ),
    "examples": (
        {"examples": (tf.string, [None])},
        {
            name: (tf.float32, [None, 7])
            for name in ("probabilities", "probabilities_q64", "probabilities_q80", "probabilities_q96")
        },
    ),
    "labels": ({"examples": (tf.string, [None])}, {"label": (tf.int64, [None])}),
}


def test_names_types_and_shapes_of_all_signatures(loaded):
    def described(specs):
        return {name: (spec.dtype, spec.shape.as_list()) for name, spec in specs.items()}

    found = {
        name: (described(function.structured_input_signature[1]), described(function.structured_outputs))
        for name, function in loaded.signatures.items()
    }
    assert found == SPECS


def test_mixed_sizes_and_forms_in_one_request_are_as_computed_eagerly(loaded, expected):
    found = loaded.signatures["serving_default"](image_bytes=tf.constant(IMAGES))
    averaged = expected.mean(axis=1)
    np.testing.assert_allclose(found["probabilities"], averaged, atol=1e-5)
    np.testing.assert_allclose(found["probabilities"].numpy().sum(axis=1), 1, atol=1e-5)
    order = np.argsort(-averaged, axis=1)[:, :5]
    names = [[name.decode() for name in row] for row in found["top_classes"].numpy()]
    assert names == [[HEAD.class_names[index] for index in row] for row in order]
    np.testing.assert_allclose(
        found["top_probabilities"], np.take_along_axis(averaged, order, axis=1), atol=1e-5
    )


def test_an_image_does_not_depend_on_its_neighbours(loaded):
    predict = loaded.signatures["serving_default"]
    together = predict(image_bytes=tf.constant(IMAGES))["probabilities"]
    alone = [predict(image_bytes=tf.constant([image]))["probabilities"][0] for image in IMAGES]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_window_of_the_training_size_is_the_trained_nets_own_answer(trained, loaded):
    """64 x 64 at Q = 64: nothing is rescaled and there is one place. By the net with Dense layers."""
    pixels = np.asarray(Image.open(io.BytesIO(IMAGES[4])), np.float32) - np.float32(HEAD.mean_rgb)
    scores = trained(np.stack([pixels, pixels[:, ::-1]])).numpy()
    posteriors = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found = loaded.signatures["examples"](examples=tf.constant([_example(IMAGES[4])]))
    np.testing.assert_allclose(found["probabilities_q64"][0], posteriors.mean(axis=0), atol=1e-5)


def test_an_image_that_does_not_decode_is_an_error_in_serving(loaded):
    with pytest.raises(tf.errors.InvalidArgumentError):
        loaded.signatures["serving_default"](image_bytes=tf.constant([IMAGES[0], b"no image"]))


def test_an_empty_request_has_an_empty_answer(loaded):
    found = loaded.signatures["serving_default"](image_bytes=tf.constant([], tf.string))
    assert found["probabilities"].shape == (0, 7)
    assert loaded.signatures["examples"](examples=tf.constant([], tf.string))["probabilities"].shape == (0, 7)


def test_examples_give_each_q_and_the_mean_of_them(loaded, expected):
    found = loaded.signatures["examples"](examples=tf.constant([_example(image) for image in IMAGES]))
    for row, q in enumerate(HEAD.shorter_sides):
        np.testing.assert_allclose(found[f"probabilities_q{q}"], expected[:, row], atol=1e-5)
    mean = np.mean([found[f"probabilities_q{q}"] for q in (64, 80, 96)], axis=0)
    np.testing.assert_allclose(found["probabilities"], mean, atol=1e-6)


def test_an_undecodable_example_is_nan_and_leaves_its_neighbours_alone(loaded, expected):
    cut = IMAGES[0][: len(IMAGES[0]) // 3]
    batch = [_example(image) for image in (IMAGES[0], cut, IMAGES[1], None, b"no image", IMAGES[2])]
    found = loaded.signatures["examples"](examples=tf.constant(batch))
    assert set(found) == set(SPECS["examples"][1])
    for name, values in found.items():
        undecodable = np.isnan(values.numpy())
        assert undecodable.all(axis=1).tolist() == [False, True, False, True, True, False], name
        assert undecodable.any(axis=1).tolist() == [False, True, False, True, True, False], name
    good = found["probabilities"].numpy()[[0, 2, 5]]
    np.testing.assert_allclose(good, expected[:3].mean(axis=1), atol=1e-5)


def test_score_map_does_not_rescale(loaded, trained):
    pixels = np.random.default_rng(8).integers(0, 256, (2, 96, 130, 3), np.uint8)
    found = loaded.signatures["score_map"](images=tf.constant(pixels))
    # floor(96 / 32) - 2 + 1 = 2 and floor(130 / 32) - 2 + 1 = 3 places.
    assert found["scores"].shape == (2, 2, 3, 7)
    scores = fully_convolutional(trained, NET)(pixels.astype(np.float32) - np.float32(HEAD.mean_rgb)).numpy()
    np.testing.assert_allclose(found["scores"], scores, atol=1e-4)
    means = np.exp(scores.mean(axis=(1, 2)))
    np.testing.assert_allclose(found["probabilities"], means / means.sum(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize(
    ("image_key", "label_key", "first_label", "written"),
    [("image/encoded", "image/class/label", 1, [1, 7, 3]), ("image", "label", 0, [0, 6, 2])],
)
def test_labels_count_from_0_in_both_layouts(trained, image_key, label_key, first_label, written):
    head = Head(HEAD.mean_rgb, HEAD.class_names, (64,), True, image_key, label_key, first_label)
    function, (spec,) = signatures(fully_convolutional(trained, NET), head)["labels"]
    assert (spec.name, spec.dtype, spec.shape.as_list()) == ("examples", tf.string, [None])
    batch = [_example(b"", label, image_key, label_key) for label in written]
    found = function(tf.constant(batch))["label"]
    assert found.dtype == tf.int64
    assert found.numpy().tolist() == [0, 6, 2]


def test_the_exported_labels(loaded):
    batch = tf.constant([_example(b"", label) for label in (1, 7)])
    assert loaded.signatures["labels"](examples=batch)["label"].numpy().tolist() == [0, 6]


def test_fewer_than_five_classes_have_fewer_top_classes():
    names, values = top_classes(tf.constant([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]), ("a", "b", "c"))
    assert names.numpy().tolist() == [[b"b", b"c", b"a"], [b"a", b"c", b"b"]]
    np.testing.assert_allclose(values, [[0.5, 0.3, 0.2], [0.6, 0.3, 0.1]])


def test_one_scale_without_flip(trained):
    head = Head(HEAD.mean_rgb, HEAD.class_names, (64,), False, "image", "label", 0)
    predict, _ = signatures(fully_convolutional(trained, NET), head)["serving_default"]
    pixels = np.asarray(Image.open(io.BytesIO(IMAGES[4])), np.float32) - np.float32(HEAD.mean_rgb)
    scores = np.exp(trained(pixels[np.newaxis]).numpy())
    found = tf.function(predict)(tf.constant([IMAGES[4]]))["probabilities"]
    np.testing.assert_allclose(found, scores / scores.sum(), atol=1e-5)


def test_the_weights_can_be_read_back_by_layer(path, trained):
    weights = read_weights(path)
    assert len(weights) == len(trained.weights)
    for name in ("conv1_1", "conv5_2", "fc6", "fc8"):
        kernel, bias = trained.get_layer(name).get_weights()
        np.testing.assert_array_equal(weights[f"{name}_kernel"].reshape(kernel.shape), kernel)
        np.testing.assert_array_equal(weights[f"{name}_bias"], bias)


def test_another_protocol_needs_no_training(path, trained, tmp_path):
    again = str(tmp_path / "again" / "model")
    export_again(path, again, shorter_sides=(72,), flip=False)
    assert describe(path) == (NET, HEAD)
    assert describe(again) == (NET, replace(HEAD, shorter_sides=(72,), flip=False))
    found = tf.saved_model.load(again).signatures["examples"](examples=tf.constant([_example(IMAGES[0])]))
    assert set(found) == {"probabilities", "probabilities_q72"}
    net = fully_convolutional(trained, NET)
    expected = scoring.dense(
        net, decode(IMAGES[0]), shorter_side=72, mean_rgb=HEAD.mean_rgb, flip=False
    ).numpy()
    np.testing.assert_allclose(found["probabilities"][0], expected, atol=1e-5)


def test_a_folder_that_is_no_model_of_ours_is_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match=f"model {tmp_path}: no .*; expected") as caught:
        read_weights(str(tmp_path))
    assert "\n" not in str(caught.value)


def _run_v1(path: str, signature: str, feed: np.ndarray) -> dict[str, np.ndarray]:
    """As TF Serving does: the v1 loader, a session, the tensors that the signature names."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], path)
        chosen = graph.signature_def[signature]
        ((_, given),) = chosen.inputs.items()
        outputs = {name: info.name for name, info in chosen.outputs.items()}
        return session.run(outputs, {given.name: feed})


def test_the_v1_loader_gives_the_same_numbers(path, expected):
    served = _run_v1(path, "serving_default", np.array(IMAGES, object))
    assert set(served) == SERVING_OUTPUTS
    np.testing.assert_allclose(served["probabilities"], expected.mean(axis=1), atol=1e-5)
    examples = _run_v1(path, "examples", np.array([_example(image, 7) for image in IMAGES], object))
    np.testing.assert_allclose(examples["probabilities_q80"], expected[:, 1], atol=1e-5)
    labels = _run_v1(path, "labels", np.array([_example(b"", 7)], object))
    assert labels["label"].tolist() == [6]


def test_the_v1_loader_gives_the_same_score_map(path, loaded):
    pixels = np.random.default_rng(8).integers(0, 256, (1, 64, 100, 3), np.uint8)
    found = _run_v1(path, "score_map", pixels)
    again = loaded.signatures["score_map"](images=tf.constant(pixels))
    np.testing.assert_allclose(found["scores"], again["scores"], atol=1e-5)


@pytest.mark.slow
def test_saved_model_cli_gives_the_same_numbers(path, expected, tmp_path):
    np.save(tmp_path / "images.npy", np.array(IMAGES, object))
    command = [
        str(Path(sys.executable).with_name("saved_model_cli")),
        *("run", "--dir", path, "--tag_set", "serve", "--signature_def", "serving_default"),
        *("--inputs", f"image_bytes={tmp_path / 'images.npy'}", "--outdir", str(tmp_path / "out")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found = {file.stem: np.load(file, allow_pickle=True) for file in (tmp_path / "out").glob("*.npy")}
    assert set(found) == SERVING_OUTPUTS
    np.testing.assert_allclose(found["probabilities"], expected.mean(axis=1), atol=1e-5)
    best = expected.mean(axis=1).argmax(axis=1)
    assert [row[0].decode() for row in found["top_classes"]] == [HEAD.class_names[index] for index in best]
