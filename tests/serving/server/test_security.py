"""The token and TLS, and what is open without them."""

import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from helpers.serving.certificates import write_certificate
from helpers.serving.running_server import PATIENCE, RunningServer, b64, picture, predict_request
from tensorflow_serving.apis import model_management_pb2, prediction_service_pb2_grpc

from models.errors import InputError
from serving.server.options import Options

IMAGE = picture(1)
BODY = {"instances": [b64(IMAGE)]}
TOKEN = "not-so-secret"


@pytest.fixture(scope="module")
def guarded(models, tmp_path_factory) -> Iterator[RunningServer]:
    """For tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("guarded")
    shutil.copytree(models[0], folder / "vgg" / "1")
    (folder / "tokens").write_text(f"{TOKEN}\n\nthe-next-one\n")
    with RunningServer(folder / "vgg", token_file=str(folder / "tokens")) as running:
        yield running


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", f"Digest {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"]
)
def test_without_a_token_nothing_is_answered(guarded, authorization):
    given = () if authorization is None else (("authorization", authorization),)
    if authorization != "Bearer é":  # which gRPC's own client does not send
        with pytest.raises(grpc.RpcError) as error:
            guarded.prediction.Predict(predict_request([IMAGE]), metadata=given)
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
    for method, path in [
        ("POST", "/v1/models/vgg:predict"),
        ("GET", "/v1/models/vgg"),
        ("GET", "/v1/models/vgg/metadata"),
        ("GET", "/monitoring/prometheus/metrics"),
    ]:
        answer = guarded.rest().request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_message_without_a_token_is_not_read(guarded):
    """So that a stranger cannot fill the memory: this one is far longer than what may be sent."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(guarded.address, options=options) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with pytest.raises(grpc.RpcError) as error:
            stub.Predict(predict_request([bytes(64 * 2**20)]), timeout=PATIENCE)
    assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("token", [TOKEN, "the-next-one"])
def test_any_of_the_tokens_opens(guarded, token):
    metadata = (("authorization", f"Bearer {token}"),)
    assert guarded.prediction.Predict(predict_request([IMAGE]), metadata=metadata).outputs
    headers = {"authorization": f"bearer {token}"}
    assert guarded.rest().post("/v1/models/vgg:predict", json=BODY, headers=headers).status_code == 200
    assert guarded.rest().get("/monitoring/prometheus/metrics", headers=headers).status_code == 200


def test_probes_and_the_page_need_no_token(guarded):
    health = health_pb2_grpc.HealthStub(guarded.channel())
    assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
    assert guarded.rest().get("/").status_code in (200, 404)


def test_a_token_is_never_logged(guarded):
    guarded.rest().get("/v1/models/vgg", headers={"authorization": "Bearer wrong"})
    assert TOKEN not in guarded.log.getvalue()
    assert "wrong" not in guarded.log.getvalue()


def test_beyond_this_machine_nobody_reloads_without_a_token(start, base_path, monkeypatch):
    monkeypatch.setattr(Options, "is_local", False)
    server = start()
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.config.add(name="vgg", base_path=str(base_path))
    with pytest.raises(grpc.RpcError) as error:
        server.model.HandleReloadConfigRequest(request)
    assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert server.prediction.Predict(predict_request([IMAGE])).outputs


def test_beyond_this_machine_a_token_is_enough_to_reload(start, base_path, monkeypatch, tmp_path):
    monkeypatch.setattr(Options, "is_local", False)
    (tmp_path / "tokens").write_text(TOKEN)
    server = start(token_file=str(tmp_path / "tokens"))
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.config.add(name="vgg", base_path=str(base_path))
    metadata = (("authorization", f"Bearer {TOKEN}"),)
    assert server.model.HandleReloadConfigRequest(request, metadata=metadata).status.error_code == 0


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
    + [("::", False), ("10.0.0.1", False), ("example.com", False)],
)
def test_which_hosts_are_this_machine_alone(host, local):
    assert Options(host=host).is_local == local


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_a_token_is_bad_input(base_path, tmp_path, text):
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(InputError, match="no token in it"):
        RunningServer(base_path, token_file=str(file)).__enter__()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """server.pem and server.key for 127.0.0.1, client.pem and client.key, each its own authority."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("server", "client"):
        write_certificate(folder, name)
    return folder


def predict_over_tls(server: RunningServer, certificates: Path, *, show: bool = False) -> int:
    """Items answered over gRPC; with `show` the client has a certificate of its own."""
    read = [(certificates / name).read_bytes() for name in ("server.pem", "client.key", "client.pem")]
    credentials = grpc.ssl_channel_credentials(*(read if show else read[:1]))
    with grpc.secure_channel(server.address, credentials) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return len(stub.Predict(predict_request([IMAGE]), timeout=PATIENCE).outputs["top_classes"].string_val)


def rest_over_tls(server: RunningServer, certificates: Path, *, show: bool = False) -> int:
    """Status of a prediction over REST."""
    context = ssl.create_default_context(cafile=str(certificates / "server.pem"))
    if show:
        context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    return server.rest(verify=context).post("/v1/models/vgg:predict", json=BODY).status_code


def test_tls_for_grpc_and_rest(start, certificates):
    server = start(tls_certificate=str(certificates / "server.pem"), tls_key=str(certificates / "server.key"))
    assert predict_over_tls(server, certificates) == 5
    assert rest_over_tls(server, certificates) == 200
    with pytest.raises(grpc.RpcError) as error:
        server.prediction.Predict(predict_request([IMAGE]), timeout=5)
    assert error.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    with pytest.raises(httpx.HTTPError):
        httpx.get(server.url.replace("https", "http") + "/v1/models/vgg")


def test_clients_must_show_a_certificate_where_an_authority_is_named(start, certificates):
    server = start(
        tls_certificate=str(certificates / "server.pem"),
        tls_key=str(certificates / "server.key"),
        tls_client_ca=str(certificates / "client.pem"),
    )
    assert predict_over_tls(server, certificates, show=True) == 5
    assert rest_over_tls(server, certificates, show=True) == 200
    with pytest.raises(grpc.RpcError):
        predict_over_tls(server, certificates)
    with pytest.raises(httpx.HTTPError):
        rest_over_tls(server, certificates)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"tls_certificate": "server.pem"}, "give both or neither"),
        ({"tls_client_ca": "client.pem"}, "needs --tls_certificate"),
        ({"tls_certificate": "none.pem", "tls_key": "server.key"}, "none.pem: No such file"),
        ({"tls_certificate": "server.pem", "tls_key": "client.key"}, "--tls_certificate|TLS files"),
    ],
)
def test_tls_files_that_cannot_be_used_are_one_clear_line(base_path, certificates, flags, said):
    paths = {name: str(certificates / file) for name, file in flags.items()}
    with pytest.raises(InputError, match=said):
        RunningServer(base_path, **paths).__enter__()


def test_log_lines_are_json_and_hold_no_image(guarded):
    guarded.prediction.Predict(predict_request([IMAGE]), metadata=(("authorization", f"Bearer {TOKEN}"),))
    lines = [json.loads(line) for line in guarded.log.getvalue().splitlines()]
    assert lines
    assert all(len(line) < 1000 for line in guarded.log.getvalue().splitlines())
