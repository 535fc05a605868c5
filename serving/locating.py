"""Boxes of the best classes (appendix A) from `vgg serve` and TF Serving, of a model that localises."""

import base64
import json
import struct
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from serving import client

LOCALISE = "localise"
BOXES = ("boxes", "box_scores")
OUTPUTS = (*client.BEST, *BOXES)


class Located(NamedTuple):
    """One of an image's best classes.

    Attributes:
        name: the class's.
        probability: 0..1.
        box: (left, top, right, bottom) in pixels of the photograph as it looks.
        score: the sum of the classifier's posteriors in the windows that the box was merged from.
    """

    name: str
    probability: float
    box: tuple[float, float, float, float]
    score: float


def locate(
    images: Sequence[bytes], channel, model: str = "vgg", *, timeout: float = 60, token: str | None = None
) -> list[list[Located]]:
    """The best classes of encoded images, best first, over a gRPC channel.

    Raises:
        grpc.RpcError: as serving.client.classify; INVALID_ARGUMENT where the model does not localise.
    """
    kinds = client.messages()
    tensor = {"dtype": client.STRING, "tensor_shape": {"dim": [{"size": len(images)}]}, "string_val": images}
    spec, inputs = {"name": model, "signature_name": LOCALISE}, [{"key": "image_bytes", "value": tensor}]
    request = kinds["Request"](model_spec=spec, inputs=inputs, output_filter=OUTPUTS)
    metadata = [("authorization", f"Bearer {token}")] if token else None
    called = channel.unary_unary(client.METHOD, type(request).SerializeToString, kinds["Response"].FromString)
    outputs = {each.key: each.value for each in called(request, timeout, metadata).outputs}
    names = [name.decode() for name in outputs["top_classes"].string_val]
    best = outputs["top_classes"].tensor_shape.dim[1].size
    probabilities, boxes, scores = (_floats(outputs[name]) for name in OUTPUTS[1:])
    each_box = zip(*[iter(boxes)] * 4, strict=True)
    found = [Located(*each) for each in zip(names, probabilities, each_box, scores, strict=True)]
    return [found[start : start + best] for start in range(0, len(found), best)]


def locate_by_rest(
    images: Sequence[bytes], server: str, model: str = "vgg", *, timeout: float = 60,
    token: str | None = None, tls=None,
) -> list[list[Located]]:  # fmt: skip
    """`locate` over REST; `server` as http://127.0.0.1:8501.

    Raises:
        urllib.error.URLError: as serving.client.classify_by_rest.
    """
    instances = [{"image_bytes": {"b64": base64.b64encode(image).decode()}} for image in images]
    body = json.dumps({"signature_name": LOCALISE, "instances": instances}).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(f"{server}/v1/models/{model}:predict", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=tls) as answer:
            return [of_outputs(each) for each in json.load(answer)["predictions"]]
    except urllib.error.HTTPError as error:
        error.msg = error.read().decode(errors="replace") or error.msg  # the server's {"error": "..."}
        raise


def of_outputs(outputs: Mapping[str, Any]) -> list[Located]:
    """The best classes of one image, of what the signature answers for it: lists, or NumPy arrays."""
    return [
        Located(
            name.decode() if isinstance(name, bytes) else name,
            float(probability), tuple(map(float, box)), float(score),
        )
        for name, probability, box, score in zip(*(outputs[name] for name in OUTPUTS), strict=True)
    ]  # fmt: skip


def _floats(tensor) -> Sequence[float]:
    return tensor.float_val or [value for (value,) in struct.iter_unpack("<f", tensor.tensor_content)]
