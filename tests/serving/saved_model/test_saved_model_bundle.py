"""A C++ program that loads the model as TF Serving does, built against the TensorFlow that is installed."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import IMAGES, encode

SOURCE = Path(__file__).with_name("saved_model_bundle.cc")
LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """Ten seconds to compile."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++ on the PATH")
    folder = tf.sysconfig.get_lib()
    missing = [library for library in LIBRARIES if not os.path.exists(os.path.join(folder, library))]
    if missing:
        pytest.skip(f"no {', '.join(missing)} in {folder}")
    made = tmp_path_factory.mktemp("bundle") / "saved_model_bundle"
    # Some distributions link only what the program names; TensorFlow's session registers itself.
    link = [
        "-Wl,--no-as-needed",
        f"-L{folder}",
        f"-Wl,-rpath,{folder}",
        *(f"-l:{library}" for library in LIBRARIES),
    ]
    # -w: the warnings would be of TensorFlow's headers.
    command = [compiler, "-w", *tf.sysconfig.get_compile_flags(), str(SOURCE), "-o", str(made), *link]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return made


def _run(program: Path, model: str, photograph: Path) -> subprocess.CompletedProcess:
    command = [str(program), model, str(photograph)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


@pytest.mark.differs
@pytest.mark.parametrize("turned", [False, True], ids=["JPEG", "JPEG on its side"])
def test_saved_model_bundle_gives_the_same_posteriors(program, path, loaded, tmp_path, turned):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    encoded = encode(150, 200, "JPEG", seed=1, **({"exif": exif} if turned else {}))
    photograph = tmp_path / "photograph.jpg"
    photograph.write_bytes(encoded)
    done = _run(program, path, photograph)
    assert done.returncode == 0, done.stderr
    expected = loaded.signatures["serving_default"](image_bytes=tf.constant([encoded]))["probabilities"][0]
    np.testing.assert_allclose([float(line) for line in done.stdout.splitlines()], expected, atol=1e-5)


def test_it_is_refused_with_the_image_named(program, path, tmp_path):
    photograph = tmp_path / "photograph.jpg"
    photograph.write_bytes(IMAGES[0][:300])
    done = _run(program, path, photograph)
    assert done.returncode == 1
    assert "INVALID_ARGUMENT: assertion failed: [image_bytes[0]: not a JPEG or PNG" in done.stderr
