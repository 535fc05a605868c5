"""The options of commands that ask a model of photographs: which model, or which server."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from models.errors import InputError
from pipeline.commands.options import HOME, PATH
from pipeline.environment import Environment
from pipeline.store_path import Place, place

if TYPE_CHECKING:
    from pipeline.prediction.descriptors import Maker
    from pipeline.prediction.predictors import Predictor, Question, Server

AT_ONCE = 4  # requests to a server: enough to fill its batches, few enough for its queue and our memory

OPTIONS = (
    click.option("--server", metavar="HOST:PORT", help="Ask this server, over gRPC.  [default: no server]"),
    click.option("--rest", is_flag=True, help="Ask the server over REST; --server then names its REST port."),
    click.option("--model-name", default="vgg", show_default=True, help="The server's name of the model."),
    click.option("--model", metavar="DIR", type=PATH, help="With no server: a pushed model, or the folder of "
                 "its versions.  [default: VGG_SERVING, or HOME/serving/vgg]"),
    HOME,
    click.option("--tls-ca", metavar="FILE", type=PATH,
                 help="Use TLS, and trust the authorities in this PEM file."),
    click.option("--token-file", metavar="FILE", type=PATH, help="File of the server's token."),
    click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(0, min_open=True),
                 help="Seconds for one answer of the server."),
)  # fmt: skip


def model_options(command: Callable) -> Callable:
    """Adds OPTIONS, the arguments of `asked`, to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asked:
    """A model that can be asked.

    Attributes:
        words: what it is, for people.
        folder: of a model in this process, else None.
        server: else, the server.
        rest: whether that is asked over REST.
    """

    words: str
    folder: Place | None = None
    server: "Server | None" = None
    rest: bool = False

    @property
    def at_once(self) -> int:
        """How many questions it is asked at once."""
        return AT_ONCE if self.server else 1

    def opened(self, *questions: "Question") -> AbstractContextManager["Predictor"]:
        """The context of what answers these questions (pipeline.prediction.predictors)."""
        from pipeline.prediction.predictors import in_process, over_grpc, over_rest

        if self.folder:
            return in_process(self.folder, *questions)
        return (over_rest if self.rest else over_grpc)(self.server, *questions)

    def describing(self) -> tuple["Question", "Maker"]:
        """The question for descriptors, and the model's identity; a server's newest version, for all of them.

        Raises:
            InputError, ComponentError: the model cannot be used, the server does not answer.
        """
        from pipeline.prediction.descriptors import Maker
        from pipeline.prediction.predictors import descriptor, served_version
        from serving.saved_model.description import fingerprint

        if self.folder:
            return descriptor(), Maker(self.words, fingerprint(str(self.folder)))
        version = served_version(self.server, rest=self.rest)
        return descriptor(version), Maker(f"{self.words}, version {version}")


def asked(
    *, server: str | None, rest: bool, model: str | None, home: str | None, model_name: str,
    tls_ca: str | None, token_file: str | None, timeout: float,
) -> Asked:  # fmt: skip
    """The model that the options name.

    Raises:
        InputError: they do not go together, or there is no such model.
    """
    from pipeline.prediction.predictors import Server
    from pipeline.prediction.pushed_versions import newest_version

    if server is None:
        for option, given in (("--rest", rest), ("--tls-ca", tls_ca), ("--token-file", token_file)):
            if given:
                raise InputError(f"{option}: is for a server; name it with --server HOST:PORT")
        folder = newest_version(place(model) if model else Environment.of_home(home).serving)
        return Asked(str(folder), folder=folder)
    if model:
        raise InputError(f"--model {model}: is for no server; with --server give its --model-name")
    _check_address(server)
    chosen = Server(
        address=server, model=model_name, timeout=timeout,
        authority=Path(tls_ca) if tls_ca else None, token=_token(token_file) if token_file else None,
    )  # fmt: skip
    return Asked(f"{server}, model {model_name}", server=chosen, rest=rest)


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
