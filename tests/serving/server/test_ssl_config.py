"""TensorFlow Serving's --ssl_config_file: TLS for gRPC, by certificates that the test makes."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from helpers.serving.certificates import Certificate, write_certificate
from helpers.serving.running_server import PATIENCE, RunningServer, picture, predict_request
from tensorflow_serving.apis import prediction_service_pb2_grpc

from models.errors import InputError
from serving.server.command import options_of, serve

IMAGE = picture(1)
BIOS = Path("/sys/class/dmi/id/product_name")
"""Where gRPC looks too."""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Certificate]:
    """Two authorities, each with a server's and a client's certificate."""
    folder = tmp_path_factory.mktemp("certificates")
    made = {name: write_certificate(folder, name) for name in ("ours", "theirs")}
    for name, authority in list(made.items()):
        for role in ("server", "client"):
            made[f"{name}-{role}"] = write_certificate(folder, f"{name}-{role}", authority)
    return made


def config(certificate: Certificate, authority: Certificate | None = None, *, verify: bool = False) -> str:
    """An SSLConfig in text form, as TensorFlow Serving's users write it."""
    signed, key = certificate.pair
    # protobuf's text form and JSON write these texts alike.
    lines = [f"server_key: {json.dumps(key)}", f"server_cert: {json.dumps(signed)}"]
    if authority:
        lines.append(f"custom_ca: {json.dumps(authority.signed.read_text())}")
    return "\n".join([*lines, f"client_verify: {str(verify).lower()}"])


def started(base_path: Path, file: Path, *more: str) -> RunningServer:
    """By a command line."""
    arguments = [f"--model_base_path={base_path}", "--model_name=vgg", "--port=-1", "--rest_api_port=-1"]
    flags = [*arguments, f"--ssl_config_file={file}", *more]
    return RunningServer.of(options_of(serve.make_context("vgg serve", flags)))


@pytest.fixture(scope="module")
def served(models, files, tmp_path_factory) -> Iterator[dict[str, RunningServer]]:
    """Servers for tests that leave them as they are: `plain` asks clients for nothing, `strict` for a
    certificate of our authority.
    """
    folder = tmp_path_factory.mktemp("ssl")
    (folder / "vgg").mkdir()
    (folder / "vgg" / "1").symlink_to(models[0])
    ours, server = files["ours"], files["ours-server"]
    texts = {"plain": config(server), "strict": config(server, ours, verify=True)}
    with ExitStack() as stack:
        servers = {}
        for name, text in texts.items():
            (folder / name).write_text(text)
            servers[name] = stack.enter_context(started(folder / "vgg", folder / name))
        yield servers


def ask(server: RunningServer, trusted: Certificate, shown: Certificate | None = None) -> int:
    """Outputs of a prediction; the client trusts one authority and may show a certificate of its own."""
    own = (shown.key.read_bytes(), shown.signed.read_bytes()) if shown else ()
    credentials = grpc.ssl_channel_credentials(trusted.signed.read_bytes(), *own)
    with grpc.secure_channel(server.address, credentials) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return len(stub.Predict(predict_request([IMAGE]), timeout=PATIENCE).outputs)


def refused(server: RunningServer, trusted: Certificate, shown: Certificate | None = None) -> None:
    with pytest.raises(grpc.RpcError) as error:
        ask(server, trusted, shown)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE


def test_grpc_answers_by_tls(served, files):
    assert ask(served["plain"], files["ours"]) == 3
    assert ask(served["plain"], files["ours"], files["theirs-client"]) == 3  # which nobody asked for


def test_the_server_shows_the_files_certificate(served, files):
    refused(served["plain"], files["theirs"])


def test_without_tls_nothing_is_answered(served):
    with pytest.raises(grpc.RpcError) as error:
        served["plain"].prediction.Predict(predict_request([IMAGE]), timeout=PATIENCE)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE


def test_rest_stays_as_it_was(served):
    """SSLConfig is gRPC's alone, there and here."""
    assert served["strict"].url.startswith("http://")
    assert served["strict"].shared_rest.get("/v1/models/vgg").status_code == 200


def test_clients_must_show_a_certificate_of_the_authority(served, files):
    assert ask(served["strict"], files["ours"], files["ours-client"]) == 3
    for shown in (None, files["theirs-client"], files["theirs"]):
        refused(served["strict"], files["ours"], shown)


BAD = {
    "another key": "do not fit",
    "no key": "server_key and server_cert",
    "no certificate": "do not fit",
    "no authority": "custom_ca",
}


@pytest.mark.parametrize("case", BAD)
def test_a_configuration_that_cannot_be_used_is_one_clear_line(base_path, files, tmp_path, case):
    server, other = files["ours-server"], files["theirs-server"]
    text = {
        "another key": config(Certificate(server.signed, other.key)),
        "no key": 'server_cert: "x"',
        "no certificate": 'server_key: "x" server_cert: "y"',
        "no authority": config(server, verify=True),
    }[case]
    (tmp_path / "ssl.config").write_text(text)
    with pytest.raises(InputError, match=BAD[case]):
        started(base_path, tmp_path / "ssl.config").__enter__()


def test_alts_elsewhere_than_on_google_cloud_is_one_clear_line(base_path):
    if BIOS.is_file() and "Google" in BIOS.read_text():
        pytest.skip("this machine is one of Google Cloud")
    with pytest.raises(InputError, match="no ALTS on this machine; expected one of Google Cloud"):
        RunningServer(base_path, use_alts_credentials=True).__enter__()
