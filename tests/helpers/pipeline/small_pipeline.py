"""A pipeline of five components that do nothing, recorded as the project's own is."""

from pathlib import Path

from tfx.dsl.compiler.compiler import Compiler
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from pipeline.environment import Environment
from pipeline.home_name import named
from pipeline.metadata_connection import check_database, metadata_connection
from pipeline.running.recorded_types import record_types
from pipeline.running.run_log import logging_to

LENGTH = 5


@component
def Step(  # noqa: N802 - TFX names components so
    text: OutputArtifact[standard_artifacts.String],
    number: Parameter[int],
    before: InputArtifact[standard_artifacts.String] = None,
) -> None:
    """Writes a number."""
    text.value = f"{number} after {before.value if before else 'nothing'}"


def run_small_pipeline(url: str, home: Path) -> int:
    """Twice, the second time from the cache; what is logged goes to HOME/log.txt. Of a process of its own."""
    environment = Environment.from_variables({"VGG_HOME": str(home), "VGG_METADATA": url})
    check_database(environment)
    environment = named(environment)
    for _ in range(2):
        steps = []
        for number in range(LENGTH):
            before = {"before": steps[-1].outputs["text"]} if steps else {}
            steps.append(Step(number=number, **before).with_id(f"Step.{number}"))
        pipeline = Pipeline(
            pipeline_name=environment.pipeline_name,
            pipeline_root=str(environment.pipeline_root),
            components=steps,
            enable_cache=True,
            metadata_connection_config=metadata_connection(environment),
        )
        with logging_to(home / "log.txt"):
            record_types(environment, Compiler().compile(pipeline))
            LocalDagRunner().run(pipeline)
    return 0
