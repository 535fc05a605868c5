"""Options of Beam that are not whole are one line before anything starts, and those that are need no word."""

import re
from pathlib import Path

import pytest
import yaml
from apache_beam.options.pipeline_options import FlinkRunnerOptions

from components.beam_check import check_beam
from components.beam_options import beam_options
from models.errors import InputError

GOOGLE = "--project=my-project --region=europe-west4 --temp_location=gs://bucket/tmp"
DATAFLOW = f"--runner=DataflowRunner {GOOGLE} --sdk_container_image=REGISTRY/vgg@sha256:0"
FLINK = "--runner=PortableRunner --job_endpoint=127.0.0.1:8099"
ROOT = Path(__file__).parents[2]
STORE, HERE = {"pipeline's root": "gs://bucket/vgg"}, {"pipeline's root": "/home/vgg/pipeline"}


@pytest.mark.parametrize(
    ("text", "folders", "told"),
    [
        (
            "--runner=DataflowRunner",
            STORE,
            ["temp_location", "option: project", "option: region", "--sdk_container_image=IMAGE"],
        ),
        (DATAFLOW.replace("my-project", "123"), STORE, ["Invalid Project ID (123)"]),
        (DATAFLOW.replace("gs://bucket/tmp", "/tmp"), STORE, ["Invalid GCS path (/tmp)"]),
        (DATAFLOW, HERE, ["pipeline's root /home/vgg/pipeline is not in gs://"]),
        (f"{DATAFLOW} --num_workers=9 --max_num_workers=2", STORE, ["num_workers (9) cannot exceed"]),
        ("--runner=PortableRunner --environment_type=LOOPBACK", HERE, ["--job_endpoint=HOST:PORT"]),
        (FLINK, HERE, ["--environment_config=IMAGE", "LOOPBACK", "--sdk_container_image=IMAGE"]),
        (f"{FLINK} --environment_type=PROCESS", HERE, ["process_command is required"]),
        ("--runner=FlinkRunner --flink_master=127.0.0.1:8081", HERE, ["--environment_config=IMAGE"]),
        ("--runner=NoRunner", HERE, ["NoRunner"]),
        ("--direct_num_workers=two", HERE, ["direct_num_workers"]),
    ],
)
def test_what_is_missing_or_wrong_is_one_line(text, folders, told, capfd, monkeypatch):
    monkeypatch.delenv("CLOUDSDK_COMPUTE_REGION", raising=False)
    with pytest.raises(InputError, match=r"^VGG_BEAM: \w+: .+; see docs/clusters.md$") as caught:
        check_beam(beam_options(text, "VGG_BEAM"), "VGG_BEAM", folders)
    line = str(caught.value)
    assert [words for words in told if words not in line] == []
    assert "\n" not in line
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        ("", HERE),
        ("--direct_running_mode=multi_processing --direct_num_workers=2", HERE),
        (DATAFLOW, STORE),
        (f"{FLINK} --environment_type=LOOPBACK", HERE),
        (f"{FLINK} --environment_config=REGISTRY/vgg --sdk_container_image=REGISTRY/vgg", HERE),
        ("--runner=SparkRunner --environment_type=LOOPBACK", HERE),
    ],
)
def test_options_that_are_whole_need_no_word(text, folders):
    check_beam(beam_options(text, "VGG_BEAM"), "VGG_BEAM", folders)


def _documented() -> list[str]:
    """The options of the table in docs/clusters.md."""
    table = (ROOT / "docs" / "clusters.md").read_text().partition("| where | `VGG_BEAM` |")[2]
    return [row.split("`")[1] for row in table.partition("\n\n")[0].splitlines() if "`" in row]


def test_the_options_that_the_docs_name_are_whole():
    assert len(_documented()) == 4
    for text in _documented():
        text = text.replace("PROJECT", "my-project").replace("BUCKET", "bucket")
        check_beam(beam_options(text, "VGG_BEAM"), "VGG_BEAM", STORE)


def test_the_job_servers_are_of_the_lock_s_beam_and_answer_where_the_docs_say():
    """Nobody here can start them."""
    services = yaml.safe_load((ROOT / "pipeline" / "beam" / "compose.yaml").read_text())["services"]
    (locked,) = re.findall(r"^apache-beam==([\d.]+)", (ROOT / "requirements-tfx-1.21.lock").read_text(), re.M)
    jobs = [services[name]["image"] for name in ("flink-jobs", "spark-jobs")]
    assert [image.rpartition(":")[2] for image in jobs] == [locked] * 2
    flink = services["flink"]["image"].partition(":")[2]
    assert flink in FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS
    assert f"flink{flink}_job_server" in jobs[0]
    assert any("--job_endpoint=127.0.0.1:8099 " in text and ":50000" in text for text in _documented())
