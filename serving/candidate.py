"""Whether a model may be pushed: a real server loads it and answers as its evaluation did."""

import os
import tempfile
from collections.abc import Mapping, Sequence

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving import store_push
from serving.model_server import NAME, ModelServer, NotServable
from serving.saved_model.description import localises
from serving.saved_model.signatures import AVERAGED, LOCALISE, LOCATED

SIGNATURE = "serving_default"
NEAR = 1e-5
NEAR_EVALUATION = 1e-4
"""An evaluation computes the same sums in batches of another shape, perhaps on another kind of device: its
posteriors were up to 2e-7 away where both ran on one CPU. A wrong mean or Q moves them by more than this."""
SECONDS_AN_IMAGE = 120


def check_candidate(
    model: str,
    photographs: Sequence[bytes],
    *,
    expected: np.ndarray | None = None,
    loads_within: float = 600.0,
) -> None:
    """Serves SavedModel `model` and asks for the posteriors of `photographs`, encoded, as a client does.

    `expected` float [N, classes] are the posteriors that an evaluation of the same net under the same test
    protocol found. Without them the answers are compared with the model's own in this process, which says
    nothing of what was exported. Of a model that localises, boxes are asked for too, and looked at one by
    one: a sum that is 1e-7 away may merge other boxes, so that none is compared with an evaluation's.

    Raises:
        NotServable: the server does not load it, refuses a photograph, or its posteriors are not finite, do
            not sum to 1, or are further than 1e-4 from the expected ones (1e-5 from the model's own); or a
            box is none.
    """
    with tempfile.TemporaryDirectory() as base_path:
        version = os.path.join(base_path, "1")
        if store_push.is_store(model):
            store_push.copy_folder(model, version)
        else:
            os.symlink(os.path.abspath(model), version)
        with ModelServer(base_path, loads_within=loads_within) as server:
            served = ask(server.address, photographs)[AVERAGED]
            located = ask(server.address, photographs, LOCALISE) if localises(version) else None
    if expected is None:
        check_posteriors(served, in_process(model, photographs))
    else:
        check_posteriors(served, expected, near=NEAR_EVALUATION, whose="the evaluation")
    if located is not None:
        check_boxes(located, served)


def ask(address: str, photographs: Sequence[bytes], signature: str = SIGNATURE) -> dict[str, np.ndarray]:
    """A signature's outputs by gRPC, posteriors [N, classes] among them.

    Raises:
        NotServable: the server refuses.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, signature
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(list(photographs), tf.string))
    with grpc.insecure_channel(address) as channel:
        service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            response = service.Predict(request, timeout=SECONDS_AN_IMAGE * len(photographs))
        except grpc.RpcError as error:
            raise NotServable(f"the server answers {error.code().name}: {error.details()}") from None
    if AVERAGED not in response.outputs:
        raise NotServable(f"the answer has no output {AVERAGED}, but {', '.join(sorted(response.outputs))}")
    return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}


def in_process(model: str, photographs: Sequence[bytes]) -> np.ndarray:
    """The same of the model loaded here.

    Raises:
        NotServable: it does not load or compute.
    """
    try:
        signature = tf.saved_model.load(model).signatures[SIGNATURE]
        return signature(image_bytes=tf.constant(list(photographs)))[AVERAGED].numpy()
    except (tf.errors.OpError, OSError, KeyError, ValueError) as error:
        raise NotServable(f"the model does not run in this process: {str(error).splitlines()[0]}") from None


def check_posteriors(
    served: np.ndarray, expected: np.ndarray, *, near: float = NEAR, whose: str = "the model itself"
) -> None:
    """Raises NotServable where posteriors [N, classes] are none, or further than `near` from the expected
    ones, which `whose` gave."""
    if served.shape != expected.shape:
        raise NotServable(f"posteriors of shape {served.shape}, {whose} gives {expected.shape}")
    for number, row in enumerate(served):
        if not np.isfinite(row).all():
            raise NotServable(f"photograph {number}: posteriors that are not finite")
        if abs(row.sum(dtype=np.float64) - 1) > NEAR:
            raise NotServable(f"photograph {number}: posteriors that sum to {row.sum():.6f}")
    far = np.abs(served - expected).max(axis=1)
    if not far.max() <= near:
        raise NotServable(
            f"photograph {far.argmax()}: a posterior {far.max():.1g} from what {whose} gives, "
            f"expected at most {near:g}"
        )


def check_boxes(located: Mapping[str, np.ndarray], posteriors: np.ndarray) -> None:
    """Raises NotServable where `localise` answers no boxes, or other classes than `serving_default`, whose
    posteriors [N, classes] are given."""
    if missing := sorted(set(LOCATED) - set(located)):
        raise NotServable(f"the answer of {LOCALISE} has no output {', '.join(missing)}")
    check_posteriors(located[AVERAGED], posteriors, whose=SIGNATURE)
    boxes, scores, sizes = (located[name] for name in LOCATED)
    for number, (of_image, size) in enumerate(zip(boxes, np.tile(sizes, 2), strict=True)):
        # As fractions: in pixels, float32's last digit depends on the size.
        found = of_image / size
        lies_within = (found >= -NEAR) & (found <= 1 + NEAR)
        if not (lies_within.all() and (found[:, 2:] >= found[:, :2]).all()):
            raise NotServable(
                f"photograph {number}: boxes {of_image.tolist()} of one of {size[0]} x {size[1]} pixels"
            )
        if not (np.isfinite(scores[number]).all() and (scores[number] >= 0).all()):
            raise NotServable(f"photograph {number}: boxes with scores {scores[number].tolist()}")
