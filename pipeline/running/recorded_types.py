"""ML Metadata's types in a database that several runs write to."""

from collections.abc import Iterator

from ml_metadata.errors import StatusError
from tfx.orchestration import metadata
from tfx.orchestration.portable.mlmd import common_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.environment import Environment
from pipeline.metadata_connection import metadata_connection

TRIES = 5


def record_types(environment: Environment, pipeline: pipeline_pb2.Pipeline) -> None:
    """Records the types of a compiled pipeline before anything of them; nothing in a home's own SQLite.

    ML Metadata makes a type without a lock. Of two runs that begin in an empty database at once each may get
    one of its own of the same name, and by that name only the artifacts of one are found afterwards (of 120
    names that four processes made at once, 64 were there twice or more, 2026-11-28). Twins do no harm as long
    as nothing is of the one that is not found.
    """
    if environment.database is None:
        return
    with metadata.Metadata(metadata_connection(environment)) as handle:
        for kind in _types(pipeline):
            _record(handle, kind)


def _record(handle: metadata.Metadata, kind: common_utils.MetadataType) -> None:
    for left in reversed(range(TRIES)):
        try:
            common_utils.register_type_if_not_exist(handle, kind)
            return
        except (StatusError, RuntimeError):  # another run adds the same properties at this moment
            if not left:
                raise


def _types(pipeline: pipeline_pb2.Pipeline) -> Iterator[common_utils.MetadataType]:
    for node in (one.pipeline_node for one in pipeline.nodes):
        yield node.node_info.type
        for context in node.contexts.contexts:
            yield context.type
        for output in node.outputs.outputs.values():
            yield output.artifact_spec.type
