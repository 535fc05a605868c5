"""torchvision's own nets, in a Python of their own that VGG_TORCHVISION names: this project needs no torch.

uv venv torchenv && uv pip install --python torchenv/bin/python torch torchvision safetensors
VGG_TORCHVISION=torchenv/bin/python make test
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.fully_convolutional import fully_convolutional
from models.initial_weights import take_weights
from models.net import Net
from models.vgg import build
from serving.weights.imported import read_published
from serving.weights.published import weights_of

PYTHON = os.environ.get("VGG_TORCHVISION")
NETS = {"vgg11": "A", "vgg13": "B", "vgg16": "D", "vgg19": "E"}
SAVED = """
import sys
import numpy as np, safetensors.torch, torch, torchvision
name, folder = sys.argv[1:]
torch.manual_seed(0)
net = getattr(torchvision.models, name)(num_classes=10).eval()
with torch.no_grad():
    net.classifier[6].weight *= 30  # else all classes are alike
torch.save(net.state_dict(), f"{folder}/zip.pth")
torch.save(net.state_dict(), f"{folder}/legacy.pth", _use_new_zipfile_serialization=False)
safetensors.torch.save_file(net.state_dict(), f"{folder}/net.safetensors")
images = np.load(f"{folder}/images.npy")
mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
x = torch.from_numpy(((images / 255 - mean) / deviation).transpose(0, 3, 1, 2).astype(np.float32))
with torch.no_grad():
    np.save(f"{folder}/posteriors.npy", torch.softmax(net(x), 1).numpy())
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="needs a Python with torchvision, named by VGG_TORCHVISION"),
]


@pytest.mark.parametrize("name", NETS)
def test_posteriors_are_torchvisions(tmp_path, name):
    images = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)
    np.save(tmp_path / "images.npy", images)
    subprocess.run([PYTHON, "-c", SAVED, name, str(tmp_path)], check=True)
    expected = np.load(tmp_path / "posteriors.npy")
    assert np.ptp(expected, axis=1).min() > 0.05, "else a constant net would pass"
    first, net = _read(tmp_path / "net.safetensors")
    assert net == Net(NETS[name], classes=10)
    model = build(net)
    take_weights(model, first)
    scores = fully_convolutional(model, net)(images - np.array((123.675, 116.28, 103.53), np.float32))
    found = tf.nn.softmax(scores)[:, 0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_array_equal(np.argsort(-found)[:, :5], np.argsort(-expected)[:, :5])
    for form in ("zip.pth", "legacy.pth"):
        again, _ = _read(tmp_path / form)
        for key, value in first.items():
            np.testing.assert_array_equal(again[key], value)


def _read(path: Path) -> tuple[dict[str, np.ndarray], Net]:
    published, net = read_published(path)
    return weights_of(published, net, "weights"), net
