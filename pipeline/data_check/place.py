"""Where the result of `vgg data check` goes: a folder that is either whole or not there."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.datasets.staging import staged
from models.errors import InputError

FIGURES, PAGE, SHEETS = "check.json", "index.html", "sheets"
SCHEMA = "vgg data check"


def place_for(data: str, out: Path | None) -> Path:
    """The folder that the result goes to, absolute: `out`, or NAME-check in the current one.

    Args:
        data: the folder of TFRecords.
        out: what was asked for.

    Raises:
        InputError: it is the data's own folder or in it, or it holds something else than an earlier result.
    """
    if out is None:
        name = Path(data).name if "://" in data else Path(data).resolve().name
        out = Path.cwd() / f"{name or 'data'}-check"
    out = out.expanduser().resolve()
    if "://" not in data:
        folder = Path(data).resolve()
        if out == folder or folder in out.parents:
            raise InputError(
                f"--out {out}: lies in the data's folder; expected another one, as a run takes all that lies "
                "there for data; choose another --out"
            )
    if out.is_mount() or (out.exists() and not _is_free(out)):
        raise InputError(
            f"--out {out}: exists and holds no result of `vgg data check`; expected a new or empty folder "
            "or an earlier result, which is replaced; choose another --out"
        )
    return out


@contextmanager
def written(out: Path) -> Iterator[Path]:
    """A new folder that becomes `out` when the block ends, in the place of an earlier result.

    Raises:
        InputError: no right or no space to write.
    """
    earlier = None
    with staged(out) as folder:
        yield folder
        if out.exists() and any(out.iterdir()):  # a rename needs an empty place
            earlier = folder.with_name(f"{folder.name}-earlier")
            os.rename(out, earlier)
    if earlier:
        shutil.rmtree(earlier, ignore_errors=True)


def _is_free(out: Path) -> bool:
    try:
        if not any(out.iterdir()):
            return True
        return str(json.loads((out / FIGURES).read_bytes()).get("schema", "")).startswith(SCHEMA)
    except (OSError, ValueError, AttributeError):
        return False
