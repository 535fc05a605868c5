"""The `tfx` command: TFX's own, with one addition: `tfx run create --pipeline vgg` works by itself.

TFX 1.16 has no `--pipeline`, chooses an engine that cannot be imported as soon as kfp is installed, wants
an earlier `tfx pipeline create` (27 s) and turns every exit status into 1. Here, for our pipeline on the
local engine, the registration is written when it is needed and this process becomes the run. All other
commands, options and names go to TFX unchanged. On the engine vertex, `tfx run create --pipeline vgg` is
`vgg submit --engine vertex`, with --project, --region and --runtime_parameter of TFX's.
"""

import dataclasses
import functools
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.environment import PIPELINE_NAME, Environment
from pipeline.exit_status import exit_status

ENTRY = Path(__file__).absolute().with_name("tfx_entry.py")
NAME_OPTIONS = ["--pipeline_name", "--pipeline-name", "--pipeline"]
INTERRUPTED = 130
CLUSTER = "VGG_CLUSTER"
# As in tfx.tools.cli.labels: from TFX 1.21 on, importing the package `tfx` imports tfx_bsl, for seconds.
LOCAL_ENGINE, VERTEX_ENGINE, NAME = "local", "vertex", "pipeline_name"
ROOT, DSL_PATH = "pipeline_root", "pipeline_dsl_path"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `tfx ARGUMENTS`, by default the command line's."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if _is_plain_run(arguments):
            click.echo("CLI")
            _run()
        return _tfx_group().main(args=arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def register() -> Path:
    """Has TFX know our pipeline: writes what `tfx pipeline create` would, if that isn't there already.

    TFX's own LocalHandler does the same, but importing it takes 20 s (TensorFlow, Beam).
    """
    path = _local_home() / PIPELINE_NAME / "pipeline_args.json"
    wanted = {
        NAME: PIPELINE_NAME,
        ROOT: str(Environment.from_variables(os.environ).pipeline_root),
        DSL_PATH: str(ENTRY),
    }
    if _registration(path) != wanted:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into place: a `tfx` that runs beside this one never reads half a file.
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.write_text(json.dumps(wanted), encoding="utf-8")
        part.replace(path)
    return path


def _local_home() -> Path:
    """Folder of the local engine's registrations, as in TFX's BaseHandler."""
    if "LOCAL_HOME" in os.environ:
        return Path(os.environ["LOCAL_HOME"])
    return Path.home() / "tfx" / LOCAL_ENGINE


def _registration(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _is_plain_run(arguments: list[str]) -> bool:
    """Whether this is `run create` of our pipeline on the local engine, with no further option.

    Answered without importing TFX's group, which takes 20 s. What is not understood here, `--help` and
    mistakes among it, is left to that group.
    """
    if arguments[:2] != ["run", "create"]:
        return False
    options = [click.Option([*NAME_OPTIONS]), click.Option(["--engine"], default=LOCAL_ENGINE)]
    command = click.Command("create", params=options, add_help_option=False)
    try:
        given = command.make_context("create", arguments[2:]).params
    except click.UsageError:
        return False
    return given[NAME] == PIPELINE_NAME and given["engine"] == LOCAL_ENGINE


def _run() -> NoReturn:
    """Registers the pipeline, then becomes `python tfx_entry.py`, which TFX would start as a child.

    One process instead of two: the run's exit status, Ctrl-C and SIGTERM need no passing on.
    """
    click.echo(f"Creating a run for pipeline: {PIPELINE_NAME}")
    try:
        register()
    except OSError as error:
        click.echo(
            f"tfx: cannot register the pipeline in {_local_home()}: {error.strerror}; "
            "set LOCAL_HOME to a folder that can be written",
            err=True,
        )
        sys.exit(2)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, str(ENTRY)])


def _submit(options: Mapping[str, Any]) -> int:
    """Compiles and starts the experiment of VGG_EXPERIMENT on Vertex.

    Raises:
        InputError, ComponentError: see pipeline.orchestration.
    """
    from pipeline.commands.submit import given_values
    from pipeline.engine import Engine
    from pipeline.orchestration.engine_settings import read_settings
    from pipeline.orchestration.job import job_of

    file = os.environ.get(CLUSTER)
    if not file:
        raise InputError(f"{CLUSTER}: not set; expected a file with the image (see docs/clusters.md)")
    settings = read_settings(file)
    named = {name: options[name] for name in ("project", "region") if options.get(name)}
    settings = dataclasses.replace(settings, **named)
    values = given_values(tuple(options["runtime_parameter"]))
    job = job_of(Engine.VERTEX, settings)
    from pipeline.orchestration.submit import submit

    for note in job.notes:
        click.echo(note)
    submit(job, Engine.VERTEX, settings, values, say=click.echo)
    return 0


@functools.cache
def _tfx_group() -> click.Group:
    """TFX's commands, with `run create` amended."""
    with quiet_imports():
        from tfx.tools.cli.cli_main import cli_group
        from tfx.tools.cli.commands.run import run_group
    create = run_group.commands["create"]
    name = next(option for option in create.params if option.name == NAME)
    name.opts = NAME_OPTIONS
    create.callback = _amended(create.callback)
    return cli_group


def _amended(tfx_create_run: Any) -> Any:
    @functools.wraps(tfx_create_run)
    def create_run(**options: Any) -> None:
        if options[NAME] == PIPELINE_NAME:
            source = click.get_current_context().get_parameter_source("engine")
            if source == click.core.ParameterSource.DEFAULT:
                options["engine"] = LOCAL_ENGINE
            if options["engine"] == VERTEX_ENGINE:
                sys.exit(exit_status(lambda: _submit(options)))
            # TFX refuses runtime parameters on the local engine: its answer to give.
            if options["engine"] == LOCAL_ENGINE and not options["runtime_parameter"]:
                _run()
        tfx_create_run(**options)

    return create_run
