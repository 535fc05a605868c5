"""`vgg similar`: the photographs most like one photograph, by descriptors; as lines, JSON and a page."""

import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.errors import InputError
from pipeline.commands.model_options import Asked, asked, model_options
from pipeline.commands.options import PATH
from pipeline.exit_status import BAD_INPUT, BLESSED, INTERRUPTED

if TYPE_CHECKING:
    from pipeline.prediction.descriptors import Descriptors
    from pipeline.similar.neighbours import Neighbour


@click.command("similar")
@click.argument("photograph", metavar="PHOTO", type=PATH)
@click.argument("folder", metavar="FOLDER", type=PATH)
@model_options
@click.option("--count", default=12, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@click.option(
    "--page",
    metavar="FILE.html",
    type=click.Path(path_type=Path),
    help="Of the pictures; an earlier one is replaced.  [default: ./PHOTO-similar.html]",
)
@click.option("--json", "json_", is_flag=True, help="For programs: one document.")
def similar(photograph: str, folder: str, count: int, page: Path | None, json_: bool, **options) -> int:
    """The photographs of FOLDER that are most like PHOTO.

    By the angle between descriptors (the paper's appendix B: fc7 of the net). FOLDER is a folder
    (recursively), or a file that `vgg predict FOLDER --features FILE.npz` made, which is faster: only PHOTO
    goes through the net. PHOTO itself is left out. Exit status: 0; 2 where a photograph of the folder could
    not be used (a line names it) or the command is wrong; 1 where the server is.
    """
    page = page or Path(f"{Path(photograph).stem}-similar.html")
    from pipeline.prediction.photographs import ImageError, find_photographs
    from pipeline.similar.neighbours import nearest
    from pipeline.similar.page import OWN_SIDE, check_place, picture, render, write_page

    check_place(page)
    chosen = asked(**options)
    if os.path.isdir(photograph):
        raise InputError(f"{photograph}: is a folder; expected one photograph")
    (own,) = find_photographs([photograph])
    try:
        encoded = own.read()
        known, feature, unusable = _described(chosen, own, encoded, folder)
    except ImageError as error:
        raise InputError(f"{own.name}: {error}") from None
    except KeyboardInterrupt:
        click.echo("vgg: interrupted", err=True)
        return INTERRUPTED
    found = nearest(feature, os.path.realpath(own.argument), known, count)
    text = render(
        own.name, picture(encoded, OWN_SIDE), found, among=folder, count=len(known.names),
        model=known.made_by.model,
    )  # fmt: skip
    write_page(text, page)
    if json_:
        click.echo(json.dumps(_document(own.name, found, known, page), indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"  {one.similarity:6.3f}  {one.name}")
        click.echo(f"Page: {page}")
    return BAD_INPUT if unusable else BLESSED


def _described(chosen: Asked, own, encoded: bytes, folder: str) -> tuple["Descriptors", tuple, int]:
    """The folder's descriptors, the photograph's, and how many of the folder's could not be used.

    Raises:
        ImageError: the photograph cannot be used.
    """
    from pipeline.prediction.answers import watched
    from pipeline.prediction.asking import ask
    from pipeline.prediction.descriptors import SUFFIX, of_answers, read_descriptors
    from pipeline.prediction.photographs import find_photographs

    kept = read_descriptors(Path(folder)) if folder.endswith(SUFFIX) and not os.path.isdir(folder) else None
    if kept is None and not os.path.isdir(folder):
        raise InputError(f"{folder}: is no folder; expected one of photographs, or a {SUFFIX} of descriptors")
    question, made_by = chosen.describing()
    if kept:
        _check_maker(kept, made_by, folder)
    with chosen.opened(question) as describe:
        (feature,) = describe(encoded)
        if kept:
            return kept, feature, 0
        found = list(find_photographs([folder]))
        answers = list(watched(ask(found, nullcontext(describe), chosen.at_once), len(found), shown=True))
    unusable = sum(answer.error is not None for answer in answers)
    if unusable == len(answers):
        raise InputError(f"{folder}: no photograph in it could be used; expected at least one")
    return of_answers(answers, made_by), feature, unusable


def _check_maker(kept: "Descriptors", made_by: Any, file: str) -> None:
    """Raises InputError where the descriptors are certainly another model's; says where that is not known."""
    if kept.made_by.is_other(made_by):
        raise InputError(
            f"{file}: made by another model, {kept.made_by.model}; expected {made_by.model}, which answers "
            "now; name that model with --model, or make the file again"
        )
    if not kept.made_by.is_same(made_by):
        click.echo(
            f"vgg: {file}: made by {kept.made_by.model}; that it is the same model as {made_by.model} is "
            "taken on trust",
            err=True,
        )


def _document(name: str, found: list["Neighbour"], known: "Descriptors", page: Path) -> dict[str, Any]:
    neighbours = [{"image": one.name, "similarity": one.similarity} for one in found]
    return {"image": name, "model": known.made_by.model, "page": str(page), "neighbours": neighbours}
