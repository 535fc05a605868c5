"""VGG_BEAM: what is taken for options, and that they reach TFX's pipeline and no cache key."""

import pytest
from tfx.dsl.compiler.compiler import Compiler
from tfx.utils import dependency_utils

from components.beam_options import BEAM_HERE, beam_options, for_tfx
from models.errors import InputError
from pipeline.environment import Environment
from pipeline.experiments.catalogue import experiment
from pipeline.pipeline import create_pipeline


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", BEAM_HERE),
        ("  ", BEAM_HERE),
        ("--runner=FlinkRunner --x='a b'", ("--runner=FlinkRunner", "--x=a b")),
        ("--streaming", ("--streaming",)),
    ],
)
def test_options_are_split_as_a_shell_does(text, options):
    assert beam_options(text, "VGG_BEAM") == options


@pytest.mark.parametrize("text", ["--direct_num_workers 2", "--x='a", "multi_processing"])
def test_what_is_no_option_is_refused(text):
    with pytest.raises(InputError, match=f"VGG_BEAM={text}: ") as caught:
        beam_options(text, "VGG_BEAM")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("runner", ["DaskRunner", "dask", "apache_beam.runners.dask.dask_runner.DaskRunner"])
def test_the_runner_that_loses_output_is_refused_by_name(runner):
    with pytest.raises(InputError, match="DaskRunner leaves out outputs and reports success; expected Dir"):
        beam_options(f"--streaming --runner={runner}", "VGG_BEAM")


@pytest.mark.parametrize(
    ("options", "packed"),
    [
        ([], False),
        (["--direct_running_mode=multi_processing"], False),
        (["--runner=DirectRunner"], False),
        (["--runner=PortableRunner", "--environment_type=LOOPBACK"], False),
        (["--runner=DataflowRunner", "--sdk_container_image=vgg"], False),
        (["--runner=PortableRunner", "--environment_type=EXTERNAL"], False),
        (["--runner=PortableRunner", "--environment_type=DOCKER"], True),
        (["--runner=FlinkRunner"], True),
    ],
)
def test_tfx_packs_itself_for_other_machines_alone(options, packed, monkeypatch):
    """What TFX does with options: 7 s for each component, and 49 MB that stay."""
    built = []
    monkeypatch.setattr(dependency_utils, "build_ephemeral_package", lambda: built.append(1) or "tfx.tar.gz")
    given = for_tfx(options)
    if given:
        dependency_utils.make_beam_dependency_flags(given)
    assert bool(built) == packed
    assert given[: len(options)] == options


def test_a_pipeline_has_them_and_is_otherwise_the_same():
    variables = {"VGG_HOME": "/home", "VGG_DATA": "/data"}
    plain, other = (
        create_pipeline(experiment("demo"), Environment.from_variables({**variables, **more}))
        for more in ({}, {"VGG_BEAM": "--direct_num_workers=3"})
    )
    assert (plain.beam_pipeline_args, other.beam_pipeline_args) == (
        list(BEAM_HERE),
        for_tfx(["--direct_num_workers=3"]),
    )
    plain, other = (Compiler().compile(each) for each in (plain, other))
    other.deployment_config.CopyFrom(plain.deployment_config)
    assert plain == other
