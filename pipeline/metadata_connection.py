"""How ML Metadata is reached: SQLite in the home folder."""

from ml_metadata.proto import metadata_store_pb2

from pipeline.engine import Engine
from pipeline.environment import Environment


def metadata_connection(environment: Environment) -> metadata_store_pb2.ConnectionConfig | None:
    """For ML Metadata; None on another engine, which has its own. TFX's own helper would make the folder, and
    naming it must not."""
    if environment.engine is not Engine.LOCAL:
        return None
    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = str(environment.metadata)
    connection.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    return connection
