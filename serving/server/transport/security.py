"""TLS and the optional token.

With --token_file each call needs a token, GetModelStatus and the metrics included. Not so gRPC's health
service and the page's own files: probes and browsers cannot send one, and they tell nothing of any request.
"""

import hmac
from dataclasses import dataclass
from pathlib import Path

import grpc

from models.errors import InputError
from serving.server.errors import ServingError
from serving.server.options import Options

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


@dataclass(frozen=True)
class Certificates:
    """PEM texts of the server's certificate and key, and of the authority of clients' certificates."""

    certificate: bytes
    key: bytes
    client_authority: bytes | None

    @classmethod
    def read(cls, options: Options) -> "Certificates | None":
        """None without TLS. Raises InputError where a file cannot be read."""
        if not options.tls_certificate or not options.tls_key:
            return None
        authority = options.tls_client_ca
        return cls(
            _read(options.tls_certificate, "--tls_certificate"),
            _read(options.tls_key, "--tls_key"),
            _read(authority, "--tls_client_ca") if authority else None,
        )

    def for_grpc(self) -> grpc.ServerCredentials:
        """What a gRPC server needs."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)],
            root_certificates=self.client_authority,
            require_client_auth=self.client_authority is not None,
        )


def _read(path: str, flag: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{flag} {path}: {error.strerror}") from None
