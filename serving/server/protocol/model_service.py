"""tensorflow.serving.ModelService: GetModelStatus and HandleReloadConfigRequest."""

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from models.errors import InputError
from serving.server.errors import ServingError, invalid
from serving.server.transport.calls import Call
from serving.server.transport.grpc_calls import GrpcCalls
from serving.server.versions.model_config import read_config
from serving.server.versions.registry import Registry

NAME = "tensorflow.serving.ModelService"


class ModelService:
    """The methods, each from a request to a response."""

    def __init__(self, registry: Registry, *, may_reload: bool):
        """Without `may_reload`, a stranger on the network cannot make the server load another folder."""
        self._registry, self._may_reload = registry, may_reload

    def handlers(self, calls: GrpcCalls) -> grpc.GenericRpcHandler:
        """The service, for a gRPC server."""
        return calls.service(
            NAME,
            {
                "GetModelStatus": (get_model_status_pb2.GetModelStatusRequest, self.status),
                "HandleReloadConfigRequest": (model_management_pb2.ReloadConfigRequest, self._reload),
            },
        )

    async def status(
        self, request: get_model_status_pb2.GetModelStatusRequest, call: Call
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """States of all versions of a model, or of the one that is named."""
        spec = request.model_spec
        model = self._registry.known(spec.name)
        call.model = spec.name
        number = spec.version.value if spec.HasField("version") else None
        if spec.version_label:
            number = model.choose(label=spec.version_label).number
        if number == 0 and not model.has(0):
            number = None  # what OpenVINO's clients say for all of them
        return get_model_status_pb2.GetModelStatusResponse(model_version_status=model.statuses(number))

    async def _reload(
        self, request: model_management_pb2.ReloadConfigRequest, call: Call
    ) -> model_management_pb2.ReloadConfigResponse:
        if not self._may_reload:
            raise ServingError(
                grpc.StatusCode.PERMISSION_DENIED,
                "HandleReloadConfigRequest: the server listens beyond this machine; it takes this only with "
                "--token_file or --tls_client_ca",
            )
        try:
            configs = read_config(request.config)
        except InputError as error:
            raise invalid(str(error)) from None
        await self._registry.reload(configs)
        return model_management_pb2.ReloadConfigResponse()
