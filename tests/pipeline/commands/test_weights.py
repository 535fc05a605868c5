"""`vgg weights`: what it says, and that nothing half-written is left."""

import resource
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers.serving.torch_world import random_weights, write_pth

from models.errors import InputError
from pipeline.commands.weights import weights
from serving.saved_model.description import describe
from serving.saved_model.export import read_weights


@pytest.fixture(scope="module")
def pth(tmp_path_factory) -> Path:
    """torchvision's form of a narrow net A of three classes, on crops of 32."""
    path = tmp_path_factory.mktemp("weights") / "net.pth"
    write_pth(path, random_weights("A", first=4, classes=3, side=1))
    return path


@pytest.fixture
def listed(tmp_path) -> str:
    (tmp_path / "classes.tsv").write_text("n01\tant\nn02\tbee\nn03\tcow\n")
    return str(tmp_path / "classes.tsv")


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(weights, list(map(str, words)))


@pytest.mark.slow
def test_in_and_out_and_in_again(pth, listed, tmp_path):
    made = call(
        "import", pth, "--out", tmp_path / "model", "--class-list", listed, "--q", "32,48", "--no-flip"
    )
    assert made.exit_code == 0, made.output
    assert made.output == (
        "Net A with 1/16 of the channels, crop 32, 3 classes\n"
        "Mean RGB 123.675, 116.280, 103.530; Q 32, 48; first class: ant\n"
        f"Model: {tmp_path / 'model'}\n"
    )
    net, head = describe(str(tmp_path / "model"))
    assert (head.class_names, head.synsets) == (("ant", "bee", "cow"), ("n01", "n02", "n03"))
    assert (head.shorter_sides, head.flip, net.classes) == ((32, 48), False, 3)
    for kind, name in (("keras", "net.h5"), ("safetensors", "net.safetensors")):
        written = call("export", tmp_path / "model", "--format", kind, "--out", tmp_path / name)
        assert written.output == f"Weights: {tmp_path / name}\n"
        assert written.exit_code == 0, written.output
    again = call("import", tmp_path / "net.h5", "--out", tmp_path / "again", "--net", "A", "--q", "32")
    assert again.exit_code == 0, again.output
    before, after = read_weights(str(tmp_path / "model")), read_weights(str(tmp_path / "again"))
    assert all(before[key].tobytes() == after[key].tobytes() for key in before)
    assert describe(str(tmp_path / "again"))[1].class_names == ("ant", "bee", "cow")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--net", "D"], "layer features.2 is missing"),
        ([], "3 outputs, and ImageNet has 1000 classes; expected a --class-list"),
        (["--class-list", "LIST", "--q", "x"], "--q x: expected shorter sides in pixels"),
        (["--class-list", "LIST", "--q", ""], "--q: says no side"),
        (["--class-list", "LIST", "--q", "16"], "Q 16: smaller than the net's field of 32 pixels"),
    ],
)
def test_what_cannot_be_imported_leaves_nothing(pth, listed, tmp_path, words, said):
    before = sorted(tmp_path.iterdir())
    words = [listed if word == "LIST" else word for word in words]
    refused = call("import", pth, "--out", tmp_path / "model", *words)
    assert isinstance(refused.exception, InputError)
    assert said in str(refused.exception)
    assert sorted(tmp_path.iterdir()) == before


def test_a_full_disk_is_named_by_the_folder_that_was_asked_for(pth, listed, tmp_path):
    """Files are limited to 20 KB, less than the weights, as a disk has no such limit for a test to set."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        refused = call("import", pth, "--out", tmp_path / "model", "--class-list", listed, "--q", "32")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert isinstance(refused.exception, InputError), refused.output
    said = str(refused.exception)
    assert said.startswith(f"model {tmp_path / 'model'}: cannot be written (")
    assert "File too large" in said
    assert ".partial-" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["classes.tsv"]


def test_what_is_there_stays(pth, tmp_path):
    (tmp_path / "mine").write_text("mine")
    for words in (["import", pth, "--out", tmp_path], ["import", pth, "--out", tmp_path / "mine"]):
        refused = call(*words)
        assert "is there already" in str(refused.exception)
    (tmp_path / "net.h5").write_text("mine")
    refused = call("export", tmp_path, "--format", "keras", "--out", tmp_path / "net.h5")
    assert "is there already" in str(refused.exception)
    refused = call("export", tmp_path, "--format", "keras", "--out", tmp_path / "net.safetensors")
    assert "expected a name that ends in .h5" in str(refused.exception)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"mine"}
