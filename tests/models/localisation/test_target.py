"""Which box a crop teaches, and the loss, by hand-worked numbers."""

import numpy as np
import pytest
import tensorflow as tf

from models.localisation.regression import Regression, box_net
from models.localisation.target import box_target, boxes_of_class, euclidean_loss
from models.net import Net


@pytest.mark.parametrize(
    ("boxes", "wanted"),
    [
        ([[0.25, 0.5, 0.75, 1.0]], [1, 0.5, 0.75, 0.5, 0.5]),
        # Half of it is in the crop: it still counts, and is not cut off.
        ([[-0.5, 0.0, 0.5, 1.0]], [1, 0.0, 0.5, 1.0, 1.0]),
        # Less than half.
        ([[-0.6, 0.0, 0.4, 1.0]], [0, -0.1, 0.5, 1.0, 1.0]),
        # The second has the smaller box and more of it to be seen.
        ([[0.9, 0.0, 1.9, 1.0], [0.0, 0.0, 0.5, 0.5]], [1, 0.25, 0.25, 0.5, 0.5]),
    ],
)
def test_the_box_that_a_crop_teaches(boxes, wanted):
    assert box_target(tf.constant(boxes)).numpy() == pytest.approx(np.array(wanted, np.float32))


def test_a_crop_without_a_box_does_not_count():
    assert box_target(tf.zeros([0, 4]))[0] == 0


def test_one_box_for_all_classes_or_one_for_each():
    net = Net("D", classes=3, width=8, input_size=64)
    assert box_net(net, Regression.SHARED) == Net("D", classes=4, width=8, input_size=64)
    assert box_net(net, Regression.PER_CLASS).classes == 12
    assert box_net(Net("D"), Regression.PER_CLASS).classes == 4000
    labels = tf.constant([2, 0], tf.int64)
    shared = tf.reshape(tf.range(8.0), [2, 4])
    assert boxes_of_class(shared, labels).numpy().tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    per_class = tf.reshape(tf.range(24.0), [2, 12])
    assert boxes_of_class(per_class, labels).numpy().tolist() == [[8, 9, 10, 11], [12, 13, 14, 15]]


def test_the_loss_and_its_gradient():
    found = tf.constant([[0.5, 0.5, 1.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(found)
        loss = euclidean_loss(found, tf.constant([[0.5, 0.0, 0.0, 0.0]]))
    # (0.25 + 1 + 4) / 2, and the difference itself.
    assert loss.numpy() == pytest.approx([2.625])
    assert tape.gradient(loss, found).numpy().tolist() == [[0.0, 0.5, 1.0, 2.0]]
