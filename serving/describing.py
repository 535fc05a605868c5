"""Descriptors (appendix B) from `vgg serve` and TF Serving, by one version of the model.

Of a server that has just loaded a newer version, some images would be described by the one and some by the
other, and such descriptors cannot be compared. So the version is asked for first, and named in each request.
"""

import base64
import json
import struct
import urllib.error
import urllib.request
from collections.abc import Sequence

from serving import client

FEATURES = "features"
MESSAGES = (
    ("Version", "1 value INT64"),
    ("Model", "1 name STRING, 2 version Version, 3 signature_name STRING"),
    ("StatusRequest", "1 model_spec Model"),
    ("VersionStatus", "1 version INT64, 2 state INT32"),
    ("StatusResponse", "1 model_version_status VersionStatus*"),
)
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
AVAILABLE = 30  # of ModelVersionStatus.State


def describe(
    images: Sequence[bytes], channel, model: str = "vgg", *, version: int, timeout: float = 60,
    token: str | None = None,
) -> list[tuple[float, ...]]:  # fmt: skip
    """The descriptors of encoded images, over a gRPC channel, by a version of a model.

    Raises:
        grpc.RpcError: as serving.client.classify.
    """
    kinds = client.messages(MESSAGES)
    tensor = {"dtype": client.STRING, "tensor_shape": {"dim": [{"size": len(images)}]}, "string_val": images}
    spec = {"name": model, "signature_name": FEATURES, "version": {"value": version}}
    request = kinds["Request"](model_spec=spec, inputs=[{"key": "image_bytes", "value": tensor}])
    response = _call(channel, client.METHOD, request, kinds["Response"], timeout, token)
    found = {output.key: output.value for output in response.outputs}[FEATURES]
    values = found.float_val or [value for (value,) in struct.iter_unpack("<f", found.tensor_content)]
    long = found.tensor_shape.dim[1].size
    return [tuple(values[start : start + long]) for start in range(0, len(values), long)]


def newest_version(
    channel, model: str = "vgg", *, timeout: float = 60, token: str | None = None
) -> int | None:
    """The number of the newest version that is ready, None where none is.

    Raises:
        grpc.RpcError: the server does not answer, or has no such model.
    """
    kinds = client.messages(MESSAGES)
    request = kinds["StatusRequest"](model_spec={"name": model})
    found = _call(channel, STATUS, request, kinds["StatusResponse"], timeout, token)
    ready = (each.version for each in found.model_version_status if each.state == AVAILABLE)
    return max(ready, default=None)


def describe_by_rest(
    images: Sequence[bytes], server: str, model: str = "vgg", *, version: int, timeout: float = 60,
    token: str | None = None, tls=None,
) -> list[tuple[float, ...]]:  # fmt: skip
    """`describe` over REST; `server` as http://127.0.0.1:8501.

    Raises:
        urllib.error.URLError: as serving.client.classify_by_rest.
    """
    instances = [{"image_bytes": {"b64": base64.b64encode(image).decode()}} for image in images]
    body = {"signature_name": FEATURES, "instances": instances}
    path = f"{server}/v1/models/{model}/versions/{version}:predict"
    found = _rest(path, body, timeout, token, tls)["predictions"]
    # Of the only output TF Serving gives the values without its name.
    return [tuple(each[FEATURES] if isinstance(each, dict) else each) for each in found]


def newest_version_by_rest(
    server: str, model: str = "vgg", *, timeout: float = 60, token: str | None = None, tls=None
) -> int | None:
    """`newest_version` over REST."""
    found = _rest(f"{server}/v1/models/{model}", None, timeout, token, tls)["model_version_status"]
    return max((int(each["version"]) for each in found if each["state"] == "AVAILABLE"), default=None)


def _call(channel, method: str, request, response: type, timeout: float, token: str | None):
    metadata = [("authorization", f"Bearer {token}")] if token else None
    called = channel.unary_unary(method, type(request).SerializeToString, response.FromString)
    return called(request, timeout, metadata)


def _rest(path: str, body: dict | None, timeout: float, token: str | None, tls) -> dict:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(path, json.dumps(body).encode() if body else None, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=tls) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        error.msg = error.read().decode(errors="replace") or error.msg  # the server's {"error": "..."}
        raise
