"""The archives' MD5 sums, as ILSVRC-2012's download page lists them."""

import hashlib
from pathlib import Path

from components.datasets.ilsvrc.labelled import Inputs
from components.datasets.tfrecords import Watcher
from models.errors import InputError, cause_of

MD5 = {
    "train": "1d675b47d978889d74fa0da5fadfb00e",
    "val": "29b22e2961454d5413ddabcf34fc5622",
    "devkit": "fa75699e90414af021442c21a62c3abf",
    "train_boxes": "9271167e2176350e65cfe4e546f14b17",
    "val_boxes": "f4cd18b5ea29fe6bbea62ec9c20d80f0",
}
CHECKED = "MD5"
BLOCK = 1 << 24


def check_md5(inputs: Inputs, watcher: Watcher, expected: dict[str, str] | None = None) -> None:
    """Compares each archive with what it must be; folders and lists have no known sum and are passed over.

    138 GB take about five minutes of processor time. Progress is told in MiB.

    Raises:
        InputError: names the archive, its sum and the one expected.
    """
    expected = MD5 if expected is None else expected
    archives = {name: path for name, path in inputs.given.items() if name in expected and path.is_file()}
    total = sum(path.stat().st_size >> 20 for path in archives.values())
    watcher.begins(CHECKED, total, "MiB")
    for name, path in archives.items():
        found = _md5(path, watcher, total)
        if found != expected[name]:
            raise InputError(f"{path}: MD5 {found}; expected {expected[name]}; download it again")


def _md5(path: Path, watcher: Watcher, total: int) -> str:
    digest, done = hashlib.md5(usedforsecurity=False), 0
    try:
        with open(path, "rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                before, done = done, done + len(block)
                watcher.step(CHECKED, total, (done >> 20) - (before >> 20))
    except OSError as error:
        raise InputError(f"{path}: {cause_of(error)}; expected a readable archive") from None
    return digest.hexdigest()
