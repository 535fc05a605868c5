"""What the services are told when a pipeline is started, by their real clients. Stand-ins are named so."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from google.auth import exceptions as google_auth
from google.auth.credentials import AnonymousCredentials
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from models.errors import InputError
from pipeline.engine import Engine
from pipeline.exit_status import ComponentError
from pipeline.orchestration.engine_settings import EngineSettings
from pipeline.orchestration.job import job_of
from pipeline.orchestration.submit import submit

GS = {"VGG_DATA": "gs://bucket/data", "VGG_HOME": "gs://bucket/home"}
VERTEX = EngineSettings(
    image="REGISTRY/vgg@sha256:0",
    project="mine",
    region="europe-west4",
    service_account="vgg@mine",
    labels=(("team", "vision"),),
)
VALUES = {"data": "gs://bucket/other", "most_steps": 7}


class StandInKubeflow(BaseHTTPRequestHandler):
    """As much of Kubeflow Pipelines' API as starting a run needs."""

    bodies: list = []
    state = "SUCCEEDED"

    def do_GET(self):  # noqa: N802 - http.server's name
        self._answer({"run_id": "r1", "state": self.state, "experiment_id": "e1", "experiments": []})

    def do_POST(self):  # noqa: N802 - http.server's name
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.bodies.append((self.path, body))
        self._answer({"run_id": "r1", "experiment_id": "e1", "display_name": "vgg", "state": "PENDING"})

    def log_message(self, *_):
        pass

    def _answer(self, values: dict) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(values).encode())


@pytest.fixture
def kubeflow():
    StandInKubeflow.bodies, StandInKubeflow.state = [], "SUCCEEDED"
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandInKubeflow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield EngineSettings(image="REGISTRY/vgg@sha256:0", host=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def for_kubeflow():
    return job_of(Engine.KUBEFLOW, VERTEX, GS)


@pytest.fixture(scope="module")
def for_vertex():
    return job_of(Engine.VERTEX, VERTEX, GS)


def test_kubeflow_is_given_the_specification_and_the_values(kubeflow, for_kubeflow):
    said = []
    submit(for_kubeflow, Engine.KUBEFLOW, kubeflow, VALUES, wait=True, say=said.append)
    ((_, body),) = [(path, body) for path, body in StandInKubeflow.bodies if path.endswith("/runs")]
    sent, compiled = (
        json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
        for spec in (body["pipeline_spec"], for_kubeflow.spec["pipelineSpec"])
    )
    assert sent == compiled
    assert body["runtime_config"]["parameters"] == VALUES
    assert body["runtime_config"]["pipeline_root"] == "gs://bucket/home/pipeline"
    assert said == [f"Run: {kubeflow.host}/#/runs/details/r1"]


def test_a_run_that_failed_is_a_failure(kubeflow, for_kubeflow):
    StandInKubeflow.state = "FAILED"
    with pytest.raises(ComponentError, match="run r1 ended as FAILED"):
        submit(for_kubeflow, Engine.KUBEFLOW, kubeflow, {}, wait=True, say=lambda _: None)


def test_a_kubeflow_that_is_not_there_is_one_line(kubeflow, for_kubeflow):
    nobody = EngineSettings(image="i@sha256:0", host="http://127.0.0.1:1")
    with pytest.raises(ComponentError, match="Kubeflow at http://127.0.0.1:1: ") as caught:
        submit(for_kubeflow, Engine.KUBEFLOW, nobody, {}, say=lambda _: None)
    assert "\n" not in str(caught.value)


def test_vertex_is_given_the_job_with_values_labels_and_account(monkeypatch, for_vertex):
    """The client's own class reads the file; only its last call, over the network, is a stand-in."""
    from google.cloud import aiplatform  # takes 7 s, and each worker imports each file of tests

    given = {}

    def stand_in_submit(self, service_account=None):
        given.update(job=self.to_dict(), account=service_account)

    monkeypatch.setattr(aiplatform.PipelineJob, "submit", stand_in_submit)
    monkeypatch.setattr(aiplatform.PipelineJob, "_dashboard_uri", lambda self: "https://vertex/run")
    monkeypatch.setattr(
        aiplatform.initializer.global_config, "_credentials", AnonymousCredentials(), raising=False
    )
    said = []
    submit(for_vertex, Engine.VERTEX, VERTEX, VALUES, say=said.append)
    job = given["job"]
    assert (given["account"], job["labels"]) == ("vgg@mine", {"team": "vision"})
    assert job["runtimeConfig"]["parameterValues"] == VALUES
    assert job["runtimeConfig"]["gcsOutputDirectory"] == "gs://bucket/home/pipeline"
    assert job["pipelineSpec"]["root"]["dag"] == for_vertex.spec["pipelineSpec"]["root"]["dag"]
    assert said == ["Run: https://vertex/run"]


def test_without_credentials_one_line_says_what_to_do(monkeypatch, for_vertex):
    def none(**_):
        raise google_auth.DefaultCredentialsError("Your default credentials were not found.")

    monkeypatch.setattr("google.auth.default", none)
    with pytest.raises(
        InputError, match="Vertex: no credentials .*gcloud auth application-default login"
    ) as caught:
        submit(for_vertex, Engine.VERTEX, VERTEX, {}, say=lambda _: None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("engine", "said"), [(Engine.VERTEX, "no project or no region"), (Engine.KUBEFLOW, "no host")]
)
def test_a_cluster_that_is_not_named(engine, said, for_vertex):
    with pytest.raises(InputError, match=said):
        submit(for_vertex, engine, EngineSettings(image="i"), {}, say=lambda _: None)
