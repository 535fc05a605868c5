"""The boxes of a split's images on Beam: tests 1 and 2 of appendix A for each."""

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence

import apache_beam as beam
import keras
import numpy as np
import tensorflow as tf
from apache_beam.utils import shared

from components.datasets.layouts import Layout
from components.evaluation.averaging_plan import AVERAGE
from components.evaluation.posteriors import Labelled, parse_image
from components.localisation.box_answers import boxes_of
from components.localisation.localised import Localised, to_record
from models import exif_orientation, images
from models.errors import InputError
from models.label_space import Correspondence
from models.localisation.boxes import upright_boxes
from models.localisation.dense import DenseLocaliser
from models.localisation.five_best import best_classes, box_of_class
from models.localisation.trunk import head_of, same_trunk, trunk_of
from models.net import Net
from serving.saved_model.box_model import BoxModel, read_box_network
from serving.saved_model.export import read_network
from serving.saved_model.head import Head

WHOLE = np.array([0.0, 0.0, 1.0, 1.0])


@dataclasses.dataclass(frozen=True)
class BoxNet:
    """A box net's folder, and the Q of test 2 at which it is applied, pixels."""

    folder: str
    shorter_sides: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Nets:
    """What boxes are found with.

    Attributes:
        model: folder of the classification net's SavedModel, whose posteriors rate the boxes.
        boxes: the box nets, whose boxes are merged together; test 1 is of the first.
    """

    model: str
    boxes: tuple[BoxNet, ...]


class LocateObjects(beam.PTransform):
    """Serialized tf.Examples of the data to those of components.localisation.localised.

    Args:
        nets: what boxes are found with.
        layout: keys of the examples.
        labels: which label of the model each of theirs is.
        best: the five best classes of each image, by its key: those that get a box.
    """

    def __init__(self, nets: Nets, layout: Layout, labels: Correspondence, best: beam.pvalue.AsDict):
        super().__init__()
        self._locate, self._best = _Locate(nets, layout, labels), best

    def expand(self, records: beam.PCollection):
        """Beam's."""
        return records | beam.Reshuffle() | "Locate" >> beam.ParDo(self._locate, self._best)


def best_of_prediction(record: bytes) -> tuple[bytes, list[int]]:
    """(an image's key, its five best classes) of one of the Averager's predictions."""
    feature = tf.train.Example.FromString(record).features.feature
    posteriors = np.array(feature[AVERAGE].float_list.value, np.float32)
    return feature["key"].bytes_list.value[0], best_classes(posteriors).tolist()


class _Locate(beam.DoFn):
    def __init__(self, nets: Nets, layout: Layout, labels: Correspondence):
        self._nets, self._layout, self._labels = nets, layout, labels
        self._shared = shared.Shared()

    def setup(self) -> None:
        """Once a thread; the nets once a process."""
        text = tf.TensorSpec([], tf.string)
        self._true = tf.function(self._boxes, [text, text], autograph=False)
        tag = repr(self._nets)
        self._loaded, self._done = self._shared.acquire(lambda: _Loaded(self._nets), tag=tag), 0

    def process(self, record: bytes, best: Mapping[bytes, Sequence[int]]) -> Iterator[bytes]:
        image, encoded = parse_image(record, self._layout)
        if image.key not in best:
            raise InputError(
                f"image {image.name}: no prediction of it; expected one for each image of the split; the "
                "examples and the predictions are not of the same split: run again"
            )
        five = best[image.key]
        image = dataclasses.replace(image, label=self._labels.of(image.label))
        yield to_record(self._located(image, record, encoded, five))
        self._done += 1
        if self._done % 100 == 0:
            logging.info("Located objects in %d images", self._done)

    def _located(self, image: Labelled, record: bytes, encoded: bytes, five: Sequence[int]) -> Localised:
        name = self._loaded.class_names[image.label]
        true = self._true_boxes(record, encoded, image.label)
        try:
            pixels = self._loaded.decode(encoded).numpy()
        except tf.errors.InvalidArgumentError:
            return Localised(image, name, False, np.empty(0), np.empty([0, 4]), WHOLE, WHOLE, true)
        found = [
            localiser.windows(pixels, side)
            for localiser, net in zip(self._loaded.localisers, self._nets.boxes, strict=True)
            for side in net.shorter_sides
        ]
        boxes = {label: box_of_class(found, label) for label in {*five, image.label}}
        central = self._loaded.localisers[0].central_boxes(pixels, self._loaded.shorter_side)
        return Localised(
            image=image,
            class_name=name,
            decodes=True,
            five=np.array(five, np.float32),
            boxes=np.array([boxes[label] for label in five]),
            own=boxes[image.label],
            central=central[image.label if len(central) > 1 else 0],
            true=true,
        )

    def _true_boxes(self, record: bytes, encoded: bytes, label: int) -> np.ndarray:
        boxes, classes = self._true(record, encoded)
        own = [self._labels.of(int(each)) == label for each in classes.numpy()]
        return boxes.numpy()[np.array(own, bool)]

    def _boxes(self, record: tf.Tensor, encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Of all objects, as the photograph looks, and their classes as the data number them."""
        boxes, classes = boxes_of(record, self._layout)
        return upright_boxes(boxes, exif_orientation.orientation(encoded)), classes


class _Loaded:
    """What one process keeps."""

    def __init__(self, nets: Nets):
        classifier, net, head = read_network(nets.model)
        box_nets = [read_box_network(each.folder) for each in nets.boxes]
        self.class_names, self.shorter_side = head.unique_names, box_nets[0][1].shorter_side
        self.decode = tf.function(images.decode, [tf.TensorSpec([], tf.string)], autograph=False)
        self.localisers = [dense_localiser(classifier, net, head, *each) for each in box_nets]


def dense_localiser(
    classifier: keras.Model, net: Net, head: Head, box_net: keras.Model, model: BoxModel
) -> DenseLocaliser:
    """Of what read_network and read_box_network give; the two share the convolutions that are the same."""
    parts = {"classifier": classifier, "box_net": box_net}
    if head.mean_rgb == model.head.mean_rgb and same_trunk(classifier, box_net):
        parts = {name: head_of(network) for name, network in parts.items()}
        parts["trunk"] = trunk_of(classifier)
    return DenseLocaliser(
        **parts, classifier_mean=head.mean_rgb, box_mean=model.head.mean_rgb, size=net.input_size
    )
