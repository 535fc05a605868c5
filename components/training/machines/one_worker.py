"""`python -m components.training.machines.one_worker FILE`: what child.Child starts, once for each training.

The Trainer's arguments come as a line of JSON, the machines as TF_CONFIG; FILE gets one line about the end.
"""

import json
import logging
import os
import sys
import threading
import traceback
from types import SimpleNamespace

from components.training.machines.child import End, Ending
from components.training.machines.cluster import TF_CONFIG
from models.errors import InputError, Preempted, cause_of, one_line

MOST_CHARACTERS = 200  # TensorFlow tells what such an error may indicate, at length


def main(said: str) -> int:
    """Trains; returns an Ending's value."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    arguments = json.loads(sys.stdin.readline())
    parent = threading.Thread(target=_end_with_parent, daemon=True)
    parent.start()
    end = _train(arguments)
    with open(said, "w", encoding="utf-8") as file:
        file.write(end.message)
    if end.ending is Ending.TRAINED and json.loads(os.environ[TF_CONFIG])["task"]["index"] > 0:
        # The chief still exports the model, and its TensorFlow would take this end for a loss.
        parent.join()
    return end.ending.value


def _train(arguments: dict) -> End:
    import tensorflow as tf

    from components.training.trainer import run_fn

    try:
        run_fn(SimpleNamespace(**arguments))
    except InputError as error:
        return End(Ending.REFUSED, str(error))
    except Preempted as stopped:
        return End(Ending.PREEMPTED, str(stopped))
    except tf.errors.OpError as error:
        # Of which kind, when another machine is gone, differs with the moment.
        traceback.print_exc()
        return End(Ending.LOST, one_line(f"{type(error).__name__}: {cause_of(error)}", MOST_CHARACTERS))
    except Exception as error:
        traceback.print_exc()
        return End(Ending.FAILED, one_line(f"{type(error).__name__}: {cause_of(error)}"))
    return End(Ending.TRAINED)


def _end_with_parent() -> None:
    """The pipe's end is the parent's, also after a SIGKILL."""
    sys.stdin.read()
    os._exit(Ending.LOST.value)


if __name__ == "__main__":
    _status = main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    # Not by way of TensorFlow's own end, which waits for machines that may be gone.
    os._exit(_status)
