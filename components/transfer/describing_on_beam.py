"""Descriptors of many images on Beam: one forward pass for each image and its flip, as a Scorer's."""

import logging
from collections.abc import Iterator, Sequence

import apache_beam as beam
import keras
import numpy as np
import tensorflow as tf
from apache_beam.utils import shared

from components.datasets.layouts import Layout
from components.evaluation.posteriors import parse_image
from components.evaluation.scoring_on_beam import IMAGES_AT_ONCE
from components.transfer.described import labels_of
from models import scoring
from models.protocols import Method
from models.view_scorer import ViewScorer
from serving.saved_model.export import read_network

LAYER = "fc7"


class DescribeImages(beam.PTransform):
    """Serialized tf.Examples of the data to serialized descriptors (components.transfer.described).

    Args:
        model: folder of an exported SavedModel.
        shorter_side: Q in pixels.
        flip: whether the descriptor of the horizontal flip is averaged in.
        layout: keys of the examples.
    """

    def __init__(self, model: str, shorter_side: int, layout: Layout, *, flip: bool):
        super().__init__()
        self._describe = _Describe(model, shorter_side, layout, flip)

    def expand(self, records: beam.PCollection):
        """Beam's."""
        batches = records | beam.BatchElements(min_batch_size=IMAGES_AT_ONCE, max_batch_size=IMAGES_AT_ONCE)
        return batches | "Describe" >> beam.ParDo(self._describe)


class _Describe(beam.DoFn):
    def __init__(self, model: str, shorter_side: int, layout: Layout, flip: bool):
        self._model, self._shorter_side, self._layout, self._flip = model, shorter_side, layout, flip
        self._shared = shared.Shared()

    def setup(self) -> None:
        """Once a thread; the net once a process."""
        tag = f"{self._model}|{LAYER}|{self._shorter_side}"
        self._loaded, self._done = self._shared.acquire(self._load, tag=tag), 0

    def process(self, batch: Sequence[bytes]) -> Iterator[bytes]:
        images, encoded = zip(*(parse_image(record, self._layout) for record in batch), strict=True)
        for record, image, found in zip(batch, images, self._loaded.scorer(encoded), strict=True):
            labels, uncertain = labels_of(record, self._layout)
            features = np.zeros(self._loaded.channels, np.float32)
            if found:
                features = (found.plain + found.flipped) / 2 if self._flip else found.plain
            yield _record(image.key, image.name, labels, uncertain, found is not None, features)
        self._done += len(batch)
        logging.info("Described %d images", self._done)

    def _load(self) -> "_Loaded":
        network, net, head = read_network(self._model)
        fc7 = network.get_layer(LAYER).output
        scorer = ViewScorer(
            keras.Model(network.inputs, fc7),
            method=Method.DENSE,
            shorter_side=self._shorter_side,
            input_size=net.input_size,
            mean_rgb=head.mean_rgb,
            most_pixels=head.most_pixels,
            squares=head.squares,
            of_maps=scoring.mean_scores,
        )
        return _Loaded(scorer, fc7.shape[-1])


class _Loaded:
    """What one process keeps; a plain tuple could not be weakly referenced, which Shared does."""

    def __init__(self, scorer: ViewScorer, channels: int):
        self.scorer, self.channels = scorer, channels


def _record(
    key: bytes, name: str, labels: list[int], uncertain: list[int], decodes: bool, features: np.ndarray
) -> bytes:
    train = tf.train
    values = {
        "key": train.Feature(bytes_list=train.BytesList(value=[key])),
        "name": train.Feature(bytes_list=train.BytesList(value=[name.encode()])),
        "labels": train.Feature(int64_list=train.Int64List(value=labels)),
        "uncertain": train.Feature(int64_list=train.Int64List(value=uncertain)),
        "decodes": train.Feature(int64_list=train.Int64List(value=[int(decodes)])),
        "features": train.Feature(float_list=train.FloatList(value=features)),
    }
    return train.Example(features=train.Features(feature=values)).SerializeToString()
