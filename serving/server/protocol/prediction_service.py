"""tensorflow.serving.PredictionService: Predict, GetModelMetadata, Classify, Regress, MultiInference."""

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.server.encoding.tensors import Limits, read_inputs, to_proto
from serving.server.errors import invalid
from serving.server.protocol.inference import Inference, answered_by
from serving.server.transport.calls import Call
from serving.server.transport.grpc_calls import GrpcCalls
from serving.server.versions.registry import Registry

NAME = "tensorflow.serving.PredictionService"
SIGNATURE_DEF = "signature_def"


class PredictionService:
    """The methods, each from a request to a response."""

    def __init__(self, inference: Inference, registry: Registry, limits: Limits, *, as_content: bool):
        """`as_content`: whether the numbers of an answer are bytes."""
        self._inference, self._registry, self._limits = inference, registry, limits
        self._as_content = as_content

    def handlers(self, calls: GrpcCalls) -> grpc.GenericRpcHandler:
        """The service, for a gRPC server."""
        return calls.service(
            NAME,
            {
                "Predict": (predict_pb2.PredictRequest, self.predict),
                "GetModelMetadata": (get_model_metadata_pb2.GetModelMetadataRequest, self.metadata),
                "Classify": (classification_pb2.ClassificationRequest, self.classify),
                "Regress": (regression_pb2.RegressionRequest, self.regress),
                "MultiInference": (inference_pb2.MultiInferenceRequest, self.multi_inference),
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
            response.outputs[name].CopyFrom(to_proto(array, as_content=self._as_content))
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
        """The classes of tf.Examples."""
        return await self._inference.classify(call, request.model_spec, request.input)

    async def regress(
        self, request: regression_pb2.RegressionRequest, call: Call
    ) -> regression_pb2.RegressionResponse:
        """The numbers of tf.Examples."""
        return await self._inference.regress(call, request.model_spec, request.input)

    async def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest, call: Call
    ) -> inference_pb2.MultiInferenceResponse:
        """Several of these at once."""
        return await self._inference.multi_inference(call, request)
