"""Predict and Classify, whichever protocol they came by."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from tensorflow_serving.apis import classification_pb2, input_pb2, model_pb2

from serving.server.batching.batcher import Batcher
from serving.server.batching.work import Work
from serving.server.encoding.signature import Signature
from serving.server.encoding.tensors import Limits
from serving.server.errors import invalid
from serving.server.threads import run_in
from serving.server.transport.calls import Call
from serving.server.versions.registry import Registry
from serving.server.versions.servable import Arrays, Servable

ReadInputs = Callable[[Signature], dict[str, np.ndarray]]
"""Reads and checks a request's inputs for a signature."""

CLASSES, SCORES = "top_classes", "top_probabilities"
IMAGE_KEYS = ("image/encoded", "image")
"""Where ImageNet's two layouts of tf.Examples have the file; the signature's input's own name goes first."""


@dataclass(frozen=True)
class Prediction:
    """An answer, and which version and signature gave it."""

    outputs: Arrays
    spec: model_pb2.ModelSpec


class Inference:
    """Finds the version, reads the inputs, waits for the answer."""

    def __init__(self, registry: Registry, batcher: Batcher, limits: Limits):
        self._registry, self._batcher, self._limits = registry, batcher, limits

    async def predict(
        self,
        call: Call,
        spec: model_pb2.ModelSpec,
        read: ReadInputs,
        chosen: Iterable[str] = (),
        *,
        threads: Executor | None = None,
    ) -> Prediction:
        """The outputs named in `chosen`, all where it is empty; `read` runs in `threads` if given.

        Raises:
            ServingError: the request or the image is at fault, or the server is too busy.
        """
        with self._registry.choose(spec) as version:
            call.model, call.version = version.servable.name, version.number
            signature = version.servable.signature(spec.signature_name)
            call.signature = signature.name
            wanted = signature.chosen_outputs(chosen)
            inputs = await run_in(threads, read, signature)
            work = Work(version.servable, signature, inputs, call.deadline)
            call.items = work.items
            outputs = await self._batcher.run(work)
            spec = answered_by(version.servable, signature.name)
            return Prediction({name: outputs[name] for name in wanted}, spec)

    async def classify(
        self, call: Call, spec: model_pb2.ModelSpec, given: input_pb2.Input
    ) -> classification_pb2.ClassificationResponse:
        """The best classes of the image in each tf.Example. Raises ServingError."""
        prediction = await self.predict(call, spec, lambda signature: self._images(signature, given))
        response = classification_pb2.ClassificationResponse(model_spec=prediction.spec)
        for names, values in zip(prediction.outputs[CLASSES], prediction.outputs[SCORES], strict=True):
            classes = response.result.classifications.add().classes
            for name, value in zip(names, values, strict=True):
                classes.add(label=name.decode(errors="replace"), score=value)
        return response

    def _images(self, signature: Signature, given: input_pb2.Input) -> dict[str, np.ndarray]:
        fits = {CLASSES, SCORES} <= signature.outputs.keys() and len(signature.inputs) == 1
        if not fits:
            raise invalid(
                f"signature {signature.name} does not classify: expected one whose outputs are {CLASSES} and "
                f"{SCORES}, such as serving_default"
            )
        (name,) = signature.inputs
        examples = _examples(given)
        if not 0 < len(examples) <= self._limits.items:
            raise invalid(f"input: {len(examples)} examples; this server takes 1 to {self._limits.items}")
        array = np.empty(len(examples), object)
        array[:] = [_image(example, name, row) for row, example in enumerate(examples)]
        return {name: array}


def answered_by(servable: Servable, signature: str = "") -> model_pb2.ModelSpec:
    """The ModelSpec of an answer."""
    spec = model_pb2.ModelSpec(name=servable.name, signature_name=signature)
    spec.version.value = servable.version
    return spec


def _examples(given: input_pb2.Input) -> list:
    if given.WhichOneof("kind") == "example_list_with_context":
        raise invalid("input: example_list_with_context; expected example_list")
    return list(given.example_list.examples)


def _image(example, name: str, row: int) -> bytes:
    for key in (name, *IMAGE_KEYS):
        values = example.features.feature[key].bytes_list.value if key in example.features.feature else ()
        if len(values) == 1:
            return values[0]
    keys = ", ".join((name, *IMAGE_KEYS))
    raise invalid(f"input: example {row} has no image; expected its bytes as one of {keys}")
