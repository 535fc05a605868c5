"""Where ML Metadata's records are if not in the home folder's SQLite: a database, named by a URL."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from models.errors import InputError

METADATA = "VGG_METADATA"
PORTS = {"postgresql": 5432, "mysql": 3306}
TLS = {
    "postgresql": ("sslmode", "sslrootcert", "sslcert", "sslkey"),
    "mysql": ("ca", "capath", "cert", "key", "cipher"),
}
"""What may stand behind the ?, by scheme: the names of ML Metadata's own settings."""

EXPECTED = "expected postgresql://USER:PASSWORD@HOST:5432/NAME or mysql://USER:PASSWORD@HOST:3306/NAME"


@dataclass(frozen=True)
class Database:
    """One on a server; its text has no password.

    Attributes:
        kind: the URL's scheme, postgresql or mysql.
        user, host, port, name: of the URL.
        password: of the URL, "" where it has none.
        tls: names and values of TLS, those behind the ?.
    """

    kind: str
    user: str
    host: str
    port: int
    name: str
    password: str = field(default="", repr=False)
    tls: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{self.user}@{host}:{self.port}/{self.name}"

    @classmethod
    def from_url(cls, url: str, where: str = METADATA) -> "Database":
        """Reads a URL; what is not ASCII or has a meaning in URLs is percent-encoded in it.

        Args:
            url: such as postgresql://vgg:secret@127.0.0.1:5432/vgg?sslmode=require.
            where: begins the line of an error. That shows nothing of the URL: where it cannot be read, any
                part of it may be the password's.

        Raises:
            InputError: it is no such URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _wrong(where, "its host or port cannot be read") from None
        kind = parts.scheme
        if kind not in PORTS:
            raise _wrong(where, "it does not begin with postgresql:// or mysql://")
        if not parts.hostname or not parts.username:
            raise _wrong(where, "it has no host, or no user before an @")
        name = unquote(parts.path.removeprefix("/"))
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or parts.fragment:
            raise _wrong(where, "it has no database behind the host, or one not of letters, digits, _ and -")
        tls = parse_qsl(parts.query, keep_blank_values=True)
        if any(key not in TLS[kind] for key, _ in tls):
            raise _wrong(where, f"behind the ? only {', '.join(TLS[kind])} may stand")
        return cls(
            kind=kind,
            user=unquote(parts.username),
            host=unquote(parts.hostname),
            port=port or PORTS[kind],
            name=name,
            password=unquote(parts.password or ""),
            tls=tuple(tls),
        )


def _wrong(where: str, what: str) -> InputError:
    return InputError(
        f"{where}: {what}; {EXPECTED}; in a password write %40 for @, %2F for /, %3A for :, %23 for #, "
        "%3F for ?"
    )
