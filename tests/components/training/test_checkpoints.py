"""A checkpoint that cannot be written, or must not be, loses nothing and is one clear line."""

import shutil

import keras
import numpy as np
import pytest

from components.training.checkpoints import Checkpoints, Position
from components.training.progress import RunningMean
from components.training.schedule import Schedule
from models.errors import InputError
from models.net import Net
from models.vgg import build


@pytest.fixture
def model() -> keras.Model:
    return build(Net("A", classes=3, width=64, input_size=32), seed=1)


def _checkpoints(folder, model: keras.Model, momentum: float = 0.9) -> Checkpoints:
    optimizer = keras.optimizers.SGD(momentum=momentum)
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


def _older(model: keras.Model) -> keras.Model:
    """The net as earlier versions trained it: the state of random dropout was among its variables."""
    first, rest = model.get_layer("fc6"), [model.get_layer(name) for name in ("fc7", "fc8")]
    x = keras.layers.Dropout(0.5, seed=1)(first.output)
    for layer in rest:
        x = layer(x)
    return keras.Model(model.input, x)


def _deeper(model: keras.Model) -> keras.Model:
    return build(Net("B", classes=3, width=64, input_size=32), seed=1)


@pytest.mark.parametrize("make", [_older, _deeper])
def test_a_checkpoint_of_other_variables_is_refused_in_one_line(tmp_path, model, make):
    _checkpoints(tmp_path, make(model)).save(Position(step=3))
    with pytest.raises(InputError, match="remove its folder to train from the start") as caught:
        _checkpoints(tmp_path, model).restore()
    message = str(caught.value)
    assert message.startswith(f"checkpoint {tmp_path}/ckpt-3: cannot be restored (")
    assert "\n" not in message
    assert len(message) < 600


def test_a_checkpoint_with_more_variables_than_the_training_is_refused(tmp_path, model):
    """And one with fewer: without momentum there are no velocities, which are the last variables."""
    for name, written, wanted in (("more", 0.9, 0.0), ("fewer", 0.0, 0.9)):
        _checkpoints(tmp_path / name, model, written).save(Position(step=3))
        with pytest.raises(InputError, match="cannot be restored"):
            _checkpoints(tmp_path / name, model, wanted).restore()


def test_a_damaged_checkpoint_is_refused_in_one_line(tmp_path, model):
    _checkpoints(tmp_path, model).save(Position(step=3))
    (data,) = tmp_path.glob("ckpt-3.data*")
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"ckpt-3: cannot be restored \(.+\); expected") as caught:
        _checkpoints(tmp_path, model).restore()
    assert "\n" not in str(caught.value)


def test_a_checkpoint_brings_back_weights_momentum_and_position(tmp_path, model):
    optimizer = keras.optimizers.SGD(momentum=0.9)
    optimizer.build(model.trainable_variables)
    position = Position(Schedule(epoch=2, drops=1, best_error=0.25, waited=1), 7, 3, 12, RunningMean(4, 1.5))
    checkpoints = Checkpoints(str(tmp_path), model, optimizer)
    variables = [*model.trainable_variables, *optimizer.variables]
    for number, variable in enumerate(variables):
        variable.assign(np.full(variable.shape, number))
    checkpoints.save(position)
    for variable in variables:
        variable.assign(np.zeros(variable.shape))
    assert checkpoints.restore() == position
    assert len(variables) > 2 * len(model.trainable_variables)
    for number, variable in enumerate(variables):
        assert np.all(variable.numpy() == number)


def test_an_empty_folder_has_no_checkpoint(tmp_path, model):
    assert _checkpoints(tmp_path, model).restore() is None
