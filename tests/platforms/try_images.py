"""The images that replayed_image.py has made, tried: as their user, and with files that cannot be written.

    python tests/platforms/try_images.py FOLDER VOLUME

FOLDER is that of the images, VOLUME an empty one for what the pipeline writes. Prints what took how long.
"""

import base64
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.replayed_image import PROJECT
from helpers.replayed_root import Image, Mount, read_image

SETTINGS = {"VGG_HOME": "/volume", "VGG_DATA": "/volume/data/sample", "VGG_EXPERIMENT": "demo"}
SETTINGS |= {"LOCAL_HOME": "/volume/tfx"}  # where TFX registers pipelines
SCHEMA_BY_RUN_EXECUTOR = """

from tfx.types import standard_artifacts
from tfx.types.artifact_utils import jsonify_artifact_dict

open("/volume/schema.pbtxt", "w").write('feature { name: "x" type: INT }')
schema = standard_artifacts.Schema()
schema.uri = "/volume/by_run_executor"
print(jsonify_artifact_dict({"schema": [schema]}))
"""
FIRST = "shard-example-gen"


def main(folder: Path, volume: Path) -> None:
    """Ends with an error at the first thing that is not as it should be."""
    volume.mkdir(parents=True, exist_ok=True)
    volume.chmod(0o777)
    pipeline, serve = read_image(folder, "pipeline"), read_image(folder, "serve")
    mounts = (Mount(volume, "/volume", writable=True), Mount(PROJECT / "tests", "/tests"))

    def run(*command: str, image: Image = pipeline) -> str:
        return image.run(*command, mounts=mounts, env=SETTINGS)

    for image in (pipeline, serve):
        assert run("id", "-un", image=image).strip() == "vgg"
        assert run("sh", "-c", "touch /opt/vgg/new 2>/dev/null || echo refused", image=image) == "refused\n"
    timed("vgg --version", lambda: run("vgg", "--version"))
    print(timed("vgg doctor", lambda: run("vgg", "doctor")))
    timed("vgg data sample", lambda: run("vgg", "data", "sample", "--out", SETTINGS["VGG_DATA"]))
    timed("the entry point (tfx.scripts.run_executor): a schema", lambda: _by_run_executor(pipeline, run))
    assert (volume / "by_run_executor" / "schema.pbtxt").read_text() == (volume / "schema.pbtxt").read_text()
    timed(f"{FIRST} by its command for Kubeflow", lambda: _one_task(run))
    timed("vgg serve --help", lambda: run(*serve.entrypoint, "--help", image=serve))
    timed("tfx run create --pipeline vgg", lambda: run("tfx", "run", "create", "--pipeline", "vgg"))
    print(timed("vgg serve of the pushed model", lambda: _served(serve, volume / "serving" / "vgg")))


def timed(what: str, do: Callable[[], str]) -> str:
    begun = time.monotonic()
    found = do()
    print(f"try: {what}: {time.monotonic() - begun:.0f} s", flush=True)
    return found


def _by_run_executor(image: Image, run: Callable[..., str]) -> str:
    """As TFX's Trainer for Vertex's custom training calls the image, with a smaller executor."""
    outputs = run("python", "-c", SCHEMA_BY_RUN_EXECUTOR).strip()
    executor = "tfx.components.schema_gen.import_schema_gen.executor.Executor"
    properties = json.dumps({"schema_file": "/volume/schema.pbtxt"})
    arguments = ["--inputs={}", f"--outputs={outputs}", f"--exec-properties={properties}"]
    return run(*image.entrypoint, f"--executor_class_path={executor}", *arguments)


def _one_task(run: Callable[..., str]) -> str:
    cluster = "/volume/cluster.toml"
    run("sh", "-c", f"echo 'image = \"vgg@sha256:0\"' >{cluster}")
    where = ["--data", SETTINGS["VGG_DATA"], "--home", "/volume/kubeflow", "--set", "net.classes=10"]
    to = ["--engine", "kubeflow", "--cluster", cluster, "--output", "/volume/demo.yaml"]
    run("vgg", "compile", *to, "--experiment", "demo", *where)
    return run("python", "/tests/platforms/one_task.py", "/volume/demo.yaml", FIRST, "/volume/task")


def _served(image: Image, models: Path) -> str:
    arguments = [*image.command, "--host=127.0.0.1", "--port=-1", "--rest_api_port=-1"]
    mounts = (Mount(models, "/models/vgg"),)
    server = image.start(*image.entrypoint, *arguments, mounts=mounts, stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"REST (http://\S+)", server.stdout.readline())[1]
        photograph = base64.b64encode((PROJECT / "docs" / "sample.jpg").read_bytes()).decode()
        body = json.dumps({"instances": [{"b64": photograph}]}).encode()
        with urllib.request.urlopen(f"{url}/v1/models/vgg:predict", body, timeout=120) as answer:
            (found,) = json.load(answer)["predictions"]
        urllib.request.urlopen(f"{url}/", timeout=60).close()
    finally:
        server.terminate()
        status = server.wait(60)
    assert status == 0, status
    return f"best class {found['top_classes'][0]}"


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
