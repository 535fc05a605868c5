"""A client of `vgg serve` and of TF Serving. To use it, copy this file into your program:

    from client import classify

    with open("photograph.jpg", "rb") as file:
        print(classify([file.read()], "127.0.0.1:8500"))  # [[("daisy", 0.93), ("tulips", 0.04), ...]]

`classify` needs the packages grpcio and protobuf, `classify_by_rest` only the standard library.
"""

import base64
import contextlib
import functools
import json
import struct
import urllib.error
import urllib.request

# What is used of TF Serving's messages, with their field numbers. The package tensorflow-serving-api holds
# all of them and imports TensorFlow with them: 8.7 s until the first request, measured, where this takes 0.2.
MESSAGES = {
    "Dimension": "1 size INT64",
    "Shape": "2 dim Dimension*",
    "Tensor": "1 dtype INT32, 2 tensor_shape Shape, 4 tensor_content BYTES, 5 float_val FLOAT*"
    ", 8 string_val BYTES*",
    "NamedTensor": "1 key STRING, 2 value Tensor",
    "Model": "1 name STRING, 3 signature_name STRING",
    "Request": "1 model_spec Model, 2 inputs NamedTensor*, 3 output_filter STRING*",
    "Response": "1 outputs NamedTensor*",
}
METHOD = "/tensorflow.serving.PredictionService/Predict"
STRING = 7  # TensorFlow's DT_STRING
BEST = ("top_classes", "top_probabilities")


def classify(images, server="127.0.0.1:8500", model="vgg", *, signature="serving_default", timeout=60,
             token=None, channel=None):  # fmt: skip
    """The best classes of each of `images`: a list of (class, probability in 0..1), best first.

    `images`: a list of bytes, JPEG or PNG of any and mixed sizes. `timeout` in seconds. `channel`, in place
    of `server`, is for many calls or TLS: grpc.secure_channel("HOST:PORT", grpc.ssl_channel_credentials()).
    Raises grpc.RpcError, whose code() and details() say why and which image: `image_bytes[0]: ...`.
    """
    import grpc

    kinds = messages()
    tensor = {"dtype": STRING, "tensor_shape": {"dim": [{"size": len(images)}]}, "string_val": images}
    spec, inputs = {"name": model, "signature_name": signature}, [{"key": "image_bytes", "value": tensor}]
    request = kinds["Request"](model_spec=spec, inputs=inputs, output_filter=BEST)
    metadata = [("authorization", f"Bearer {token}")] if token else None
    with contextlib.nullcontext(channel) if channel else grpc.insecure_channel(server) as opened:
        predict = opened.unary_unary(METHOD, type(request).SerializeToString, kinds["Response"].FromString)
        response = predict(request, timeout, metadata)
    return _pairs({output.key: output.value for output in response.outputs})


def classify_by_rest(images, server="http://127.0.0.1:8501", model="vgg", *, signature="serving_default",
                     timeout=60, token=None, tls=None):  # fmt: skip
    """The same over REST; `tls` is an ssl.SSLContext. Raises urllib.error.URLError; HTTPError is one."""
    instances = [{"image_bytes": {"b64": base64.b64encode(image).decode()}} for image in images]
    body = json.dumps({"signature_name": signature, "instances": instances}).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(f"{server}/v1/models/{model}:predict", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=tls) as answer:
            predictions = json.load(answer)["predictions"]
    except urllib.error.HTTPError as error:
        error.msg = error.read().decode(errors="replace") or error.msg  # the server's {"error": "..."}
        raise
    return [list(zip(*(found[name] for name in BEST), strict=True)) for found in predictions]


def _pairs(outputs):
    names, values = (outputs[name] for name in BEST)
    floats = values.float_val or [value for (value,) in struct.iter_unpack("<f", values.tensor_content)]
    pairs = list(zip([name.decode() for name in names.string_val], floats, strict=True))
    best = names.tensor_shape.dim[1].size
    return [pairs[start : start + best] for start in range(0, len(pairs), best)]


@functools.cache
def messages(more=()):
    """The classes of MESSAGES by name, and those of `more`, pairs of a name and its fields."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="client.proto", package="client", syntax="proto3")
    for message, fields in (table := MESSAGES | dict(more)).items():
        added = file.message_type.add(name=message)
        for number, name, kind in (field.split() for field in fields.split(", ")):
            field = added.field.add(name=name, number=int(number), label=3 if kind.endswith("*") else 1)
            if (kind := kind.rstrip("*")) in table:
                field.type_name = f".client.{kind}"
            else:
                field.type = getattr(field, f"TYPE_{kind}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    build = getattr(message_factory, "GetMessageClass", None)  # since protobuf 4.22
    build = build or message_factory.MessageFactory(pool).GetPrototype
    return {name: build(pool.FindMessageTypeByName(f"client.{name}")) for name in table}
