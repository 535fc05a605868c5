"""Certificates for this machine, made anew for each run: authorities, and what they sign."""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """Paths of PEM files.

    Attributes:
        signed: the certificate.
        key: its private key.
    """

    signed: Path
    key: Path

    @property
    def pair(self) -> tuple[str, str]:
        """Their texts."""
        return self.signed.read_text(), self.key.read_text()


def write_certificate(
    folder: Path, name: str, signer: Certificate | None = None, names: Sequence[str] = ("localhost",)
) -> Certificate:
    """For 127.0.0.1 and `names`, signed by `signer`; without one, by itself, and so an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer, signing_key = subject, key
    if signer:
        issuer = x509.load_pem_x509_certificate(signer.signed.read_bytes()).subject
        signing_key = serialization.load_pem_private_key(signer.key.read_bytes(), None)
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signers = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
    signed = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectAlternativeName([address, *map(x509.DNSName, names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(_usage(signs=signer is None), critical=True)
        .add_extension(identifier, critical=False)  # Python 3.13 asks for these two
        .add_extension(signers, critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    made.signed.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def _usage(signs: bool) -> x509.KeyUsage:
    unused = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    none = dict.fromkeys((*unused, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=True, key_cert_sign=signs, crl_sign=signs, **none)
