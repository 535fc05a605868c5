"""Warm-up requests, which TF Serving answers before a new version takes its first real one.

The first pass over a shape is the slow one: kernels are chosen, on a GPU by trying them. The shape that the
net sees follows from the photograph's proportions, so small pictures of common ones stand for large ones.
"""

import os

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.saved_model.signatures import LOCALISE

FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
# Height and width: 4:3, its upright, and 3:2. Net D took 33 s for all of them on two busy cores.
LANDSCAPE, PORTRAIT, WIDE = (96, 128), (128, 96), (96, 144)
REQUESTS = (
    ("serving_default", LANDSCAPE),
    ("serving_default", PORTRAIT),
    ("single_scale", LANDSCAPE),
    ("single_scale", PORTRAIT),
    ("single_scale", WIDE),
    ("features", LANDSCAPE),
)
LOCALISING = (LOCALISE, LANDSCAPE)


def write_warmup(path: str, *, localises: bool = False) -> None:
    """Writes the requests, a TFRecord of PredictionLog, into the SavedModel in folder `path`."""
    file = os.path.join(path, FILE)
    tf.io.gfile.makedirs(os.path.dirname(file))
    with tf.io.TFRecordWriter(file) as writer:
        for signature, size in (*REQUESTS, *([LOCALISING] if localises else [])):
            writer.write(_request(signature, size).SerializeToString())


def _request(signature: str, size: tuple[int, int]) -> prediction_log_pb2.PredictionLog:
    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.signature_name = signature
    image = tf.io.encode_jpeg(tf.fill([*size, 3], tf.constant(128, tf.uint8))).numpy()
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([image], tf.string))
    return log
