"""`vgg weights`: published weights become a model of this project, and its models become such files."""

from pathlib import Path

import click

from models.architectures import ARCHITECTURES
from models.errors import InputError
from models.net import Net
from models.quiet_imports import quiet_imports
from pipeline.commands.options import PATH, shorter_sides
from serving.saved_model.head import Head
from serving.weights.formats import WRITTEN


@click.group()
def weights() -> None:
    """Read published weights, and write those of an exported model."""


@weights.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="New: the model.")
@click.option(
    "--net",
    type=click.Choice(list(ARCHITECTURES)),
    help="The paper's letter; else as the layers say (of A and A-LRN, which have the same, A).",
)
@click.option(
    "--class-list",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Lines SYNSET<TAB>NAME or NAME, one for each output.  [default: the file's own, or ImageNet's 1000]",
)
@click.option(
    "--q", "sides", default="256", show_default=True, help="Q, shorter sides in pixels: 256,384,512."
)
@click.option("--flip/--no-flip", default=True, show_default=True, help="Average with the horizontal flip.")
def import_command(
    file: Path, out: Path, net: str | None, class_list: Path | None, sides: str, flip: bool
) -> None:
    """Make an exported model of a FILE of weights.

    FILE is of Keras (.h5, .weights.h5, .keras; VGG16 is net D, VGG19 net E) or of PyTorch's world
    (.safetensors, .pth; torchvision's vgg11, 13, 16, 19 are A, B, D, E; timm's the same). Nothing that a .pth
    file says is run. The model in DIR is like every other: `vgg evaluate --model DIR`, `vgg push DIR`, `vgg
    run --init-from DIR`.
    """
    from components.datasets.class_names import read_class_list
    from components.datasets.staging import staged

    q = shorter_sides(sides)
    if not q:
        raise InputError("--q: says no side; expected shorter sides in pixels, such as 256,384,512")
    place = Path(out).absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise InputError(f"--out {out}: is there already; expected a new or an empty folder")
    listed = read_class_list(class_list) if class_list else None
    classes = (tuple(one.synset for one in listed), tuple(one.text for one in listed)) if listed else None
    with quiet_imports():
        from serving.weights.imported import export_imported, imported

    found = imported(file, net=net, classes=classes, shorter_sides=q, flip=flip)
    with staged(place) as folder:
        export_imported(found, str(folder), named=str(out))
    _say(found.net, found.head)
    click.echo(f"Model: {out}")


@weights.command("export")
@click.argument("model", type=PATH)
@click.option("--format", "kind", required=True, type=click.Choice(list(WRITTEN)))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="A new file.")
def export_command(model: str, kind: str, out: Path) -> None:
    """Write the weights of the exported MODEL.

    keras: a .h5 file as keras.applications keeps VGG16 and VGG19; the net takes B G R minus the model's mean.
    safetensors: under torchvision's names; the net takes R G B in grey levels, 0 to 255, minus the mean. Both
    are imported again bit for bit, with the mean and the classes.
    """
    from serving.saved_model.description import describe

    with quiet_imports():
        from serving.saved_model.export import read_weights
        from serving.weights.written import write_weights

    if out.suffix != WRITTEN[kind]:
        raise InputError(f"--out {out}: expected a name that ends in {WRITTEN[kind]}")
    if out.exists():
        raise InputError(f"--out {out}: is there already; choose another name or remove it")
    net, head = describe(model)
    write_weights(read_weights(model), net, head, out, kind)
    click.echo(f"Weights: {out}")


def _say(net: Net, head: Head) -> None:
    channels = "at full width" if net.width == 1 else f"with 1/{net.width} of the channels"
    click.echo(f"Net {net.configuration} {channels}, crop {net.input_size}, {net.classes} classes")
    mean = ", ".join(f"{value:.3f}" for value in head.mean_rgb)
    sides = ", ".join(map(str, head.shorter_sides))
    click.echo(f"Mean RGB {mean}; Q {sides}; first class: {head.class_names[0]}")
