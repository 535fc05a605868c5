"""The command: flags, the line that says it is ready, signals, the exit status."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from importlib import metadata
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from models.errors import InputError
from models.quiet_imports import quiet_imports
from serving.server.options import Options, flags
from serving.server.unused_flags import UNUSED

if TYPE_CHECKING:
    from serving.server.server import Server

BAD_INPUT = 2
NAME = "vgg serve"
TRUTH = {"true": True, "1": True, "false": False, "0": False}


class _Flags(click.Command):
    """Takes `--flag=true` and `--flag=false` too, which is how tensorflow_model_server is told."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        truths = {each.name for each in self.params if getattr(each, "is_flag", False)}
        return super().parse_args(context, [_untold(argument, truths) for argument in arguments])


def _untold(argument: str, truths: set[str]) -> str:
    flag, _, value = argument.partition("=")
    name = flag.removeprefix("--")
    if flag == name or name not in truths or value.lower() not in TRUTH:
        return argument
    return flag if TRUTH[value.lower()] else f"--no_{name}"


def _with_flags(command: Callable) -> Callable:
    unused = {name: (kind, None, why) for name, (kind, why) in UNUSED.items()}
    for name, (kind, default, meaning) in reversed({**flags(), **unused}.items()):
        switch = f"--{name}/--no_{name}" if kind is bool else f"--{name}"
        command = click.option(
            *(switch, name),
            **{"type": kind, "default": default, "show_default": default is not None, "help": meaning},
            hidden=name in unused,
        )(command)
    return command


def _say_versions(context: click.Context, _, wanted: bool) -> None:
    if wanted:
        print(f"{NAME}: vgg {metadata.version('vgg-pipeline')}, TensorFlow {metadata.version('tensorflow')}")
        context.exit()


@click.command("serve", cls=_Flags)
@click.option(
    *("--version/--no_version", "version"),
    **{
        "expose_value": False,
        "is_eager": True,
        "callback": _say_versions,
        "help": "Say the versions, and end.",
    },
)
@_with_flags
@click.pass_context
def serve(context: click.Context, /, **_: object) -> int:
    """Serve the newest pushed model over gRPC and REST, as TensorFlow Serving does.

    Flags of TensorFlow Serving mean what they mean there, but for the defaults that are told with them; a
    line says why where one changes nothing here. New versions below --model_base_path are found by polling
    and swapped in without a failed request. SIGTERM and SIGINT finish running requests; exit status 0. Status
    2: bad input, such as a taken port or a model that does not load.
    """
    options = options_of(context)
    asyncio.run(_serve(options))
    # Tearing down TensorFlow's modules takes the interpreter seconds, and it would wait for threads that did
    # not finish within the grace period.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def options_of(context: click.Context) -> Options:
    """The options of a command line; a line on standard error for each flag that changes nothing.

    Raises:
        InputError: they contradict each other or are out of range.
    """
    for name, (_, why) in UNUSED.items():
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            _say(f"--{name} changes nothing here: {why}")
    options = Options(**{name: value for name, value in context.params.items() if name not in UNUSED})
    options.check()
    return options


def main(arguments: list[str] | None = None) -> int:
    """`python -m serving.server`: `vgg serve` without the rest of `vgg`. Returns the exit status."""
    try:
        return serve.main(args=arguments, prog_name=NAME, standalone_mode=False) or 0
    except InputError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return BAD_INPUT
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130


async def _serve(options: Options) -> None:
    """Serves until a signal comes, and finishes the running requests."""
    server = _make(options)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        if await _unless(stop, server.start(_say)):
            print(ready_line(options, server), flush=True)
        await stop.wait()
    finally:
        # A second signal ends it at once.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        await server.stop()


def ready_line(options: Options, server: "Server") -> str:
    """What is served where."""
    models = ", ".join(f"{name} version {number}" for name, number in server.serving.items())
    host = f"[{options.host}]" if ":" in options.host else options.host
    scheme = "https" if options.tls_certificate else "http"
    places = [
        f"gRPC {host}:{server.grpc_port}" if server.grpc_port else "",
        f"gRPC unix:{options.grpc_socket_path}" if options.grpc_socket_path else "",
        f"REST {scheme}://{host}:{server.rest_port}" if server.rest_port else "",
    ]
    return f"{NAME}: {models or 'no model yet'}; {'; '.join(filter(None, places))}"


def _make(options: Options) -> "Server":
    with quiet_imports():
        import tensorflow as tf

        from serving.server.server import Server
    tf.get_logger().setLevel("ERROR")
    # Of 390,000 objects that imports leave behind; looking through them would stop all requests for 0.3 s.
    gc.freeze()
    return Server(options)


async def _unless(stop: asyncio.Event, work: Coroutine) -> bool:
    """Does `work` until `stop` is set; whether it was done."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False


def _say(line: str) -> None:
    print(f"{NAME}: {line}", file=sys.stderr, flush=True)
