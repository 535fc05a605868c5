"""One task of a compiled pipeline by its own command, as an engine starts it in the task's container.

python one_task.py SPECIFICATION.yaml TASK FOLDER
"""

import json
import subprocess
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.pipeline.stand_in_engine import StandInEngine


class OfThisContainer(StandInEngine):
    """Starts each command as it is written."""

    def _execute(self, command: list[str], arguments: list[str], given: dict) -> dict:
        output = Path(given["outputs"]["outputFile"])
        output.parent.mkdir(parents=True, exist_ok=True)
        words = [word.replace("{{$}}", json.dumps(given)) for word in arguments]
        subprocess.run([*command, *words], check=True, stdout=sys.stderr)
        return json.loads(output.read_text())


if __name__ == "__main__":
    specification, task, folder = sys.argv[1:]
    spec = yaml.safe_load(Path(specification).read_text())
    dag = spec["root"]["dag"]
    dag["tasks"] = {task: dag["tasks"][task]}
    print(OfThisContainer(Path(folder), hooks=True).run(spec))
