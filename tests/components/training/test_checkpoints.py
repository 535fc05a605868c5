"""A checkpoint that cannot be written, or must not be, loses nothing and is one clear line."""

import shutil

import keras
import numpy as np
import pytest

from components.training.checkpoints import Checkpoints, Position
from models.errors import InputError
from models.net import Net
from models.vgg import build


@pytest.fixture
def model() -> keras.Model:
    return build(Net("A", classes=3, width=64, input_size=32), seed=1)


def _checkpoints(folder, model: keras.Model) -> Checkpoints:
    optimizer = keras.optimizers.SGD(momentum=0.9)
    optimizer.build(model.trainable_variables)
    return Checkpoints(str(folder), model, optimizer)


def test_a_folder_that_cannot_be_written_is_named_in_one_line(tmp_path, model):
    """A file where the folder was: the tests run as root, whom permissions do not stop."""
    folder = tmp_path / "checkpoints"
    checkpoints = _checkpoints(folder, model)
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    with pytest.raises(InputError) as caught:
        checkpoints.save(Position(step=1))
    message = str(caught.value)
    assert message.startswith(f"checkpoint folder {folder}: cannot be written (")
    assert "\n" not in message
    assert "{{" not in message


def test_weights_that_are_not_finite_do_not_replace_a_good_checkpoint(tmp_path, model):
    checkpoints = _checkpoints(tmp_path, model)
    checkpoints.save(Position(step=1))
    good = model.get_weights()
    model.layers[1].kernel.assign(model.layers[1].kernel * np.nan)
    with pytest.raises(InputError, match="after step 2 a weight is not finite"):
        checkpoints.save(Position(step=2))
    assert checkpoints.restore().step == 1
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), good, strict=True))


def test_an_empty_folder_has_no_checkpoint(tmp_path, model):
    assert _checkpoints(tmp_path, model).restore() is None
