"""`tfx run create --engine vertex --pipeline vgg`, up to what would be submitted."""

import pytest

from pipeline.commands import tfx_command

CLUSTER = """
image = "REGISTRY/vgg@sha256:0"
project = "written"
region = "here"
"""


@pytest.fixture
def vertex(monkeypatch, tmp_path):
    """Runs `tfx run create --engine vertex --pipeline vgg` here: its status, and what would be submitted."""
    (tmp_path / "cluster.toml").write_text(CLUSTER)
    monkeypatch.setenv("VGG_CLUSTER", str(tmp_path / "cluster.toml"))
    monkeypatch.setenv("VGG_HOME", "gs://bucket/home")
    from pipeline.orchestration import submit

    submitted = []
    monkeypatch.setattr(submit, "submit", lambda *given, **_: submitted.append(given))

    def vertex(*options: str) -> tuple[int, list]:
        with pytest.raises(SystemExit) as ended:
            tfx_command.main(["run", "create", "--pipeline", "vgg", "--engine", "vertex", *options])
        return ended.value.code, submitted

    return vertex


def test_a_run_on_vertex_is_submitted_with_tfxs_own_options(vertex):
    status, ((job, _, settings, values),) = vertex(
        "--project", "mine", "--runtime_parameter", "most_steps=7", "--runtime_parameter", "data=gs://b/d"
    )
    assert status == 0
    assert (settings.project, settings.region) == ("mine", "here")
    assert values == {"most_steps": 7, "data": "gs://b/d"}
    assert "pusher" in job.spec["pipelineSpec"]["root"]["dag"]["tasks"]


def test_a_run_on_vertex_without_a_cluster_is_one_line(vertex, monkeypatch, capsys):
    monkeypatch.delenv("VGG_CLUSTER")
    assert vertex() == (2, [])
    assert capsys.readouterr().err == (
        "vgg: VGG_CLUSTER: not set; expected a file with the image (see docs/clusters.md)\n"
    )
