"""The SavedModel as others load it: its signatures, the v1 loader, `saved_model_cli`, several threads."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, IMAGES, PREDICTED, example

from serving.saved_model.description import row_by_row

PREDICTION = {
    "probabilities": (tf.float32, [None, 7]),
    "top_classes": (tf.string, [None, 5]),
    "top_probabilities": (tf.float32, [None, 5]),
}
IMAGE_BYTES = {"image_bytes": (tf.string, [None])}
SPECS = {
    "serving_default": (IMAGE_BYTES, PREDICTION),
    "single_scale": (IMAGE_BYTES, PREDICTION),
    "features": (IMAGE_BYTES, {"features": (tf.float32, [None, 256])}),
    "top_score_maps": (
        IMAGE_BYTES,
        {name: (kind, [1, *shape[1:]]) for name, (kind, shape) in PREDICTION.items()}
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
    "classify": (
        {"inputs": (tf.string, [None])},
        {"classes": (tf.string, [None, 5]), "scores": (tf.float32, [None, 5])},
    ),
}


def test_names_types_and_shapes_of_all_signatures(loaded):
    def described(specs):
        return {name: (spec.dtype, spec.shape.as_list()) for name, spec in specs.items()}

    found = {
        name: (described(function.structured_input_signature[1]), described(function.structured_outputs))
        for name, function in loaded.signatures.items()
    }
    assert found == SPECS


class _V1:
    """As TF Serving does: the v1 loader, a session, the tensors that a signature names."""

    def __init__(self, path: str):
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            self._model = tf.compat.v1.saved_model.load(self._session, ["serve"], path)

    def __call__(self, signature: str, feed) -> dict[str, np.ndarray]:
        chosen = self._model.signature_def[signature]
        ((_, given),) = chosen.inputs.items()
        outputs = {name: info.name for name, info in chosen.outputs.items()}
        return self._session.run(outputs, {given.name: feed})


@pytest.fixture(scope="module")
def v1(path) -> _V1:
    return _V1(path)


@pytest.mark.parametrize("signature", ["serving_default", "single_scale", "features"])
def test_the_v1_loader_gives_the_same_for_images(v1, loaded, signature):
    served = v1(signature, np.array(IMAGES, object))
    here = loaded.signatures[signature](image_bytes=tf.constant(IMAGES))
    assert set(served) == set(SPECS[signature][1])
    for name, values in served.items():
        if values.dtype == object:
            assert values.tolist() == here[name].numpy().tolist()
        else:
            np.testing.assert_allclose(values, here[name], atol=1e-5)


def test_the_v1_loader_gives_the_same_score_maps(v1, loaded):
    pixels = np.random.default_rng(8).integers(0, 256, (1, 64, 100, 3), np.uint8)
    here = loaded.signatures["score_map"](images=tf.constant(pixels))
    np.testing.assert_allclose(v1("score_map", pixels)["scores"], here["scores"], atol=1e-5)
    served = v1("top_score_maps", np.array(IMAGES[:1], object))
    here = loaded.signatures["top_score_maps"](image_bytes=tf.constant(IMAGES[:1]))
    for q in HEAD.shorter_sides:
        np.testing.assert_allclose(served[f"score_map_q{q}"], here[f"score_map_q{q}"], atol=1e-4)


def test_the_v1_loader_gives_the_same_for_examples(v1, expected):
    examples = v1("examples", np.array([example(image, 7) for image in IMAGES], object))
    np.testing.assert_allclose(examples["probabilities_q80"], expected[:, 1], atol=1e-5)
    assert v1("labels", np.array([example(b"", 7)], object))["label"].tolist() == [6]


def test_the_v1_loader_names_a_bad_image(v1):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image_bytes\[1\]: not a JPEG or PNG image"):
        v1("serving_default", np.array([IMAGES[0], b"no image"], object))


def test_requests_at_the_same_time_do_not_disturb_each_other(loaded, expected):
    predict = loaded.signatures["serving_default"]

    def ask(number: int) -> np.ndarray:
        mine = [IMAGES[(number + offset) % len(IMAGES)] for offset in range(number % 3 + 1)]
        if number % 5 == 4:
            with pytest.raises(tf.errors.InvalidArgumentError, match=rf"image_bytes\[{len(mine)}\]: "):
                predict(image_bytes=tf.constant([*mine, b"no image"]))
        return predict(image_bytes=tf.constant(mine))["probabilities"].numpy()

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(60)))
    for number, answer in enumerate(answers):
        rows = [(number + offset) % len(IMAGES) for offset in range(number % 3 + 1)]
        np.testing.assert_allclose(answer, expected[rows].mean(axis=1), atol=1e-5)


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
    assert set(found) == PREDICTED
    np.testing.assert_allclose(found["probabilities"], expected.mean(axis=1), atol=1e-5)
    best = expected.mean(axis=1).argmax(axis=1)
    assert [row[0].decode() for row in found["top_classes"]] == [HEAD.class_names[index] for index in best]


def test_the_v1_loader_finds_a_signature_for_classify(v1, expected):
    definition = v1._model.signature_def["classify"]
    assert definition.method_name == "tensorflow/serving/classify"
    served = v1("classify", np.array([example(image) for image in IMAGES], object))
    best = np.sort(expected.mean(axis=1), axis=-1)[:, ::-1][:, :5]
    np.testing.assert_allclose(served["scores"], best, atol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"inputs\[1\]: not a JPEG or PNG image"):
        v1("classify", np.array([example(IMAGES[0]), example(b"no image")], object))


def test_a_server_can_read_which_signatures_compute_row_by_row(path, v1):
    by_row = row_by_row(path)
    assert by_row == v1._model.signature_def.keys() - {"top_score_maps", "__saved_model_init_op"}
    assert row_by_row(path + "/assets") == frozenset()
