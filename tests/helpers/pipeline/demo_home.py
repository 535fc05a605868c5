"""A home folder with a data set of `vgg data sample`, and the commands run in it."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

BIN = Path(sys.executable).parent


class Demo:
    """One home folder and the commands run in it."""

    def __init__(self, folder: Path):
        self.folder, self.data, self.home = folder, folder / "data", folder / "home"

    def command(self, *words: str, **variables: str) -> subprocess.CompletedProcess:
        environment = {
            **os.environ,
            "LOCAL_HOME": str(self.folder / "tfx"),
            "VGG_HOME": str(self.home),
            "VGG_DATA": str(self.data),
            **variables,
        }
        return subprocess.run(
            [str(BIN / words[0]), *words[1:]],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def runs(self) -> list[Counter]:
        """For each run, how many executions ended in which state."""
        connection = metadata.sqlite_metadata_connection_config(str(self.home / "metadata.sqlite"))
        with metadata.Metadata(connection) as handle:
            runs = sorted(handle.store.get_contexts_by_type("pipeline_run"), key=lambda run: run.id)
            states = metadata_store_pb2.Execution.State.Name
            return [
                Counter(
                    states(execution.last_known_state)
                    for execution in handle.store.get_executions_by_context(run.id)
                )
                for run in runs
            ]
