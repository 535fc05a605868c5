"""What the flags and the files that they name come to."""

from tensorflow.core.protobuf import config_pb2

from models.errors import InputError
from serving.server.batching.batcher import Batching
from serving.server.options import Options
from serving.server.protocol.rest import METRICS_PATH
from serving.server.request_log.log_file import Rotation
from serving.server.text_protos import read_text
from serving.server.versions.model_config import Logging, ModelConfig, read_config_file
from serving.server.versions.servable import Loading

MOST_THREADS = 256


def configs_of(options: Options) -> list[ModelConfig]:
    """The models that are served at first. Raises InputError."""
    if options.model_config_file:
        return read_config_file(options.model_config_file)
    return [ModelConfig(options.model_name, options.model_base_path, logging=_logging_of(options))]


def batching_of(options: Options) -> Batching:
    """How requests are joined. Raises InputError."""
    found = Batching(
        most_items=options.max_batch_size,
        most_elements=options.max_input_elements,
        wait=options.batch_timeout_micros / 1e6,
        threads=options.num_batch_threads,
        most_waiting=options.max_enqueued_requests,
    )
    return _of_file(options.batching_parameters_file, found) if options.batching_parameters_file else found


def loading_of(options: Options) -> Loading:
    """How models are loaded. Raises InputError."""
    session = config_pb2.ConfigProto()
    if options.tensorflow_session_config_file:
        read_text("tensorflow_session_config_file", options.tensorflow_session_config_file, session)
    both = options.tensorflow_session_parallelism
    if threads := options.tensorflow_intra_op_parallelism or both:
        session.intra_op_parallelism_threads = threads
    if threads := options.tensorflow_inter_op_parallelism or both:
        session.inter_op_parallelism_threads = threads
    if options.per_process_gpu_memory_fraction:
        session.gpu_options.per_process_gpu_memory_fraction = options.per_process_gpu_memory_fraction
        session.gpu_options.allow_growth = False
    tags = tuple(tag for tag in options.saved_model_tags.split(",") if tag)
    return Loading(tags, session, join_all=options.enable_batching)


def metrics_path_of(options: Options) -> str:
    """Where the metrics are. Raises InputError."""
    if not options.monitoring_config_file:
        return METRICS_PATH
    file = options.monitoring_config_file
    path = (
        read_text("monitoring_config_file", file, "MonitoringConfig").prometheus_config.path or METRICS_PATH
    )
    if not path.startswith("/"):
        raise InputError(f"--monitoring_config_file {file}: path {path}; expected one that begins with /")
    return path


def rotation_of(options: Options) -> Rotation:
    """When a file of the request log ends."""
    return Rotation(options.request_log_file_bytes, options.request_log_file_seconds)


def _logging_of(options: Options) -> Logging | None:
    if not options.request_log_prefix:
        return None
    found = Logging(options.request_log_prefix, options.request_log_sampling_rate)
    found.check("--request_log_prefix and --request_log_sampling_rate")
    return found


def _of_file(path: str, otherwise: Batching) -> Batching:
    flag = "batching_parameters_file"
    given = read_text(flag, path, "BatchingParameters")
    numbers = {
        name: getattr(given, name).value if given.HasField(name) else None
        for name in ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")
    }
    for name, number in numbers.items():
        if number is not None and number < (0 if name == "batch_timeout_micros" else 1):
            raise InputError(f"--{flag} {path}: {name} {number}; expected more")
    items = numbers["max_batch_size"] or otherwise.most_items
    if given.HasField("max_execution_batch_size"):
        items = max(1, min(items, given.max_execution_batch_size.value))
    wait, batches = numbers["batch_timeout_micros"], numbers["max_enqueued_batches"]
    return Batching(
        most_items=items,
        most_elements=otherwise.most_elements,
        wait=otherwise.wait if wait is None else wait / 1e6,
        threads=min(numbers["num_batch_threads"] or otherwise.threads, MOST_THREADS),
        # A batch that waits may be of single rows.
        most_waiting=otherwise.most_waiting if batches is None else min(batches * items, 2**31),
    )
