"""Too little memory for an image, in a process of its own whose limit is lowered on the way."""

import os
import subprocess
import sys

import pytest

# 8000 x 8000 pixels are 183 MiB; 100 are left.
SCRIPT = """
import io, pathlib, resource
import tensorflow as tf
from PIL import Image
from models import undecodable

def jpeg(side):
    buffer = io.BytesIO()
    Image.new("RGB", (side, side)).save(buffer, "JPEG")
    return buffer.getvalue()

photographs = tf.constant([jpeg(8), jpeg(8000), b"no image"])

@tf.function
def each_decodes():
    return undecodable.if_decodable(photographs, lambda image: tf.size(image), tf.constant(0))[1]

@tf.function
def outcome(image):
    return undecodable.try_decode(image).outcome

def look():
    found = []
    for looked_at in (each_decodes, *(lambda image=image: outcome(image) for image in photographs)):
        try:
            found.append(looked_at().numpy().tolist())
        except tf.errors.ResourceExhaustedError:
            found.append("no memory")
    return found

print(look())
pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (100 << 20),) * 2)
print(look())
"""


@pytest.mark.slow
def test_a_lack_of_memory_is_no_damaged_image():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=300, env=os.environ
    )
    assert done.returncode == 0, done.stderr[-2000:]
    plenty, short = done.stdout.splitlines()
    assert plenty == "[[True, True, False], 0, 0, 1]"
    assert short == "['no memory', 0, 'no memory', 1]"
