"""Every setting of the server, in one place: the fields are flags of `vgg serve`.

Names are TensorFlow Serving's own wherever it has such a flag; what is another default here, or another
meaning, is said in its help. Those of its flags that change nothing here are in unused_flags.py.
"""

import ipaddress
import os
from dataclasses import dataclass, field, fields

from models.errors import InputError
from models.literal_paths import check_literal

AT_LEAST = {
    **dict.fromkeys(["max_batch_size", "num_batch_threads", "max_enqueued_requests", "max_request_items"], 1),
    **dict.fromkeys(["max_input_elements", "max_message_bytes", "max_held_bytes"], 1),
    **dict.fromkeys(["batch_timeout_micros", "rest_api_timeout_in_ms", "grace_period_seconds"], 0),
    **dict.fromkeys(["tensorflow_session_parallelism", "tensorflow_intra_op_parallelism"], 0),
    **dict.fromkeys(["tensorflow_inter_op_parallelism", "per_process_gpu_memory_fraction"], 0),
    **dict.fromkeys(["model_config_file_poll_wait_seconds", "request_log_file_seconds"], 0),
    "request_log_file_bytes": 1,
}
ANY_FREE = -1


def _flag(default, meaning: str):
    return field(default=default, metadata={"help": meaning})


@dataclass(frozen=True)
class Options:
    """Settings of a server; see each field's help. An empty text is none."""

    model_base_path: str | None = _flag(
        None, "Folder of version folders: BASE/VERSION/saved_model.pb. An absolute path or a URI."
    )
    model_name: str = _flag("vgg", "Name of the model in requests. (TF Serving: 'default'.)")
    model_config_file: str | None = _flag(
        None, "TF Serving's models.config (several models, version policy, labels) in place of the two above."
    )
    model_config_file_poll_wait_seconds: float = _flag(
        0.0, "Seconds between two looks at that file; 0: only once, at the start."
    )
    host: str = _flag("127.0.0.1", "Address to listen on; 0.0.0.0 or :: for all. (TF Serving: all.)")
    port: int = _flag(8500, "gRPC port; 0 for none, -1 for any free one.")
    grpc_socket_path: str | None = _flag(None, "A UNIX socket that gRPC listens on too.")
    grpc_channel_arguments: str = _flag("", "Settings of the gRPC server: NAME=VALUE,NAME=VALUE.")
    rest_api_port: int = _flag(8501, "REST port; 0 for none, -1 for any free one. (TF Serving: 0.)")
    rest_api_timeout_in_ms: int = _flag(
        120_000, "A REST request that takes longer gets 504; 0: never. (TF Serving: 30000.)"
    )
    rest_api_enable_cors_support: bool = _flag(False, "Lets web pages from anywhere ask the REST API.")
    file_system_poll_wait_seconds: float = _flag(
        1.0, "Seconds between two looks for new versions; 0 or less: only once, at the start."
    )
    fail_if_no_model_versions_found: bool = _flag(
        False, "End with status 2 where there is no version yet; else the server waits for the first."
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "Lets a label that is new name a version that is not loaded."
    )
    enable_batching: bool = _flag(
        False,
        "Join and split requests of every signature along the first dimension; else of those alone of which "
        "the model says that they compute row by row.",
    )
    batching_parameters_file: str | None = _flag(
        None, "TF Serving's batching.config in place of the next four flags; needs --enable_batching."
    )
    max_batch_size: int = _flag(8, "Most items computed in one go; longer requests are computed in parts.")
    batch_timeout_micros: int = _flag(
        0, "How long a request waits for others to join it; 0: only while the threads are busy."
    )
    num_batch_threads: int = _flag(2, "Requests or batches computed at the same time.")
    max_enqueued_requests: int = _flag(128, "Most requests waiting; the next one is refused at once.")
    max_request_items: int = _flag(1 << 20, "Most items (images, rows) in a request.")
    max_input_elements: int = _flag(
        1 << 26, "Most numbers or strings in an input tensor, in a batch, and in a REST body."
    )
    max_message_bytes: int = _flag(256 * 2**20, "Longest gRPC message and REST body, bytes.")
    max_held_bytes: int = _flag(
        1024 * 2**20, "Most bytes of requests held at a time; the next one is refused at once."
    )
    grace_period_seconds: float = _flag(30.0, "After SIGTERM, how long running requests may take.")
    saved_model_tags: str = _flag("serve", "Tags of the graph in the SavedModel, with commas between them.")
    enable_model_warmup: bool = _flag(True, "Answer a model's warm-up requests before anyone else's.")
    num_request_iterations_for_warmup: int = _flag(0, "How often each of them is answered; 0: once.")
    enable_signature_method_name_check: bool = _flag(
        False, "Classify and Regress only by signatures whose method name says so."
    )
    enable_serialization_as_tensor_content: bool = _flag(False, "gRPC answers hold numbers as bytes.")
    tensorflow_session_parallelism: int = _flag(0, "Threads of TensorFlow for both of the next; 0: its own.")
    tensorflow_intra_op_parallelism: int = _flag(0, "Threads of TensorFlow for one operation; 0: its own.")
    tensorflow_inter_op_parallelism: int = _flag(0, "Operations at the same time; 0: TensorFlow's own.")
    tensorflow_session_config_file: str | None = _flag(None, "A ConfigProto for TensorFlow, in text form.")
    per_process_gpu_memory_fraction: float = _flag(
        0.0, "Share of a GPU's memory that is taken at once; 0: as much as is needed."
    )
    monitoring_config_file: str | None = _flag(
        None, "TF Serving's monitoring.config: the path of the metrics. Without it they are there too."
    )
    tls_certificate: str | None = _flag(None, "PEM file: TLS for gRPC and REST.")
    tls_key: str | None = _flag(None, "PEM file: the certificate's key.")
    tls_client_ca: str | None = _flag(None, "PEM file: clients must show a certificate of this authority.")
    ssl_config_file: str | None = _flag(
        None, "TF Serving's SSLConfig, in text form: TLS for gRPC, in place of the three above."
    )
    use_alts_credentials: bool = _flag(False, "Google Cloud's ALTS for gRPC.")
    token_file: str | None = _flag(
        None, "File of tokens, one a line; requests must carry one ('authorization: Bearer TOKEN')."
    )
    log_requests: bool = _flag(True, "A line of JSON on standard error for each request.")
    request_log_prefix: str | None = _flag(
        None,
        "Answered requests are written, as TF Serving's PredictionLogs, to TFRecord files whose paths begin "
        "so, such as /logs/vgg. With --model_config_file its logging_config says it.",
    )
    request_log_sampling_rate: float = _flag(1.0, "The share of them that is written, 0 to 1.")
    request_log_seed: int = _flag(0, "Which ones are drawn.")
    request_log_file_bytes: int = _flag(64 * 2**20, "Bytes of such a file after which the next one begins.")
    request_log_file_seconds: float = _flag(
        600.0, "The same in seconds; until then its name begins with a dot."
    )

    def __post_init__(self):
        for each in fields(self):
            if each.default is None and getattr(self, each.name) == "":
                object.__setattr__(self, each.name, None)

    def check(self) -> None:
        """Raises InputError where the settings contradict each other or are out of range."""
        for name, least in AT_LEAST.items():
            if getattr(self, name) < least:
                raise InputError(f"--{name} {getattr(self, name)}: expected at least {least}")
        self._check_model()
        self._check_ports()
        self._check_security()
        if self.batching_parameters_file and not self.enable_batching:
            raise InputError("--batching_parameters_file: needs --enable_batching")
        if self.per_process_gpu_memory_fraction > 1:
            raise InputError(
                f"--per_process_gpu_memory_fraction {self.per_process_gpu_memory_fraction}: over 1"
            )
        if self.tensorflow_session_parallelism and (
            self.tensorflow_intra_op_parallelism or self.tensorflow_inter_op_parallelism
        ):
            raise InputError("--tensorflow_session_parallelism: not with the other two of its kind")

    def _check_model(self) -> None:
        if self.model_config_file:
            if self.request_log_prefix:
                raise InputError(
                    "--request_log_prefix: not with --model_config_file, whose logging_config says it"
                )
            return  # the name and the base path are ignored: the Docker image's entry point gives them too
        if not self.model_base_path:
            raise InputError("give --model_base_path DIR, or --model_config_file FILE")
        if not self.model_name:
            raise InputError("--model_name: expected a name")
        check_path(self.model_name, self.model_base_path)
        must_be_there = self.fail_if_no_model_versions_found or self.file_system_poll_wait_seconds <= 0
        if must_be_there and "://" not in self.model_base_path and not os.path.isdir(self.model_base_path):
            raise InputError(
                f"model {self.model_name}: no folder {self.model_base_path}; expected one of version "
                "folders, such as $VGG_HOME/serving/vgg"
            )

    def _check_ports(self) -> None:
        for name in ("port", "rest_api_port"):
            value = getattr(self, name)
            if not ANY_FREE <= value <= 65535:
                raise InputError(f"--{name} {value}: expected a port up to 65535, 0 or -1")
        if self.port == self.rest_api_port > 0:
            raise InputError(f"--port and --rest_api_port are both {self.port}: give two ports")
        if not (self.port or self.rest_api_port or self.grpc_socket_path):
            raise InputError("--port 0 and --rest_api_port 0: nothing to listen on")

    def _check_security(self) -> None:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise InputError("--tls_certificate and --tls_key: give both or neither")
        if self.tls_client_ca and not self.tls_certificate:
            raise InputError("--tls_client_ca: needs --tls_certificate and --tls_key")
        if sum(map(bool, (self.tls_certificate, self.ssl_config_file, self.use_alts_credentials))) > 1:
            raise InputError(
                "--tls_certificate, --ssl_config_file and --use_alts_credentials: give one of them"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def check_path(model: str, base_path: str) -> None:
    """Raises InputError where `base_path` is another folder wherever the server is started, or a pattern for
    TensorFlow.
    """
    if "://" not in base_path and not os.path.isabs(base_path):
        raise InputError(
            f"model {model}: folder {base_path}; expected an absolute path, or a URI such as gs://..."
        )
    check_literal(f"model {model}, folder", base_path)


def flags() -> dict[str, tuple[type, object, str]]:
    """Type, default and help of each flag by its name."""
    kinds = {str | None: str}
    return {
        each.name: (kinds.get(each.type, each.type), each.default, each.metadata["help"])
        for each in fields(Options)
    }
