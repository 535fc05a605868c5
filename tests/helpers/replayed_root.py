"""The root that an image of the stand-in for Docker is: commands are run in it, with mounts of their own."""

import json
import os
import re
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
OUTSIDE = Path("run/outside")
"""Where a root finds this machine's certificates while something is run in it."""

ENTER = """
set -e
root=$1 read_only=$2 user=$3 folder=$4
shift 4
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$(realpath /etc/resolv.conf)" "$root/etc/resolv.conf"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root$2"
    if [ "$3" = ro ]; then mount -o remount,bind,ro "$root$2"; fi
    shift 3
done
shift
if [ "$read_only" = yes ]; then
    mount -o remount,bind,ro "$root"
    mount -t tmpfs -o mode=1777 none "$root/tmp"
fi
exec chroot --userspec="$user" "$root" env -i "$@"
"""


@dataclass(frozen=True)
class Mount:
    """A folder or file of this machine at a place in the root."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Image:
    """What a stage comes to.

    Attributes:
        root: its files.
        env: its variables.
        entrypoint, command: what is run where nothing else is said.
        key: of what it was made from.
    """

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    folder: str = "/"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    key: str = ""

    def start(
        self, *command: str, mounts: tuple[Mount, ...] = (), env: dict[str, str] | None = None, **more
    ) -> subprocess.Popen:
        """As `docker run --read-only` does: the image's user; its files cannot be written, /tmp can."""
        return self._enter(command, mounts, {**self.env, **(env or {})}, read_only=True, **more)

    def run(self, *command: str, **more) -> str:
        """What the command wrote to standard output. Raises where its exit status is not 0."""
        process = self.start(*command, stdout=subprocess.PIPE, text=True, **more)
        output, _ = process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, output)
        return output

    def build_step(self, command: str, values: dict[str, str], mounts: tuple[Mount, ...]) -> None:
        """A RUN."""
        given = {**_network(), **self.env, **values}
        process = self._enter(("sh", "-c", command), mounts, given, read_only=False)
        if process.wait():
            raise SystemExit(f"replay: status {process.returncode}: RUN {command}")

    def _enter(self, command, mounts, env, *, read_only: bool, **more) -> subprocess.Popen:
        places = list(mounts)
        if CERTIFICATES.is_file():
            places.append(Mount(CERTIFICATES, f"/{OUTSIDE}"))
        for each in places:
            _make_place(self.root / each.target.lstrip("/"), each.source)
        words = ["unshare", "--mount", "bash", "-c", ENTER, "replay", str(self.root)]
        words += ["yes" if read_only else "no", self.user, self.folder]
        for each in places:
            words += [str(each.source.resolve()), each.target, "rw" if each.writable else "ro"]
        home = "/root" if self.user == "root" else f"/home/{self.user}"
        variables = [f"{name}={value}" for name, value in {"HOME": home, **env}.items()]
        inside = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", self.folder, *command]
        return subprocess.Popen([*words, "--", *variables, *inside], **more)


def write_image(image: Image, folder: Path, name: str) -> None:
    """All but its root's files, which are there."""
    (folder / f"{name}.json").write_text(json.dumps({**asdict(image), "root": str(image.root)}))


def read_image(folder: Path, name: str) -> Image | None:
    """As it was built; None where it was not."""
    file = folder / f"{name}.json"
    if not file.is_file():
        return None
    found = json.loads(file.read_text())
    lists = {key: tuple(found[key]) for key in ("entrypoint", "command")}
    return Image(**{**found, **lists, "root": Path(found["root"])})


def _network() -> dict[str, str]:
    """How package indexes are reached from here, as `docker build` hands on the proxies' variables."""
    wanted = re.compile(r"(\w*PROXY|\w*proxy|UV_\w+|(SSL|PIP|REQUESTS|CURL)_\w*(CERT|CA)\w*)$")
    certificate = re.compile(r"\w*(CERT|CA)\w*$")
    found = {name: value for name, value in os.environ.items() if wanted.match(name)}
    return {
        name: f"/{OUTSIDE}" if certificate.match(name) and Path(value).is_file() else value
        for name, value in found.items()
        if not Path(value).is_dir()
    }


def _make_place(place: Path, source: Path) -> None:
    """That a mount needs. (Docker makes it too.)"""
    if source.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
