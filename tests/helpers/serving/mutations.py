"""Inputs that are almost right: photographs, messages and JSON with something wrong in them, from a seed."""

import base64
import io
import json
import random
from collections.abc import Sequence

import numpy as np
from PIL import Image
from tensorflow_serving.apis import predict_pb2

SIGNATURES = ["", "serving_default", "single_scale", "features", "examples", "score_map", "top_score_maps"]
MOSTLY_SINGLE = ["", "single_scale", "single_scale", "single_scale"]
"""Both look at an image alike, and the default one then runs the net six times."""

INTERESTING = [b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x00" * 8, b"\xff\xd8", b"\xff\xd9"]
JSON_PARTS = ["{", "}", "[", "]", ",", ":", '"', "null", "true", "1e999", "-0", "NaN", "\\u0000", "\\ud800"]
WORDS = ["b64", "instances", "inputs", "signature_name", "image_bytes", "images"]


def photographs() -> list[bytes]:
    """Small ones in the forms that the model knows, and in one that it does not."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)
    picture = Image.fromarray(pixels).resize((36, 33))
    forms = [
        (picture, "JPEG", {}),
        (picture, "JPEG", {"progressive": True}),
        (picture.convert("L"), "JPEG", {}),
        (picture.convert("CMYK"), "JPEG", {}),
        (picture, "PNG", {}),
        (picture.convert("P"), "PNG", {}),
        (picture, "GIF", {}),
    ]
    return [_encoded(image, form, options) for image, form, options in forms]


def mutated(source: random.Random, data: bytes) -> bytes:
    """`data` with one to four changes: bits, bytes, cuts, repetitions, numbers that lie at the edges."""
    changed = bytearray(data)
    for _ in range(source.choice([1, 1, 2, 4])):
        place = source.randrange(len(changed) + 1)
        kind = source.randrange(6)
        if kind == 0 and place < len(changed):
            changed[place] ^= 1 << source.randrange(8)
        elif kind == 1 and place < len(changed):
            changed[place] = source.randrange(256)
        elif kind == 2:
            del changed[place:]
        elif kind == 3:
            del changed[place : place + source.randrange(1, 9)]
        elif kind == 4:
            changed[place:place] = source.choice(INTERESTING)
        else:
            changed[place:place] = changed[place : place + source.randrange(1, 40)]
    return bytes(changed)


def image_request(source: random.Random, images: Sequence[bytes]) -> bytes:
    """A Predict message whose images are mutated."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "vgg"
    request.model_spec.signature_name = source.choice(MOSTLY_SINGLE)
    _put(request, "image_bytes", 7, [mutated(source, source.choice(images)) for _ in range(_few(source))])
    return request.SerializeToString()


def message(source: random.Random, images: Sequence[bytes]) -> bytes:
    """A Predict message that is itself mutated, in its fields or in its bytes."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = source.choice(["vgg"] * 8 + ["", "other", "v" * 5000, "\u0000"])
    request.model_spec.signature_name = source.choice([*SIGNATURES, "none"])
    if source.random() < 0.3:
        request.model_spec.version.value = source.choice([0, 1, -1, 2**62])
    if source.random() < 0.2:
        request.output_filter.append(source.choice(["probabilities", "none"]))
    for _ in range(_few(source)):
        _put_any(source, request, images)
    encoded = request.SerializeToString()
    return mutated(source, encoded) if source.random() < 0.7 else encoded


def body(source: random.Random, images: Sequence[bytes]) -> bytes:
    """The body of a REST prediction, mutated as text or as bytes."""
    values = [{"b64": base64.b64encode(source.choice(images)).decode()} for _ in range(_few(source))]
    document = source.choice(
        [
            {"instances": values},
            {"instances": [{"image_bytes": value} for value in values]},
            {"inputs": {"image_bytes": values}},
            {"inputs": values, "signature_name": source.choice(SIGNATURES)},
            {"signature_name": "score_map", "instances": [[[[1, 2, 3]] * 33] * 33]},
        ]
    )
    document.setdefault("signature_name", source.choice(MOSTLY_SINGLE))
    text = json.dumps(document)
    if source.random() < 0.5:
        place = source.randrange(len(text) + 1)
        text = text[:place] + source.choice(JSON_PARTS) + text[place + source.randrange(4) :]
    if source.random() < 0.3:
        text = text.replace(source.choice(WORDS), source.choice([*WORDS, "", "x" * 300]))
    return mutated(source, text.encode()) if source.random() < 0.5 else text.encode()


def _put(request: predict_pb2.PredictRequest, name: str, dtype: int, values: Sequence[bytes]) -> None:
    request.inputs[name].dtype = dtype
    request.inputs[name].tensor_shape.dim.add(size=len(values))
    request.inputs[name].string_val.extend(values)


def _put_any(source: random.Random, request: predict_pb2.PredictRequest, images: Sequence[bytes]) -> None:
    tensor = request.inputs[source.choice(["image_bytes", "images", "examples", "none"])]
    tensor.dtype = source.choice([7, 7, 7, 4, 1, 9, 0, 23, 100])
    tensor.tensor_shape.unknown_rank = source.random() < 0.05
    for _ in range(source.choice([1, 1, 1, 4, 0, 9])):
        tensor.tensor_shape.dim.add(size=source.choice([1, 1, 2, 3, 33, 0, -1, 2**31, 2**62]))
    if source.random() < 0.7:
        tensor.string_val.extend(source.choice(images) for _ in range(_few(source)))
    if source.random() < 0.3:
        tensor.tensor_content = source.randbytes(source.choice([1, 3, 33 * 33 * 3]))
    if source.random() < 0.2:
        tensor.int_val.extend([source.randrange(-300, 300)] * source.choice([1, 3, 100]))


def _few(source: random.Random) -> int:
    return source.choice([1, 1, 1, 2, 3])


def _encoded(image: Image.Image, form: str, options: dict) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()
