"""PASCAL VOC's annotations."""

from pathlib import Path

OBJECT = """<object><name>{name}</name><bndbox>
<xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"""


def annotate(path: Path, size: tuple[int, int], *things: tuple[str, tuple]) -> Path:
    """`size` is (width, height); `things` are (class, corners in pixels from 1)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    objects = "".join(OBJECT.format(*corners, name=name) for name, corners in things)
    width, height = size
    path.write_text(
        f"<annotation><size><width>{width}</width><height>{height}</height></size>{objects}</annotation>"
    )
    return path
