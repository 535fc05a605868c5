"""`vgg predict`: the best classes of photographs, their boxes or descriptors, from a server or a model."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from models.errors import InputError
from pipeline.commands.model_options import asked, model_options
from pipeline.commands.options import PATH
from pipeline.exit_status import BAD_INPUT, BLESSED, INTERRUPTED

if TYPE_CHECKING:
    from pipeline.prediction.asking import Answer
    from pipeline.prediction.descriptors import Maker
    from pipeline.prediction.photographs import Photograph

TOP = 5  # names that the exported model gives


@click.command("predict")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=PATH)
@model_options
@click.option("--single-scale", is_flag=True, help="One forward pass, at the middle Q: cheaper.")
@click.option("--top", type=click.IntRange(1, TOP), help=f"How many classes.  [default: {TOP}]")
@click.option(
    "--features",
    metavar="FILE.npz",
    type=click.Path(path_type=Path),
    help="Write the images' descriptors to this new file; with --top beside it, show classes too.",
)
@click.option(
    "--boxes",
    is_flag=True,
    help="Find where the classes are, and draw it: IMAGE.boxes.png beside IMAGE.",
)
@click.option(
    "--boxes-in", metavar="DIR", type=click.Path(path_type=Path), help="The same, into this folder."
)
@click.option("--json", "json_", is_flag=True, help="For programs: one document, probabilities in 0..1.")
def predict(
    images: tuple[str, ...], single_scale: bool, top: int | None, features: Path | None, boxes: bool,
    boxes_in: Path | None, json_: bool, **options,
) -> int:  # fmt: skip
    """The best classes of photographs, or their descriptors.

    IMAGE is a JPEG or PNG file, a folder (recursively: .jpg, .jpeg, .png), or - for standard input. With no
    --server the newest pushed model answers, in this process. Exit status: 0; 2 where an image could not be
    used (a line names it, the others are answered) or the command is wrong; 1 where the server is.

    Descriptors (the paper's appendix B: fc7, averaged over places, flip and Q, of length 1) are for searching
    and for classifiers of your own. FILE.npz is NumPy's: names [N], features float32 [N, 4096], model.

    Boxes (appendix A) are in pixels of the photograph as it looks: left, top, right, bottom. The model must
    be one of an experiment that localises.
    """
    with_boxes = boxes or boxes_in is not None
    if with_boxes and single_scale:
        raise InputError("--single-scale: boxes are found at the model's own Q; leave it or --boxes out")
    if features:
        from pipeline.prediction.descriptors import check_new

        check_new(features)
    chosen = asked(**options)
    from pipeline.prediction.asking import ask
    from pipeline.prediction.photographs import find_photographs
    from pipeline.prediction.predictors import best_classes
    from pipeline.prediction.predictors import boxes as classes_with_boxes

    signature = "single_scale" if single_scale else "serving_default"
    classes = top or TOP if top or with_boxes or not features else 0
    questions = [best_classes(signature)] if classes else []
    if with_boxes:
        questions = [classes_with_boxes()]
        signature = questions[0].signature
    made_by = None
    if features:
        question, made_by = chosen.describing()
        questions.append(question)
    found = list(find_photographs(images))
    kept: list[Answer] = []
    try:
        answers = ask(found, chosen.opened(*questions), chosen.at_once, with_photograph=with_boxes)
        if with_boxes:
            answers = _drawn(answers, found, boxes_in, classes)
        if made_by:
            answers = _keeping(answers, kept)
        unusable = _shown(answers, len(found), chosen.words, signature, classes, json_=json_)
    except KeyboardInterrupt:
        click.echo("vgg: interrupted", err=True)
        return INTERRUPTED
    if made_by:
        _write(kept, made_by, features, json_=json_, alone=not classes)
    return BAD_INPUT if unusable else BLESSED


def _drawn(
    answers: Iterable["Answer"], photographs: Sequence["Photograph"], folder: Path | None, top: int
) -> Iterator["Answer"]:
    from pipeline.prediction.box_pictures import check_places, drawn

    check_places(photographs, folder)
    return drawn(answers, folder, top)


def _keeping(answers: Iterable["Answer"], kept: list["Answer"]) -> Iterator["Answer"]:
    for answer in answers:
        kept.append(answer)
        yield answer


def _shown(
    answers: Iterable["Answer"], count: int, source: str, signature: str, top: int, *, json_: bool
) -> int:
    """Shows the `top` best classes, of 0 none; returns how many images could not be used."""
    from pipeline.prediction.answers import show, watched

    if top:
        return show(answers, count, source=source, signature=signature, top=top, json_=json_)
    return sum(answer.error is not None for answer in watched(answers, count, shown=True))


def _write(answers: Sequence["Answer"], made_by: "Maker", path: Path, *, json_: bool, alone: bool) -> None:
    """The file of descriptors; what is said of it is the command's result where it is asked for `alone`."""
    from pipeline.prediction.descriptors import of_answers, write_descriptors

    if all(answer.error for answer in answers):
        click.echo(f"vgg: --features {path}: not written, as no image could be used", err=True)
    else:
        made = of_answers(answers, made_by)
        write_descriptors(made, path)
        count, width = made.features.shape
        click.echo(f"Descriptors: {path}, {count} x {width}", err=json_ or not alone)
    if json_ and alone:
        images = [_plain(answer) for answer in answers]
        document = {"model": made_by.model, "fingerprint": made_by.fingerprint, "images": images}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _plain(answer: "Answer") -> dict[str, str]:
    return {"image": answer.photograph.name} | ({"error": answer.error} if answer.error else {})
