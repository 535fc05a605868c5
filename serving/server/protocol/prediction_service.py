"""tensorflow.serving.PredictionService: Predict, GetModelMetadata, Classify."""

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.server.encoding.tensors import Limits, read_inputs, to_proto
from serving.server.errors import ServingError, invalid
from serving.server.protocol.inference import Inference, answered_by
from serving.server.transport.calls import Call
from serving.server.transport.grpc_calls import GrpcCalls
from serving.server.versions.registry import Registry

NAME = "tensorflow.serving.PredictionService"
SIGNATURE_DEF = "signature_def"


class PredictionService:
    """The methods, each from a request to a response."""

    def __init__(self, inference: Inference, registry: Registry, limits: Limits):
        self._inference, self._registry, self._limits = inference, registry, limits

    def handlers(self, calls: GrpcCalls) -> grpc.GenericRpcHandler:
        """The service, for a gRPC server."""
        return calls.service(
            NAME,
            {
                "Predict": (predict_pb2.PredictRequest, self.predict),
                "GetModelMetadata": (get_model_metadata_pb2.GetModelMetadataRequest, self.metadata),
                "Classify": (classification_pb2.ClassificationRequest, self.classify),
                "Regress": (regression_pb2.RegressionRequest, self._regress),
                "MultiInference": (inference_pb2.MultiInferenceRequest, self._multi_inference),
            },
        )

    async def predict(self, request: predict_pb2.PredictRequest, call: Call) -> predict_pb2.PredictResponse:
        """Runs a signature."""
        prediction = await self._inference.predict(
            call,
            request.model_spec,
            lambda signature: read_inputs(request.inputs, signature, self._limits),
            request.output_filter,
        )
        response = predict_pb2.PredictResponse(model_spec=prediction.spec)
        for name, array in prediction.outputs.items():
            response.outputs[name].CopyFrom(to_proto(array))
        return response

    async def metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, call: Call
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """The signatures of a version."""
        if not request.metadata_field:
            raise invalid(f"metadata_field: expected {SIGNATURE_DEF}")
        if unknown := [name for name in request.metadata_field if name != SIGNATURE_DEF]:
            raise invalid(f"metadata_field {unknown[0][:60]!r}: expected {SIGNATURE_DEF}")
        with self._registry.choose(request.model_spec) as version:
            call.model, call.version = version.servable.name, version.number
            response = get_model_metadata_pb2.GetModelMetadataResponse(
                model_spec=answered_by(version.servable)
            )
            response.metadata[SIGNATURE_DEF].Pack(version.servable.definitions)
            return response

    async def classify(
        self, request: classification_pb2.ClassificationRequest, call: Call
    ) -> classification_pb2.ClassificationResponse:
        """The best classes of images in tf.Examples."""
        return await self._inference.classify(call, request.model_spec, request.input)

    async def _regress(self, request: regression_pb2.RegressionRequest, call: Call):
        with self._registry.choose(request.model_spec) as version:
            raise invalid(f"model {version.servable.name} classifies: it has no signature for regression")

    async def _multi_inference(self, request: inference_pb2.MultiInferenceRequest, call: Call):
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, "MultiInference: send one request for each task")
