"""TFX's Pusher with a push that is atomic.

TFX's own copies a model's files one after another into the folder that a server polls, and leaves out a
second push in the same second; see serving/push.py.
"""

import os

from tfx.components.pusher import executor
from tfx.components.pusher.component import Pusher as TfxPusher
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils, proto_utils

from serving.push import push

PUSHED, VERSION = "pushed", "pushed_version"
"""Custom properties of the PushedModel artifact, as TFX's Pusher names them."""


class Executor(executor.Executor):
    """Checks the blessings as TFX's does, and pushes."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:  # noqa: N802 - TFX's name
        """See tfx.components.pusher.executor.Executor.

        Raises:
            InputError: see serving.push.push.
        """
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(exec_properties["push_destination"], destination)
        model = self.GetModelPath(input_dict)
        path = push(model, destination.filesystem.base_directory)
        io_utils.copy_dir(model, pushed.uri)
        self._MarkPushed(pushed, pushed_destination=path, pushed_version=os.path.basename(path))


class Pusher(TfxPusher):
    """`tfx.components.Pusher` to a folder, by `Executor`."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
