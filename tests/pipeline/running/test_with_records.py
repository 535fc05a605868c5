"""What a run says of a database before it begins, and that it connects before anything is written."""

import pytest

from models.errors import InputError
from pipeline import metadata_connection
from pipeline.database import Database
from pipeline.environment import Environment
from pipeline.home_name import recorded_name
from pipeline.running.run import Prepared, with_records

URL = "postgresql://vgg:hunter2@h/runs"


@pytest.fixture
def what(tmp_path) -> Prepared:
    environment = Environment(data=tmp_path, home=tmp_path / "home", database=Database.from_url(URL))
    return Prepared(environment, {}, {"demo": ["Classes: 10"]})


def test_a_home_begun_with_sqlite_is_told_once_that_it_begins_anew(what, monkeypatch):
    monkeypatch.setattr(metadata_connection, "check_database", lambda _: None)
    what.environment.home.mkdir()
    what.environment.metadata.touch()
    first, second = with_records(what), with_records(what)
    place, anew, classes = first.notes["demo"]
    name = recorded_name(what.environment)
    assert place == f"ML Metadata: postgresql://vgg@h:5432/runs, pipeline {name}"
    assert f"{what.environment.metadata} and is not looked at" in anew
    assert first.environment.pipeline_name == name
    assert second.notes["demo"] == [place, classes]


def test_a_database_that_cannot_be_used_leaves_no_home_folder(what, monkeypatch):
    def refuse(_):
        raise InputError("no connection")

    monkeypatch.setattr(metadata_connection, "check_database", refuse)
    with pytest.raises(InputError, match="no connection"):
        with_records(what)
    assert not what.environment.home.exists()
