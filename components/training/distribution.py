"""One training over all GPUs of this machine, or over several machines (TF_CONFIG).

Every worker reads the same images in the same order and trains on its share of each batch, so that the
result, and a place in the data, do not depend on how many there are. The price: each decodes all images.
"""

import os

import numpy as np
import tensorflow as tf

from components.training.machines.cluster import TF_CONFIG, tf_config
from models.as_written import as_written
from models.errors import InputError
from models.untuned import untuned


def choose_strategy() -> tf.distribute.Strategy:
    """MultiWorkerMirroredStrategy where TF_CONFIG names several workers, else MirroredStrategy.

    The latter is over all GPUs, or all logical CPUs where there is none. Call it before anything else in the
    process runs TensorFlow: collective operations can be set up only then.

    Raises:
        InputError: TF_CONFIG is not what TensorFlow defines, or comes too late.
    """
    config = os.environ.get(TF_CONFIG)
    if config is not None and len(tf_config(config)[0]) > 1:
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except RuntimeError as error:
            raise InputError(
                f"{TF_CONFIG}: several workers, but TensorFlow runs in this process already "
                f"({str(error).splitlines()[0]}); start each worker's training in a process of its own"
            ) from None
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes checkpoints, logs and the model."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return True
    resolver = strategy.cluster_resolver
    has_chief = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "chief" if has_chief else resolver.task_id == 0


class Workers:
    """What the processes of one training tell each other.

    Attributes:
        several: whether there is more than one process.
        chief: is_chief's answer.
        replicas: devices of all of them together.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        self._strategy = strategy
        self.several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        self.chief = is_chief(strategy)
        self.replicas = strategy.num_replicas_in_sync
        self._sum = tf.function(as_written(self._sum_replicas), input_signature=[tf.TensorSpec([], tf.int64)])

    def any(self, flag: bool) -> bool:
        """Whether the flag is true on one of them. All must ask, at the same point of their work."""
        return bool(self._sum(int(flag)) > 0) if self.several else flag

    def agree(self, number: int) -> bool:
        """Whether all have the same number. All must ask."""
        return not self.several or int(self._sum(number)) == number * self.replicas

    def local(self, value) -> np.ndarray:
        """What this process's first replica has of a distributed value."""
        return self._strategy.experimental_local_results(value)[0].numpy()

    def split(self, batches: tf.data.Dataset, size: int):
        """Batches of `size`, which all workers have in the same order, over all replicas together.

        A replica's share has size // replicas or one more of them.
        """

        if self.replicas == 1 and "CPU" in self._strategy.extended.worker_devices[0]:
            # No way to a device, which would have a tuning thread of its own that no option reaches.
            return untuned(batches.prefetch(2))

        def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
            replicas, workers = context.num_replicas_in_sync, context.num_input_pipelines
            here = replicas // workers
            shares = batches.rebatch([len(range(replica, size, replicas)) for replica in range(replicas)])
            if workers > 1:
                shares = shares.enumerate().filter(
                    lambda number, _: number // here % workers == context.input_pipeline_id
                )
                shares = shares.map(lambda _, share: share)
            return untuned(shares.prefetch(2 * here))

        return self._strategy.distribute_datasets_from_function(of_worker)

    def _sum_replicas(self, value: tf.Tensor) -> tf.Tensor:
        per_replica = self._strategy.run(tf.identity, args=(value,))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, per_replica, axis=None)
