"""A stand-in for Google Cloud Storage, on loopback, for TensorFlow's own client and for Google's in Python.

TensorFlow's client knows no other address than Google's, but goes by the proxy that the environment names.
So this is a proxy, too: whoever asks it for a way to Google's address gets its own TLS, by a certificate of
an authority that the environment names as well. Google's client in Python is told its address in plain HTTP.
"""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.encoders import encode_noop
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from helpers.serving.certificates import write_certificate
from helpers.store.objects import Objects

HOSTS = ("www.googleapis.com", "storage.googleapis.com", "oauth2.googleapis.com")
CREDENTIALS = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}
OBJECT = re.compile(r"^(?:/download)?/storage/v1/b/([^/]+)/o/([^/]+)$")
COPY = re.compile(r"^/storage/v1/b/([^/]+)/o/([^/]+)/(?:rewriteTo|copyTo)/b/([^/]+)/o/([^/]+)$")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def google_cloud_storage(folder: Path) -> Iterator[tuple[Objects, dict[str, str]]]:
    """What it holds, and the variables by which processes find it; `folder` is for its certificates."""
    authority = write_certificate(folder, "authority")
    own = write_certificate(folder, "store", authority, names=HOSTS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.signed, own.key)
    credentials = folder / "credentials.json"
    credentials.write_text(json.dumps(CREDENTIALS))
    objects = Objects()
    handler = type("Handler", (_Handler,), {"objects": objects, "context": context})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield (
            objects,
            {
                "https_proxy": address,
                "no_proxy": "127.0.0.1,localhost",
                "CURL_CA_BUNDLE": str(authority.signed),
                "REQUESTS_CA_BUNDLE": str(authority.signed),
                "GOOGLE_AUTH_TOKEN_FOR_TESTING": "token",
                "NO_GCE_CHECK": "true",
                "GOOGLE_CLOUD_PROJECT": "project",
                "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
                "STORAGE_EMULATOR_HOST": address,
            },
        )
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer's body waits 40 ms for the word that its head has come
    objects: Objects
    context: ssl.SSLContext

    def log_message(self, *_):
        """Nothing."""

    def do_CONNECT(self):  # noqa: N802
        self.send_response(200, "Connection established")
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def _answer(self):
        status, headers, content = self._respond(self.command, self.path, self._body())
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        """TensorFlow's uploads are in chunks, whatever length they declare beside it."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815

    def _respond(self, method: str, target: str, body: bytes) -> Answer:
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/token":
            return _json({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})
        if url.path.startswith("/batch/"):
            return self._batch(body)
        if url.path.startswith("/upload/"):
            return self._upload(method, url.path, query, body)
        if copied := COPY.match(url.path):
            bucket, name, to, new = map(unquote, copied.groups())
            content = self.objects.get(bucket, name)
            if content is None:
                return _missing(name)
            resource = self.objects.put(to, new, content)
            size = resource["size"]
            done = {"kind": "storage#rewriteResponse", "done": True, "objectSize": size}
            is_rewrite = "/rewriteTo/" in url.path
            return _json(
                {**done, "totalBytesRewritten": size, "resource": resource} if is_rewrite else resource
            )
        if one := OBJECT.match(url.path):
            return self._one(method, *map(unquote, one.groups()), query)
        if listed := re.fullmatch(r"/storage/v1/b/([^/]+)/o", url.path):
            given = (query.get(name, "") for name in ("prefix", "delimiter", "startOffset", "pageToken"))
            return _json(self.objects.listed(unquote(listed[1]), *given))
        if bucket := re.fullmatch(r"/storage/v1/b/([^/]+)(?:/storageLayout)?", url.path):
            return _json({"kind": "storage#bucket", "name": bucket[1], "id": bucket[1], "location": "US"})
        # The XML API, by which TensorFlow reads.
        bucket, _, name = unquote(url.path).lstrip("/").partition("/")
        return self._content(bucket, name)

    def _one(self, method: str, bucket: str, name: str, query: dict[str, str]) -> Answer:
        if method == "DELETE":
            return (204, {}, b"") if self.objects.delete(bucket, name) else _missing(name)
        if query.get("alt") == "media":
            return self._content(bucket, name)
        resource = self.objects.resource(bucket, name)
        return _json(resource) if resource else _missing(name)

    def _content(self, bucket: str, name: str) -> Answer:
        content = self.objects.get(bucket, name)
        if content is None:
            return _missing(name)
        asked = RANGE.match(self.headers.get("Range") or "")
        if not asked:
            return 200, {}, content
        first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        if first >= len(content):
            return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
        return 206, {"Content-Range": f"bytes {first}-{last}/{len(content)}"}, content[first : last + 1]

    def _upload(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        if method == "POST":
            bucket = unquote(path.split("/")[5])
            kind = query.get("uploadType")
            if kind == "multipart":
                return self._multipart(bucket, body)
            name = query.get("name") or json.loads(body)["name"]
            if kind == "media":
                return _json(self.objects.put(bucket, name, body))
            number = self.objects.begin(bucket, name)
            scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
            place = f"{scheme}://{self.headers['Host']}{path}?uploadType=resumable&upload_id={number}"
            return 200, {"Location": place}, b""
        said = self.headers.get("Content-Range") or ""
        found = self.objects.add(query["upload_id"], body, not said.endswith("/*"))
        if isinstance(found, dict):
            return _json(found)
        return 308, {"Range": f"bytes=0-{found - 1}"} if found else {}, b""

    def _multipart(self, bucket: str, body: bytes) -> Answer:
        boundary = body.split(b"\r\n", 1)[0]
        described, content = (part.split(b"\r\n\r\n", 1)[1] for part in body.split(boundary)[1:3])
        name = json.loads(described)["name"]
        return _json(self.objects.put(bucket, name, content.removesuffix(b"\r\n")))

    def _batch(self, body: bytes) -> Answer:
        """Each part is a request of its own."""
        asked = message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\n\n" + body)
        answers = MIMEMultipart()
        for part in asked.get_payload():
            first, _, rest = part.get_payload().partition("\n")
            inner = re.split(r"\r?\n\r?\n", rest, maxsplit=1)[-1]
            method, target, _ = first.split()
            status, _, content = self._respond(method, target, inner.encode())
            head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n\r\n"
            answers.attach(MIMEApplication(head.encode() + content, "http", encode_noop))
        head, _, content = answers.as_bytes().partition(b"\n\n")
        kind = re.search(r'boundary="([^"]+)"', head.decode())[1]
        return 200, {"Content-Type": f'multipart/mixed; boundary="{kind}"'}, content


def _json(value: dict) -> Answer:
    return 200, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(value).encode()


def _missing(name: str) -> Answer:
    said = {"error": {"code": 404, "message": f"No such object: {name}", "errors": []}}
    return 404, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(said).encode()
