"""The command line of serving/tf_serving/compose.yaml, as it is, where it finds what a container would have.

In a root and a network of its own /config and /models are mounted and the ports are free, so that nothing
has to be changed: neither the command line nor the files that it names.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TF_SERVING = Path(__file__).parents[4] / "serving" / "tf_serving"
VGG = Path(sys.executable).with_name("vgg")

UNSHARE = ["unshare", "--mount", "--net"]
ENTER = """
set -e
root=$1 config=$2 model=$3
shift 3
mount -t tmpfs none "$root"
for each in /*; do
    if [ -L "$each" ]; then cp -d "$each" "$root"; continue; fi
    if [ -d "$each" ]; then mkdir "$root$each" && mount --rbind "$each" "$root$each"; fi
done
mkdir -p "$root/config" "$root/models/vgg"
mount --bind "$config" "$root/config"
mount --bind "$model" "$root/models/vgg"
exec chroot "$root" "$@"
"""
"""A shell's: the root of this machine, with two folders more. Ends with its namespace."""

CLIENT = """
import fcntl, json, socket, struct, subprocess, sys, urllib.request

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any:  # ip link set lo up
    fcntl.ioctl(any, 0x8914, struct.pack("16sh", b"lo", 1))
with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True) as server:
    ready = server.stdout.readline()
    request = urllib.request.Request(
        "http://127.0.0.1:8501/v1/models/vgg:predict", b'{"instances": [1.0]}', {"content-type": "text/json"}
    )
    answer = json.load(urllib.request.urlopen(request, timeout=60))
    socket.create_connection(("127.0.0.1", 8500), 60).close()
    metrics = urllib.request.urlopen("http://127.0.0.1:8501/monitoring/prometheus/metrics", timeout=60).status
    server.terminate()
print(json.dumps([ready, answer, metrics, server.returncode]))
"""


@pytest.mark.slow
def test_the_command_line_starts_it_unchanged(toys, tmp_path):
    if not shutil.which("unshare") or subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
        pytest.skip("needs mounts and a network of its own (as root, by util-linux)")
    arguments = yaml.safe_load((TF_SERVING / "compose.yaml").read_text())["services"]["vgg"]["command"]
    root = tmp_path / "root"
    root.mkdir()
    enter = [*UNSHARE, "bash", "-c", ENTER, "bash", root, TF_SERVING, toys / "half_plus_two"]
    command = [*enter, sys.executable, "-c", CLIENT, VGG, "serve", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    ready, answer, metrics, status = json.loads(done.stdout)
    assert ready == "vgg serve: vgg version 124; gRPC 127.0.0.1:8500; REST http://127.0.0.1:8501\n"
    assert (answer, metrics, status) == ({"predictions": [2.5]}, 200, 0)
    assert "changes nothing" not in done.stderr
