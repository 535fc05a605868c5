"""The images of a request log, TensorFlow Serving's PredictionLogs in TFRecords, with what was answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from models.errors import InputError

IMAGES, CLASSES = "image_bytes", "top_classes"


@dataclass
class Count:
    """Of a log's requests.

    Attributes:
        images: found in them.
        other: requests without photographs and a class for each: other signatures, or tf.Examples.
    """

    images: int = 0
    other: int = 0


def sampled_images(files: Sequence[str], most: int, seed: int, count: Count) -> list[tuple[bytes, str]]:
    """At most so many images with the best class that was answered, each as likely as another.

    Raises:
        InputError: a file is none of PredictionLogs.
    """
    random, kept = np.random.default_rng(seed), []
    for labelled in _labelled(files, count):
        count.images += 1
        if len(kept) < most:
            kept.append(labelled)
        elif (place := int(random.integers(count.images))) < most:
            kept[place] = labelled
    return kept


def _labelled(files: Sequence[str], count: Count) -> Iterator[tuple[bytes, str]]:
    for file in files:
        try:
            for record in tf.data.TFRecordDataset(file).as_numpy_iterator():
                log = prediction_log_pb2.PredictionLog.FromString(record)
                found = _of_request(log)
                count.other += not found
                yield from found
        except (tf.errors.DataLossError, ValueError, TypeError) as error:
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
