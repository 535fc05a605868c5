"""`vgg predict`: the best classes of photographs, from a server or straight from the pushed model."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from models.errors import InputError
from pipeline.commands.options import HOME, PATH
from pipeline.environment import Environment
from pipeline.exit_status import BAD_INPUT, BLESSED, INTERRUPTED

if TYPE_CHECKING:
    from pipeline.prediction.predictors import Predictor

AT_ONCE = 4  # requests to a server: enough to fill its batches, few enough for its queue and our memory


@click.command("predict")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=PATH)
@click.option("--server", metavar="HOST:PORT", help="Ask this server, over gRPC.  [default: no server]")
@click.option("--rest", is_flag=True, help="Ask the server over REST; --server then names its REST port.")
@click.option("--model-name", default="vgg", show_default=True, help="The server's name of the model.")
@click.option("--model", metavar="DIR", type=PATH, help="With no server: a pushed model, or the folder of "
              "its versions.  [default: HOME/serving/vgg]")  # fmt: skip
@HOME
@click.option("--single-scale", is_flag=True, help="One forward pass, at the middle Q: cheaper.")
@click.option("--tls-ca", metavar="FILE", type=PATH,
              help="Use TLS, and trust the authorities in this PEM file.")  # fmt: skip
@click.option("--token-file", metavar="FILE", type=PATH, help="File of the server's token.")
@click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(0, min_open=True),
              help="Seconds for one answer of the server.")  # fmt: skip
@click.option("--json", "json_", is_flag=True, help="For programs: one document, probabilities in 0..1.")
def predict(images: tuple[str, ...], single_scale: bool, json_: bool, **options) -> int:
    """The five best classes of photographs.

    IMAGE is a JPEG or PNG file, a folder (recursively: .jpg, .jpeg, .png), or - for standard input. With no
    --server the newest pushed model answers, in this process. Exit status: 0; 2 where an image could not be
    used (a line names it, the others are answered) or the command is wrong; 1 where the server is.
    """
    signature = "single_scale" if single_scale else "serving_default"
    source, opened, at_once = _source(signature, **options)
    from pipeline.prediction.answers import show
    from pipeline.prediction.asking import ask
    from pipeline.prediction.photographs import find_photographs

    found = list(find_photographs(images))
    try:
        answers = ask(found, opened, at_once)
        unusable = show(answers, len(found), source=source, signature=signature, json_=json_)
    except KeyboardInterrupt:
        click.echo("vgg: interrupted", err=True)
        return INTERRUPTED
    return BAD_INPUT if unusable else BLESSED


def _source(
    signature: str, *, server: str | None, rest: bool, model: str | None, home: str | None, model_name: str,
    tls_ca: str | None, token_file: str | None, timeout: float,
) -> tuple[str, AbstractContextManager["Predictor"], int]:  # fmt: skip
    """What answers, in words; the context of it; and how many questions it is asked at once."""
    from pipeline.prediction.predictors import Server, in_process, newest_version, over_grpc, over_rest

    if server is None:
        for option, given in (("--rest", rest), ("--tls-ca", tls_ca), ("--token-file", token_file)):
            if given:
                raise InputError(f"{option}: is for a server; name it with --server HOST:PORT")
        base = Path(model) if model else Environment.from_variables({"VGG_HOME": home or ""}).serving
        folder = newest_version(base.expanduser().absolute())
        return str(folder), in_process(folder, signature), 1
    if model:
        raise InputError(f"--model {model}: is for no server; with --server give its --model-name")
    _check_address(server)
    chosen = Server(
        address=server, model=model_name, timeout=timeout,
        authority=Path(tls_ca) if tls_ca else None, token=_token(token_file) if token_file else None,
    )  # fmt: skip
    opened = over_rest(chosen, signature) if rest else over_grpc(chosen, signature)
    return f"{server}, model {model_name}", opened, AT_ONCE


def _check_address(server: str) -> None:
    host, _, port = server.rpartition(":")
    if "/" in server or not host or not port.isdecimal():
        raise InputError(f"--server {server}: expected HOST:PORT, such as 127.0.0.1:8500")


def _token(path: str) -> str:
    try:
        token = Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is no text of ASCII characters"
        raise InputError(f"--token-file {path}: {why}; expected a file with the server's token") from None
    if not token.isprintable() or not token:
        raise InputError(f"--token-file {path}: expected one line with the server's token")
    return token
