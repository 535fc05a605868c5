"""fc6 over a whole image against TensorFlow's own convolution."""

import keras
import numpy as np
import pytest

from models.window_product import WindowProduct


@pytest.mark.parametrize(("side", "height", "width"), [(7, 7, 7), (7, 9, 12), (2, 5, 3), (1, 4, 4)])
def test_it_is_the_convolution(side, height, width):
    generator = np.random.default_rng(side)
    image = generator.standard_normal((3, height, width, 6)).astype(np.float32)
    ours, theirs = (kind(5, side, activation="relu") for kind in (WindowProduct, keras.layers.Conv2D))
    ours.build(image.shape), theirs.build(image.shape)
    kernel, _ = theirs.get_weights()
    bias = generator.standard_normal(5).astype(np.float32)
    ours.set_weights([kernel, bias])
    theirs.set_weights([kernel, bias])
    expected = theirs(image).numpy()
    assert expected.shape == (3, height - side + 1, width - side + 1, 5)
    assert (expected > 0).any()
    np.testing.assert_allclose(ours(image).numpy(), expected, atol=1e-5)
