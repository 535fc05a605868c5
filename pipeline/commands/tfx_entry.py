"""The file that `tfx run create --pipeline vgg` runs: the experiment of VGG_EXPERIMENT."""

import os
import sys

# `python FILE` puts FILE's folder first on the path, where pipeline.py would hide the package `pipeline`.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _here]

from pipeline.exit_status import exit_status  # noqa: E402
from pipeline.running.run import run  # noqa: E402


def main() -> int:
    """Runs the pipeline; returns the exit status that pipeline/running/run.py defines."""
    # `tfx pipeline create` runs this file to compile the pipeline, which needs no data.
    compiling = "tfx.tools.cli.handler.dag_runner_patcher" in sys.modules
    return exit_status(lambda: run(check=not compiling))


if __name__ == "__main__":
    sys.exit(main())
