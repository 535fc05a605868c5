"""The images of a request log, TensorFlow Serving's PredictionLogs in TFRecords, with what was answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from models.errors import InputError
from models.untuned import elements

IMAGES, CLASSES = "image_bytes", "top_classes"


@dataclass(frozen=True)
class Count:
    """Of a log's requests.

    Attributes:
        images: found in them.
        other: requests without photographs and a class for each: other signatures, or tf.Examples.
    """

    images: int
    other: int


def count_images(files: Sequence[str]) -> Count:
    """Reads the log once.

    Raises:
        InputError: a file is none of PredictionLogs.
    """
    found = [len(request) for request in _requests(files)]
    return Count(sum(found), found.count(0))


def drawn_images(files: Sequence[str], images: int, most: int, seed: int) -> Iterator[tuple[bytes, str]]:
    """At most so many of the log's `images`, in its order, each as likely as another, with the best class
    that was answered. One request is held in memory at a time.

    Raises (when it is read):
        InputError: as count_images.
    """
    drawn = set(np.random.default_rng(seed).permutation(images)[:most].tolist())
    place = 0
    for request in _requests(files):
        for labelled in request:
            if place in drawn:
                yield labelled
            place += 1


def _requests(files: Sequence[str]) -> Iterator[list[tuple[bytes, str]]]:
    for file in files:
        try:
            for record in elements(tf.data.TFRecordDataset(file)):
                yield _of_request(prediction_log_pb2.PredictionLog.FromString(record))
        except (tf.errors.DataLossError, ValueError, DecodeError) as error:
            raise InputError(
                f"request log {file}: cannot be read ({type(error).__name__}); expected TFRecords of "
                "PredictionLogs, as --request_log_prefix writes them"
            ) from None
        except tf.errors.OpError as error:
            raise InputError(f"request log {file}: cannot be read ({error.message})") from None


def _of_request(log: prediction_log_pb2.PredictionLog) -> list[tuple[bytes, str]]:
    inputs, outputs = log.predict_log.request.inputs, log.predict_log.response.outputs
    if IMAGES not in inputs or CLASSES not in outputs:
        return []
    images = tf.make_ndarray(inputs[IMAGES]).ravel().tolist()
    best = tf.make_ndarray(outputs[CLASSES]).reshape(len(images), -1)[:, 0]
    return [(image, name.decode(errors="replace")) for image, name in zip(images, best, strict=True)]
