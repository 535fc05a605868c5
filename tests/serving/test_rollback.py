"""Going back to the version before loses nothing, and a push after it is served."""

import os
import time
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner
from helpers.serving.model_server import picture, serving
from helpers.serving.small_model import write_small_model

from models.errors import InputError
from pipeline.commands.rollback import rollback
from serving.client import classify
from serving.describing import newest_version
from serving.push import push, versions
from serving.rollback import roll_back


@pytest.fixture
def base(tmp_path) -> Path:
    """With versions 3, 20 and 100, whose names as text have another order."""
    for version in (3, 20, 100):
        folder = tmp_path / "vgg" / str(version)
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").write_text(f"model {version}")
    return tmp_path / "vgg"


def test_the_newest_is_withdrawn_and_kept(base):
    assert roll_back(str(base)) == (str(base / "20"), str(base / "rolled-back-100"))
    assert versions(str(base)) == [3, 20]
    assert (base / "rolled-back-100" / "saved_model.pb").read_text() == "model 100"
    assert roll_back(str(base))[0] == str(base / "3")


def test_its_old_name_serves_it_again_and_a_push_is_newer(base):
    _, withdrawn = roll_back(str(base))
    os.rename(withdrawn, base / "100")
    assert versions(str(base)) == [3, 20, 100]
    roll_back(str(base))
    pushed = push(str(base / "20"), str(base), now=lambda: 50)
    assert versions(str(base))[-1] == int(os.path.basename(pushed)) == 50


def test_nothing_to_go_back_to(base, tmp_path):
    with pytest.raises(InputError, match="no version in it; expected one to go back to"):
        roll_back(str(tmp_path / "empty"))
    roll_back(str(base))
    roll_back(str(base))
    with pytest.raises(InputError, match="only version 3 in it"):
        roll_back(str(base))
    assert versions(str(base)) == [3]


def test_an_object_store_is_refused_by_name():
    with pytest.raises(InputError, match="gs://b/vgg: an object store cannot rename a folder; push"):
        roll_back("gs://b/vgg")


def test_the_command_says_what_it_did(base):
    said = CliRunner().invoke(rollback, ["--base-path", str(base)])
    assert said.exit_code == 0
    assert said.output.splitlines() == [
        f"Served from now on: {base}/20",
        f"Withdrawn: {base}/rolled-back-100; under its old name it is served again",
    ]


def test_a_server_goes_back_without_an_unanswered_request(tmp_path):
    for version in (1, 2):
        write_small_model(tmp_path / "vgg" / str(version), seed=version)
    with (
        serving(tmp_path / "vgg") as server,
        grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel,
    ):
        assert newest_version(channel) == 2
        roll_back(str(tmp_path / "vgg"))
        deadline = time.monotonic() + 120
        while newest_version(channel) != 1:
            assert time.monotonic() < deadline
            assert len(classify([picture(1)], f"127.0.0.1:{server.grpc_port}")[0]) == 5
        assert len(classify([picture(1)], f"127.0.0.1:{server.grpc_port}")[0]) == 5
