"""The name under which a home folder's pipeline is recorded in a database that others use too."""

import dataclasses

import pytest

from models.errors import InputError
from pipeline.database import Database
from pipeline.environment import Environment
from pipeline.home_name import named, recorded_name

DATABASE = Database.from_url("postgresql://vgg@h/runs")


def _environment(home) -> Environment:
    return Environment(data=home / "data", home=home, database=DATABASE)


def test_a_name_is_the_home_s_own_and_stays(tmp_path):
    first, other = _environment(tmp_path / "first"), _environment(tmp_path / "other")
    assert recorded_name(first) is None
    assert not first.home.exists(), "asking makes nothing"
    names = [named(each).pipeline_name for each in (first, other, first)]
    assert names[0] == names[2] != names[1]
    assert all(name.startswith("vgg-") and "." not in name for name in names)
    assert recorded_name(first) == names[0]
    assert [path.name for path in first.home.iterdir()] == ["pipeline_name"]


def test_a_moved_home_keeps_its_name(tmp_path):
    name = named(_environment(tmp_path / "here")).pipeline_name
    (tmp_path / "here").rename(tmp_path / "there")
    assert recorded_name(_environment(tmp_path / "there")) == name


def test_in_a_home_s_own_sqlite_it_is_vgg(tmp_path):
    environment = dataclasses.replace(_environment(tmp_path), database=None)
    assert named(environment) == environment
    assert environment.pipeline_name == "vgg"
    assert recorded_name(environment) is None
    environment.metadata.touch()
    assert recorded_name(environment) == "vgg"


def test_a_home_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"home folder .+/file/home: Not a directory; .+; set VGG_HOME"):
        named(_environment(tmp_path / "file" / "home"))
