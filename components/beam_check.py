"""Whether Beam's options are whole, said before anything starts: by Beam's own classes, and what the workers
of this project need beyond."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr

from components.beam_options import runner_of
from models.errors import InputError, one_line
from models.quiet_imports import quiet_imports

DATAFLOW, PORTABLE = "DataflowRunner", ("PortableRunner", "FlinkRunner", "SparkRunner")
IMAGE = "--sdk_container_image=IMAGE (workers run this project's code: its image)"


def check_beam(options: Sequence[str], where: str, folders: Mapping[str, object] | None = None) -> None:
    """Looks at the options as Beam reads them; asks no service.

    Args:
        options: components.beam_options.beam_options'.
        where: begins the line of an error, such as "VGG_BEAM".
        folders: that workers read and write, by what they are called: Dataflow's see none of this machine.

    Raises:
        InputError: a runner that Beam does not know, or an option that is wrong or missing.
    """
    if not options:
        return
    with quiet_imports():
        from apache_beam.options import pipeline_options
        from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
        from apache_beam.runners.runner import create_runner

        named, said = runner_of(options) or "DirectRunner", io.StringIO()
        try:
            runner = create_runner(named)
            parsed = pipeline_options.PipelineOptions(list(options))
            with redirect_stderr(said):
                parsed.get_all_options()
            validator = PipelineOptionsValidator(parsed, runner)
            wrong = list(_wrong(pipeline_options, validator, type(runner).__name__, folders or {}))
        except SystemExit:  # argparse's, which has said why
            wrong = [said.getvalue().strip().rpartition("error: ")[2]]
        except (ImportError, AttributeError, ValueError, RuntimeError) as error:
            wrong = [str(error)]
    if wrong:
        told = one_line("; ".join(line.rstrip(".") for line in wrong))
        raise InputError(f"{where}: {named}: {told}; see docs/clusters.md")


def _wrong(beam, validator, runner: str, folders: Mapping[str, object]) -> Iterator[str]:
    """The parts of Beam's PipelineOptionsValidator that ask no service: the whole makes a bucket where none
    is named."""
    options = validator.options
    for view in (beam.PortableOptions, beam.WorkerOptions, beam.SetupOptions, beam.TypeOptions):
        yield from options.view_as(view).validate(validator)
    workers = options.view_as(beam.WorkerOptions)
    if runner == DATAFLOW:
        cloud = options.view_as(beam.GoogleCloudOptions)
        yield from validator.validate_gcs_path(cloud, "temp_location")
        yield from validator.validate_cloud_options(cloud)
        if not workers.sdk_container_image:
            yield f"Missing required option: {IMAGE}"
        for what, folder in folders.items():
            if not str(folder).startswith("gs://"):
                yield f"{what} {folder} is not in gs://, the only place that Dataflow's workers see"
    elif runner in PORTABLE:
        yield from _wrong_of_portable(options.view_as(beam.PortableOptions), workers, runner)


def _wrong_of_portable(portable, workers, runner: str) -> Iterator[str]:
    if runner == PORTABLE[0] and not portable.job_endpoint:
        yield "Missing required option: --job_endpoint=HOST:PORT of a job server"
    kind = (portable.environment_type or "DOCKER").upper()
    image = portable.environment_config or portable.lookup_environment_option("docker_container_image")
    if kind == "DOCKER" and not image:
        yield (
            "Missing required option: --environment_config=IMAGE (of this project, whose code workers run), "
            "or --environment_type=LOOPBACK, workers of this process"
        )
    if kind == "DOCKER" and not workers.sdk_container_image:
        yield "Missing required option: --sdk_container_image=IMAGE, the same, or TFX packs itself too"
