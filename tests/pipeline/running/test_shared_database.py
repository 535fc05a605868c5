"""ML Metadata in a real PostgreSQL: two pipelines that write at once, and what its refusals say."""

import dataclasses
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.pipeline.postgres_server import PASSWORD, running_server, why_not
from helpers.pipeline.small_pipeline import LENGTH, run_small_pipeline
from helpers.pipeline.stand_in_engine import forked
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

from models.errors import InputError
from pipeline.environment import Environment
from pipeline.home_name import named
from pipeline.metadata_connection import check_database, metadata_connection
from pipeline.report.lineage import Lineage

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def server():
    with running_server() as started:
        yield started


@pytest.fixture(autouse=True)
def own_password(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "before")


def _environment(home, url: str) -> Environment:
    return Environment.from_variables({"VGG_HOME": str(home), "VGG_METADATA": url})


def test_two_pipelines_write_at_once_and_do_not_mix(server, tmp_path):
    url, homes = server.create("shared"), [tmp_path / "one", tmp_path / "two"]
    with ThreadPoolExecutor() as both:
        assert list(both.map(lambda home: forked(run_small_pipeline, url, home), homes)) == [0, 0]
    spans = []
    for home in homes:
        environment = named(_environment(home, url))
        with metadata.Metadata(metadata_connection(environment)) as handle:
            lineage = Lineage(handle.store, environment.pipeline_name)
            by_type = handle.store.get_artifacts_by_type("String")
        steps = lineage.of_type("Step")
        assert Counter(step.cached for step in steps) == {False: LENGTH, True: LENGTH}
        made = [lineage.uri(artifact) for step in steps for artifact in step.outputs["text"]]
        assert all(uri.startswith(f"{environment.pipeline_root}/") for uri in made)
        spans.append((steps[0].started, steps[-1].ended))
        assert len(by_type) == len(homes) * LENGTH
        log = (home / "log.txt").read_text()
        assert "connection config" in log, "where TFX tells of its connection"
        assert not [text for text in (PASSWORD, "p@ss", "p%40ss") if text in log]
    assert max(start for start, _ in spans) < min(end for _, end in spans), "they did not run at once"


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("postgres", "hunter2", ["password authentication failed", "look at the user and the password"]),
        ("missing", None, ['database "missing" does not exist', "CREATE DATABASE missing OWNER vgg"]),
    ],
)
def test_a_refusal_is_one_line(server, tmp_path, name, password, words, capfd):
    url = server.url(name, password) if password else server.url(name)
    with pytest.raises(InputError) as caught:
        check_database(_environment(tmp_path, url))
    line = str(caught.value)
    assert line.startswith(f"VGG_METADATA=postgresql://vgg@127.0.0.1:{server.port}/{name}: ")
    assert all(word in line for word in words)
    shown = line + "".join(capfd.readouterr())
    assert "\n" not in line
    assert not [text for text in (PASSWORD, "p@ss", "hunter2") if text in shown]
    assert not list(tmp_path.iterdir())


def test_texts_come_back_as_they_were(server, tmp_path):
    """JSON within JSON has backslashes, as StatisticsGen's options do, and ML Metadata cannot write them."""
    text = json.dumps({"config": json.dumps({"name": 'it\'s "a" \\ ü'})})
    environment = _environment(tmp_path, server.create("texts"))
    check_database(environment)
    kind = mlmd.ArtifactType(name="Model", properties={"config": mlmd.STRING})
    with metadata.Metadata(metadata_connection(environment)) as handle:
        artifact = mlmd.Artifact(type_id=handle.store.put_artifact_type(kind), uri=r"C:\models")
        artifact.properties["config"].string_value = text
        artifact.custom_properties["made"].struct_value.update({"by": text, "at": ["\\", text]})
        handle.store.put_artifacts([artifact])
        (found,) = handle.store.get_artifacts()
    assert (found.uri, found.properties["config"].string_value) == (r"C:\models", text)
    made = found.custom_properties["made"].struct_value
    assert (made["by"], list(made["at"])) == (text, ["\\", text])


def test_a_database_that_may_be_used_needs_no_word(server, tmp_path, capfd):
    environment = _environment(tmp_path, server.create("empty"))
    capfd.readouterr()  # gRPC, if another test has used it here, speaks when a program is started
    check_database(environment)
    check_database(dataclasses.replace(environment, database=None))
    assert capfd.readouterr() == ("", "")
