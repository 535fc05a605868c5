"""What a stand-in for Google Cloud Storage holds: objects in memory, and uploads that are not finished."""

import base64
import hashlib
import itertools
import threading
from dataclasses import dataclass, field
from urllib.parse import quote

import google_crc32c

PAGE = 5  # Google's are of a thousand
UPDATED = "2026-01-01T00:00:00.000Z"


@dataclass
class Upload:
    """A resumable one: what has come so far of an object."""

    bucket: str
    name: str
    content: bytearray = field(default_factory=bytearray)


class Objects:
    """By bucket and name. Every bucket that is asked for is there."""

    def __init__(self):
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str], tuple[bytes, int]] = {}
        self._numbers = itertools.count(1)
        self._uploads: dict[str, Upload] = {}

    def put(self, bucket: str, name: str, content: bytes) -> dict:
        """Its resource."""
        with self._lock:
            self._held[bucket, name] = (content, next(self._numbers))
        return self.resource(bucket, name)

    def get(self, bucket: str, name: str) -> bytes | None:
        """Its content."""
        found = self._held.get((bucket, name))
        return found and found[0]

    def delete(self, bucket: str, name: str) -> bool:
        """Whether it was there."""
        with self._lock:
            return self._held.pop((bucket, name), None) is not None

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """In order."""
        with self._lock:
            return sorted(name for held, name in self._held if held == bucket and name.startswith(prefix))

    def resource(self, bucket: str, name: str) -> dict | None:
        """As the JSON API has it."""
        found = self._held.get((bucket, name))
        if found is None:
            return None
        content, generation = found
        digest = base64.b64encode(hashlib.md5(content).digest()).decode()
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{generation}",
            "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket}/o/{quote(name, safe='')}",
            "name": name,
            "bucket": bucket,
            "generation": str(generation),
            "metageneration": "1",
            "size": str(len(content)),
            "md5Hash": digest,
            "crc32c": base64.b64encode(google_crc32c.Checksum(content).digest()).decode(),
            "etag": str(generation),
            "updated": UPDATED,
            "timeCreated": UPDATED,
        }

    def listed(self, bucket: str, prefix: str, delimiter: str, start: str = "", page: str = "") -> dict:
        """Objects and, up to a delimiter, prefixes: PAGE of both, behind the one that `page` names."""
        entries: dict[str, dict | None] = {}
        for name in self.names(bucket, prefix):
            head, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
            if found:
                entries[prefix + head + delimiter] = None
            elif name >= start:
                entries[name] = self.resource(bucket, name)
        left = sorted(name for name in entries if name > page)
        shown = left[:PAGE]
        return {
            "kind": "storage#objects",
            "items": [entries[name] for name in shown if entries[name]],
            "prefixes": [name for name in shown if not entries[name]],
            **({"nextPageToken": shown[-1]} if len(left) > PAGE else {}),
        }

    def begin(self, bucket: str, name: str) -> str:
        """A resumable upload's number."""
        number = str(next(self._numbers))
        self._uploads[number] = Upload(bucket, name)
        return number

    def add(self, number: str, content: bytes, is_last: bool) -> dict | int:
        """The object's resource after the last part; the bytes there are before."""
        upload = self._uploads[number]
        upload.content += content
        if not is_last:
            return len(upload.content)
        del self._uploads[number]
        return self.put(upload.bucket, upload.name, bytes(upload.content))
