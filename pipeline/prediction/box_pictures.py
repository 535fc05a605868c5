"""Photographs with the boxes of their best classes drawn into them (appendix A), as PNGs."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from models.errors import InputError
from pipeline.prediction.asking import Answer
from pipeline.prediction.photographs import DRAWN, STANDARD_INPUT, Photograph
from pipeline.whole_file import written_whole
from serving.locating import Located

# Okabe and Ito's, the lightest last: told apart by the colour-blind too, and black is readable on each.
COLOURS = ("#e69f00", "#56b4e9", "#00b58b", "#f0e442", "#f08cc0")
SHORTEST, LONGEST = 640, 1600
"""Of a picture's longer side, pixels: of a small photograph the labels would cover all."""


def draw_boxes(encoded: bytes, best: Sequence[Located]) -> Image.Image:
    """The photograph as it looks, rescaled so that its longer side is between SHORTEST and LONGEST pixels,
    with a box for each of its best classes, the best on top.

    Raises:
        OSError: Pillow does not decode it.
    """
    photograph = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded))).convert("RGB")
    longer = max(photograph.size)
    scale = min(max(longer, SHORTEST), LONGEST) / longer
    size = tuple(max(1, round(side * scale)) for side in photograph.size)
    across, down = (new / old for new, old in zip(size, photograph.size, strict=True))
    picture = photograph.resize(size, Image.Resampling.BICUBIC)
    canvas, font = ImageDraw.Draw(picture), ImageFont.load_default(max(15, max(size) // 48))
    line = max(2, max(size) // 320)
    boxes = [
        (left * across, top * down, right * across, bottom * down)
        for left, top, right, bottom in (each.box for each in best)
    ]
    for rank, (left, top, right, bottom) in reversed(list(enumerate(boxes))):
        edges = (left, top, max(left, right - 1), max(top, bottom - 1))
        canvas.rectangle(edges, outline="black", width=line + 2 + (rank == 0) * line)
        inner = (left + 1, top + 1, max(left + 1, edges[2] - 1), max(top + 1, edges[3] - 1))
        canvas.rectangle(inner, outline=COLOURS[rank % len(COLOURS)], width=line + (rank == 0) * line)
    taken: list[tuple[float, ...]] = []
    for rank, (one, box) in enumerate(zip(best, boxes, strict=True)):
        words = f"{one.name}  {100 * one.probability:.1f} %"
        place = _free_place(canvas, words, font, box, size, taken)
        taken.append(place)
        canvas.rectangle(place, fill=COLOURS[rank % len(COLOURS)], outline="black")
        canvas.text((place[0] + 4, (place[1] + place[3]) / 2), words, "black", font, anchor="lm")
    return picture


def drawn(answers: Iterable[Answer], folder: Path | None, top: int) -> Iterator[Answer]:
    """The answers, with the pictures of their boxes written.

    Args:
        answers: with the photographs' bytes; the first question was for boxes.
        folder: where the pictures go; None: beside each photograph.
        top: how many of the best classes are drawn.

    Raises:
        InputError: a picture cannot be written.
    """
    names: set[Path] = set()
    for answer in answers:
        if answer.error:
            yield answer
            continue
        path = _free_name(folder, answer.photograph, names)
        try:
            picture = draw_boxes(answer.encoded, answer.values[0][:top])
        except (OSError, ValueError) as error:
            yield replace(answer, values=(), error=f"no picture of its boxes ({error})", encoded=b"")
            continue
        with written_whole(path, "--boxes") as part:
            picture.save(part, "PNG")
        yield replace(answer, encoded=b"", picture=str(path))


def check_places(photographs: Sequence[Photograph], folder: Path | None) -> None:
    """Whether pictures can be written: makes the folder.

    Raises:
        InputError: there is no place for one, or the folder cannot be made.
    """
    if folder is None:
        if any(each.argument == STANDARD_INPUT for each in photographs):
            raise InputError("--boxes: standard input has no folder; name one with --boxes-in DIR")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--boxes-in {folder}: {error.strerror}; expected a folder") from None


def _free_name(folder: Path | None, photograph: Photograph, names: set[Path]) -> Path:
    """No two photographs of one command have one name, whatever folders they are from."""
    own = Path("standard-input" if photograph.argument == STANDARD_INPUT else photograph.argument)
    where, number = folder or own.parent, 1
    path = where / f"{own.name}{DRAWN}"
    while path in names:
        number += 1
        path = where / f"{own.name}-{number}{DRAWN}"
    names.add(path)
    return path


def _free_place(canvas, words: str, font, box, size, taken) -> tuple[float, float, float, float]:
    """For a label: above its box or within it, on the picture, and beside other labels if there is room."""
    _, _, wide, _ = canvas.textbbox((0, 0), words, font)
    ascent, descent = font.getmetrics()
    wide, high = wide + 8, ascent + descent + 4
    left = min(max(0, box[0]), max(0, size[0] - wide - 1))
    first = box[1] - high if box[1] >= high else box[1]
    below = (first + step * high for step in range(size[1] // high + 1))
    above = (first - step * high for step in range(1, size[1] // high + 1))
    for top in (first, *below, *above):
        place = (left, top, left + wide, top + high)
        fits = top >= 0 and place[3] < size[1]
        if fits and not any(_overlap(place, other) for other in taken):
            return place
    return (left, max(0, first), left + wide, max(0, first) + high)


def _overlap(one, other) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
