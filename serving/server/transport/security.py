"""TLS and the optional token.

With --token_file each call needs a token, GetModelStatus and the metrics included. Not so gRPC's health
service and the page's own files: probes and browsers cannot send one, and they tell nothing of any request.
"""

import hmac
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from models.errors import InputError
from serving.server.errors import ServingError
from serving.server.options import Options
from serving.server.text_protos import read_text

SCHEME = "bearer "


class Tokens:
    """The tokens that are taken; none means that none is needed."""

    def __init__(self, tokens: tuple[str, ...] = ()):
        self._tokens = tuple(token.encode() for token in tokens)

    @classmethod
    def read(cls, path: str | None) -> "Tokens":
        """From a file, one a line: two while one is being replaced. Raises InputError."""
        if path is None:
            return cls()
        lines = _read(path, "--token_file").decode(errors="replace").splitlines()
        tokens = tuple(line.strip() for line in lines if line.strip())
        if not tokens:
            raise InputError(f"--token_file {path}: no token in it; expected one a line")
        return cls(tokens)

    def check(self, authorization: str | None) -> None:
        """Raises UNAUTHENTICATED unless the header has one of the tokens. Takes as long for each."""
        if not self._tokens:
            return
        given = authorization or ""
        known = given[: len(SCHEME)].lower() == SCHEME
        token = given[len(SCHEME) :].strip().encode()
        matches = [hmac.compare_digest(token, each) for each in self._tokens]
        if not (known and any(matches)):
            raise ServingError(
                grpc.StatusCode.UNAUTHENTICATED, "a token is needed: 'authorization: Bearer TOKEN'"
            )


def grpc_credentials(options: Options) -> grpc.ServerCredentials | None:
    """Of the gRPC server, None without TLS. Raises InputError where a file cannot be used."""
    if options.use_alts_credentials:
        return _alts()
    if options.ssl_config_file:
        return _of_ssl_config(options.ssl_config_file)
    if not options.tls_certificate or not options.tls_key:
        return None
    authority = options.tls_client_ca
    return grpc.ssl_server_credentials(
        [(_read(options.tls_key, "--tls_key"), _read(options.tls_certificate, "--tls_certificate"))],
        root_certificates=_read(authority, "--tls_client_ca") if authority else None,
        require_client_auth=authority is not None,
    )


def _alts() -> grpc.ServerCredentials:
    """Raises InputError off Google Cloud, where gRPC makes credentials too, which then fit no port."""
    credentials = grpc.alts_server_credentials()
    trial = grpc.server(ThreadPoolExecutor(1))
    try:
        trial.add_secure_port("127.0.0.1:0", credentials)
    except RuntimeError:
        raise InputError(
            "--use_alts_credentials: there is no ALTS on this machine; expected one of Google Cloud; "
            "elsewhere use TLS (--ssl_config_file, or --tls_certificate and --tls_key)"
        ) from None
    finally:
        trial.stop(None)
    return credentials


def _of_ssl_config(path: str) -> grpc.ServerCredentials:
    config = read_text("ssl_config_file", path, "SSLConfig")
    if not config.server_key or not config.server_cert:
        raise InputError(
            f"--ssl_config_file {path}: expected server_key and server_cert, the PEM texts themselves"
        )
    if config.client_verify and not config.custom_ca:
        raise InputError(
            f"--ssl_config_file {path}: client_verify without custom_ca; expected the PEM text of the "
            "authority that signs the clients' certificates"
        )
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )


def _read(path: str, flag: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{flag} {path}: {error.strerror}") from None
