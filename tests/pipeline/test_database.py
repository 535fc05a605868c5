"""VGG_METADATA: which URLs are taken, that no line shows a password, and what ML Metadata is given."""

import os
import socket

import pytest

from models.errors import InputError
from pipeline.database import Database
from pipeline.environment import Environment
from pipeline.metadata_connection import check_database, metadata_connection

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def own_variables(monkeypatch):
    """The passwords that a test leaves for the database's client."""
    for name in ("PGPASSWORD", "MYSQL_PWD"):
        monkeypatch.setenv(name, "before")


def _environment(tmp_path, url: str) -> Environment:
    return Environment.from_variables({"VGG_HOME": str(tmp_path), "VGG_METADATA": url})


@pytest.mark.parametrize(
    ("url", "read"),
    [
        (
            "postgresql://vgg:hunter2@db.example:6543/runs",
            Database("postgresql", "vgg", "db.example", 6543, "runs", SECRET),
        ),
        ("mysql://a%40b:x%2Fy%3Az@10.0.0.1/r-1", Database("mysql", "a@b", "10.0.0.1", 3306, "r-1", "x/y:z")),
        ("postgresql://vgg@[::1]/runs", Database("postgresql", "vgg", "::1", 5432, "runs")),
        (
            "postgresql://vgg@h/runs?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            Database(
                "postgresql",
                "vgg",
                "h",
                5432,
                "runs",
                tls=(("sslmode", "verify-full"), ("sslrootcert", "/etc/ca.pem")),
            ),
        ),
    ],
)
def test_a_url_is_read(url, read):
    assert Database.from_url(url) == read


def test_its_text_has_all_but_the_password():
    read = Database.from_url("postgresql://vgg:hunter2@[::1]:99/runs?sslkey=/k")
    assert str(read) == "postgresql://vgg@[::1]:99/runs"
    assert SECRET not in repr(read)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///hunter2",
        "postgres://vgg:hunter2@h/runs",
        "vgg:hunter2@h/runs",
        "postgresql://h:5432/runs",
        "postgresql://vgg:hunter2@/runs",
        "postgresql://vgg:hunter2@h",
        "postgresql://vgg:hunter2@h/a/b",
        "postgresql://vgg:hunter2@h/runs;drop",
        "postgresql://vgg:hunter2@h:port/runs",
        "postgresql://vgg:1/hunter2@h/runs",
        "postgresql://vgg:a/hunter2@h/runs",
        "postgresql://vgg:#hunter2@h/runs",
        "postgresql://vgg:?hunter2@h/runs",
        "postgresql://vgg:[hunter2@h/runs",
        "postgresql://vgg:hunter2@h/runs?sslmod=require",
        "mysql://vgg:hunter2@h/runs?sslmode=require",
    ],
)
def test_another_url_is_one_line_that_shows_nothing_of_it(tmp_path, url):
    with pytest.raises(
        InputError, match=r"^VGG_METADATA: .+; expected postgresql://USER:PASSWORD@"
    ) as caught:
        _environment(tmp_path, url)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "variable", "filled"),
    [
        (
            "postgresql://o'neil:hunter2@h:99/runs?sslmode=require",
            "PGPASSWORD",
            {
                "host": "'h'",
                "port": "99",
                "user": r"'o\'neil'",
                "dbname": "runs",
                "skip_db_creation": True,
                "ssloption.sslmode": "'require'",
            },
        ),
        (
            "mysql://vgg:hunter2@h:99/runs?ca=/ca",
            "MYSQL_PWD",
            {
                "host": "h",
                "port": 99,
                "user": "vgg",
                "database": "runs",
                "skip_db_creation": True,
                "ssl_options.ca": "/ca",
            },
        ),
    ],
)
def test_ml_metadata_is_given_all_but_the_password(tmp_path, url, variable, filled):
    """TFX logs what it is given, and compiled pipelines keep it."""
    connection = metadata_connection(_environment(tmp_path, url))
    assert SECRET not in str(connection)
    assert os.environ[variable] == SECRET
    settings = getattr(connection, connection.WhichOneof("config"))
    for name, value in filled.items():
        found = settings
        for part in name.split("."):
            found = getattr(found, part)
        assert found == value, name


def test_a_url_without_a_password_leaves_the_client_s_own(tmp_path):
    metadata_connection(_environment(tmp_path, "postgresql://vgg@h/runs"))
    assert os.environ["PGPASSWORD"] == "before"


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_server_that_is_not_there_is_one_line(tmp_path, kind, capfd):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listened at
        port = taken.getsockname()[1]
        with pytest.raises(InputError) as caught:
            check_database(_environment(tmp_path, f"{kind}://vgg:{SECRET}@127.0.0.1:{port}/runs"))
    line = str(caught.value)
    assert line.startswith(f"VGG_METADATA={kind}://vgg@127.0.0.1:{port}/runs: ")
    assert line.endswith("start the server, or look at the host and the port of VGG_METADATA")
    assert "\n" not in line
    assert SECRET not in line + "".join(capfd.readouterr())
