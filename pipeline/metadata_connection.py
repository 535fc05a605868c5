"""How ML Metadata is reached: SQLite in the home folder, or the database of VGG_METADATA. Whoever wants its
records asks here."""

import os
import socket
import tempfile
import time

import ml_metadata
from ml_metadata import errors as mlmd_errors
from ml_metadata.proto import metadata_store_pb2

from models.errors import InputError, one_line
from models.quiet_imports import stderr_to
from pipeline.database import METADATA, Database
from pipeline.engine import Engine
from pipeline.environment import Environment
from pipeline.postgresql_backslashes import keep_backslashes
from pipeline.store_path import Place

PASSWORDS = {"postgresql": "PGPASSWORD", "mysql": "MYSQL_PWD"}
"""Variables that the databases' own clients read."""

SAID = "PostgreSQL error: "
"""Before the cause, which ML Metadata prints and leaves out of its exception."""

UNTOLD = "mysql_real_connect failed"
"""Of MySQL's it says no more."""

PATIENCE = 10.0
"""Seconds until a server has to answer."""

BY_ANOTHER, TRIES = ("duplicate key", "already exists", "concurrent connection"), 10
"""What is said where another run is making the tables at this moment, and how often that is waited for."""

REMEDIES = {
    "password": f"look at the user and the password of {METADATA}",
    "Access denied": "create the database where it is not there, and GRANT ALL on it to {database.user}",
    UNTOLD: f"the server is there: look at the user and the password of {METADATA}",
    "does not exist": "create it: CREATE DATABASE {database.name} OWNER {database.user}",
    "Unknown database": "create it: CREATE DATABASE {database.name}, and GRANT ALL on it to {database.user}",
    "no connection": f"start the server, or look at the host and the port of {METADATA}",
}


def metadata_connection(environment: Environment) -> metadata_store_pb2.ConnectionConfig | None:
    """For ML Metadata; None on another engine, which has its own. TFX's own helper would make the folder, and
    naming it must not.

    It holds no password, since TFX logs it, and compiled pipelines keep it: that goes to the database's
    client by the variable of this process that it reads.
    """
    if environment.engine is not Engine.LOCAL:
        return None
    connection, database = metadata_store_pb2.ConnectionConfig(), environment.database
    if database is None:
        connection.sqlite.filename_uri = str(environment.metadata)
        connection.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        return connection
    if database.password:
        os.environ[PASSWORDS[database.kind]] = database.password
    if database.kind == "postgresql":
        keep_backslashes()
        _fill_postgresql(connection.postgresql, database)
    else:
        _fill_mysql(connection.mysql, database)
    return connection


def records_of(environment: Environment) -> Database | Place:
    """Where the records are, for people; its text has no password."""
    return environment.database or environment.metadata


def check_database(environment: Environment) -> None:
    """Connects once, where the records are in a database, which makes the tables in an empty one.

    Raises:
        InputError: it cannot be used.
    """
    if environment.database is None:
        return
    for _ in range(TRIES):
        cause = _refusal(environment)
        if not cause:
            return
        if not any(part in cause for part in BY_ANOTHER):
            break
        time.sleep(1)
    raise InputError(_line(environment.database, cause))


def _refusal(environment: Environment) -> str:
    """Why the database cannot be used, "" where it can."""
    database = environment.database
    try:
        socket.create_connection((database.host, database.port), PATIENCE).close()
    except OSError as error:
        return f"no connection ({error.strerror or error})"
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        try:
            with stderr_to(said):
                ml_metadata.MetadataStore(metadata_connection(environment)).get_context_types()
        except (mlmd_errors.StatusError, RuntimeError) as error:
            said.seek(0)
            causes = [line.partition(SAID)[2] for line in said if SAID in line]
            return one_line(causes[-1] if causes else str(error), 300)
    return ""


def _line(database: Database, cause: str) -> str:
    remedy = next((words for part, words in REMEDIES.items() if part in cause), "")
    expected = f"expected a database that this user may make tables in; {remedy}".removesuffix("; ")
    return f"{METADATA}={database}: {cause}; {expected.format(database=database)}"


def _fill_postgresql(connection: metadata_store_pb2.PostgreSQLDatabaseConfig, database: Database) -> None:
    """ML Metadata puts them behind each other as libpq's text of a connection, so they are quoted for it."""
    connection.host, connection.port = _quoted(database.host), str(database.port)
    connection.user, connection.dbname = _quoted(database.user), database.name
    connection.skip_db_creation = True  # a name that is mistyped must not become a database
    for name, value in database.tls:
        setattr(connection.ssloption, name, _quoted(value))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("'", r"\'")
    return f"'{escaped}'"


def _fill_mysql(connection: metadata_store_pb2.MySQLDatabaseConfig, database: Database) -> None:
    connection.host, connection.port = database.host, database.port
    connection.user, connection.database = database.user, database.name
    connection.skip_db_creation = True
    for name, value in database.tls:
        setattr(connection.ssl_options, name, value)
