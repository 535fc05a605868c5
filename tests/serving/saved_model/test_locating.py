"""The boxes of one image by nets whose answers are known, by hand; and how often each net looks."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from models import images, scoring
from serving.saved_model.head import Head
from serving.saved_model.signatures.decoding import Look
from serving.saved_model.signatures.locating import BoxNet, Locator

SIZE = 64
BLACK = (0.0, 0.0, 0.0)
HEAD = Head(BLACK, ("dark", "light"), (64,), True, "image/encoded", "image/class/label", 1)


class Brightness:
    """A stand-in for a classifier of two classes: scores (0, mean grey value / 16) of each window.

    Attributes:
        looks: (height, width) of what it has looked at.
    """

    def __init__(self):
        self.looks: list[tuple[int, int]] = []

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        self.looks.append(tuple(images.shape[1:3]))
        mean = tf.nn.avg_pool2d(tf.reduce_mean(images, -1, keepdims=True), SIZE, 32, "VALID")
        return tf.concat([tf.zeros_like(mean), mean / 16], -1)


class Middle(Brightness):
    """A stand-in for a box net: the middle half of each window, of class n widened by n / 10."""

    def __init__(self, boxes: int = 1):
        super().__init__()
        self._boxes = boxes

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        self.looks.append(tuple(images.shape[1:3]))
        places = tf.shape(tf.nn.avg_pool2d(images, SIZE, 32, "VALID"))[:3]
        box = np.array([[0.5, 0.5, 0.5 + n / 10, 0.5] for n in range(self._boxes)], np.float32).ravel()
        return tf.broadcast_to(box, tf.concat([places, [4 * self._boxes]], 0))


def located(
    pixels: np.ndarray, *nets: tuple, classifier=None, head: Head = HEAD, mean_rgb=BLACK, box_nets=()
) -> tuple[np.ndarray, ...]:
    """Boxes [2, 4] of both classes, in pixels, and scores [2]; nets are (net, its Q)."""
    classifier = classifier or Brightness()
    box_nets = box_nets or [BoxNet(net, sides, mean_rgb) for net, sides in nets]
    locate = Locator(classifier, box_nets, head, SIZE)
    image = tf.constant(np.uint8(pixels))
    views = [scoring.views(image, shorter_side=q, mean_rgb=head.mean_rgb) for q in head.shorter_sides]
    middles = [images.rescale(images.shortened(image), q)[tf.newaxis] - head.mean_rgb for q in locate.sides]
    look = Look(views, middles, tf.shape(image)[:2])
    return tuple(each.numpy() for each in locate(look, locate.maps(look), tf.constant([0, 1])))


@pytest.fixture
def half_light() -> np.ndarray:
    """128 x 256 pixels, the right half light: at Q = 64 three windows, from 0, 32 and 64 of 128."""
    pixels = np.zeros([128, 256, 3])
    pixels[:, 128:] = 160
    return pixels


def test_the_box_is_that_of_the_windows_in_which_the_classifier_is_surest(half_light):
    boxes, scores = located(half_light, (Middle(), (64,)))
    # Boxes 32 wide and 32 apart share nothing: none merge. Twice the size in the photograph.
    assert boxes[0] == pytest.approx([32, 32, 96, 96])
    assert boxes[1] == pytest.approx([160, 32, 224, 96])
    light = 1 / (1 + np.exp(-np.array([0, 5, 10])))
    # Rescaled, the edge is a little blurred.
    assert scores == pytest.approx([0.5, light[2]], rel=0.02)


def test_each_class_has_the_boxes_that_a_net_gives_for_it(half_light):
    boxes, _ = located(half_light, (Middle(2), (64,)))
    assert boxes[0] == pytest.approx([32, 32, 96, 96])
    # 38.4 wide and 32 apart: a fifth, still too far.
    assert boxes[1] == pytest.approx([2 * (96 - 19.2), 32, 2 * (96 + 19.2), 96], rel=1e-5)


def test_boxes_of_all_q_and_nets_are_merged_together():
    grey = np.full([64, 64, 3], 100)
    one = located(grey, (Middle(), (64,)))
    assert one[0] == pytest.approx(np.array([[16, 16, 48, 48]] * 2))
    both = located(grey, (Middle(), (64,)), (Middle(2), (64, 64)))
    # Class 1: 32, 38.4 and 38.4 wide.
    assert both[0][1] == pytest.approx([32 - 109 / 6 + 0.0333, 16, 32 + 109 / 6 - 0.0333, 48], abs=0.01)
    assert both[1] == pytest.approx(3 * one[1])


def test_a_net_looks_once_at_an_image_at_a_q(half_light):
    classifier, boxes = Brightness(), Middle()
    located(half_light, (boxes, (64, 96)), classifier=classifier)
    # At 64 with the flip, for the classes, and at 96, where only boxes are asked for.
    assert classifier.looks == [(64, 128), (96, 192)]
    assert boxes.looks == [(64, 128), (96, 192)]


def test_a_box_net_that_shares_the_classifiers_convolutions_is_not_asked_again(half_light):
    apart = located(half_light, (Middle(2), (64, 96)), (Middle(), (96,)))
    classifier, first, second = Brightness(), Middle(2), Middle()
    looks: list[tuple[int, int]] = []

    def all_of(image: tf.Tensor) -> tf.Tensor:
        looks.append(tuple(image.shape[1:3]))
        return tf.concat([classifier(image), first(image), second(image)], -1)

    nets = [BoxNet(None, (64, 96), BLACK, True, 8), BoxNet(None, (96,), BLACK, True, 4)]
    together = located(half_light, classifier=all_of, box_nets=nets)
    assert together[0] == pytest.approx(apart[0])
    assert together[1] == pytest.approx(apart[1])
    assert looks == [(64, 128), (96, 192)]


def test_a_strip_is_looked_at_in_its_middle_and_its_boxes_are_of_the_whole():
    """64 x 640 pixels, dark but for the middle: classes come from four squares, boxes from the middle 256."""
    pixels = np.zeros([64, 640, 3])
    pixels[:, 288:352] = 160
    classifier = Brightness()
    boxes, scores = located(pixels, (Middle(), (64,)), classifier=classifier)
    assert boxes[1] == pytest.approx([304, 16, 336, 48])
    assert scores[1] == pytest.approx(1 / (1 + np.exp(-10)), rel=1e-5)
    assert classifier.looks == [(64, 64), (64, 256)]


def test_a_net_sees_the_image_less_its_own_mean():
    seen = []

    def net(image: tf.Tensor) -> tf.Tensor:
        seen.append(image.numpy())
        return Middle()(image)

    head = dataclasses.replace(HEAD, mean_rgb=(10.0, 20.0, 30.0))
    located(np.full([64, 64, 3], 100), (net, (96,)), head=head, mean_rgb=(1.0, 2.0, 3.0))
    assert seen[0][0, 50, 50] == pytest.approx([99, 98, 97], abs=1e-4)
