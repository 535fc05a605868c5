"""Every setting of the server, in one place: the fields are the flags of `vgg serve`.

Names are TensorFlow Serving's own wherever it has such a flag.
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
}


def _flag(default, meaning: str):
    return field(default=default, metadata={"help": meaning})


@dataclass(frozen=True)
class Options:
    """Settings of a server; see each field's help."""

    model_base_path: str | None = _flag(None, "Folder of version folders: BASE/VERSION/saved_model.pb.")
    model_name: str = _flag("vgg", "Name of the model in requests.")
    model_config_file: str | None = _flag(
        None, "TF Serving's models.config (several models, version policy, labels) in place of the two above."
    )
    host: str = _flag("127.0.0.1", "Address to listen on; 0.0.0.0 or :: for all.")
    port: int = _flag(8500, "gRPC port; 0 for any free one.")
    rest_api_port: int = _flag(8501, "REST port; 0 for any free one, -1 for no REST.")
    file_system_poll_wait_seconds: float = _flag(
        1.0, "Seconds between two looks for new versions; 0: only once, at the start."
    )
    fail_if_no_model_versions_found: bool = _flag(
        False, "End with status 2 where there is no version yet; else the server waits for the first."
    )
    max_batch_size: int = _flag(8, "Most items computed in one go; longer requests are computed in parts.")
    batch_timeout_micros: int = _flag(
        0, "How long a request waits for others to join it; 0: only while the threads are busy."
    )
    num_batch_threads: int = _flag(2, "Batches computed at the same time.")
    max_enqueued_requests: int = _flag(128, "Most requests waiting; the next one is refused at once.")
    max_request_items: int = _flag(64, "Most items (images) in a request.")
    max_input_elements: int = _flag(
        3 << 22, "Most numbers in a numeric input tensor, and in a batch; those of 4 Mi pixels are 12582912."
    )
    max_message_bytes: int = _flag(32 * 2**20, "Longest gRPC message and REST body, bytes.")
    max_held_bytes: int = _flag(
        512 * 2**20, "Most bytes of requests held at a time; the next one is refused at once."
    )
    rest_api_timeout_in_ms: int = _flag(120_000, "A REST request that takes longer gets 504; 0: never.")
    grace_period_seconds: float = _flag(30.0, "After SIGTERM, how long running requests may take.")
    tls_certificate: str | None = _flag(None, "PEM file: TLS for gRPC and REST.")
    tls_key: str | None = _flag(None, "PEM file: the certificate's key.")
    tls_client_ca: str | None = _flag(None, "PEM file: clients must show a certificate of this authority.")
    token_file: str | None = _flag(
        None, "File of tokens, one a line; requests must carry one ('authorization: Bearer TOKEN')."
    )
    log_requests: bool = _flag(True, "A line of JSON on standard error for each request.")

    def check(self) -> None:
        """Raises InputError where the settings contradict each other or are out of range."""
        if (self.model_base_path is None) == (self.model_config_file is None):
            raise InputError("give --model_base_path DIR, or --model_config_file FILE, and not both")
        if self.model_base_path is not None:
            check_folder(self.model_name, self.model_base_path)
        for name, least in AT_LEAST.items():
            if getattr(self, name) < least:
                raise InputError(f"--{name} {getattr(self, name)}: expected at least {least}")
        self._check_ports()
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise InputError("--tls_certificate and --tls_key: give both or neither")
        if self.tls_client_ca and not self.tls_certificate:
            raise InputError("--tls_client_ca: needs --tls_certificate and --tls_key")

    def _check_ports(self) -> None:
        for name, least in {"port": 0, "rest_api_port": -1}.items():
            value = getattr(self, name)
            if not least <= value <= 65535:
                raise InputError(f"--{name} {value}: expected a port from {least} to 65535")
        if self.port == self.rest_api_port > 0:
            raise InputError(f"--port and --rest_api_port are both {self.port}: give two ports")

    @property
    def has_rest(self) -> bool:
        """Whether the REST API is served."""
        return self.rest_api_port >= 0

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def check_folder(model: str, base_path: str) -> None:
    """Raises InputError where `base_path` is no folder, of which one with a scheme (gs://) is not asked, or a
    pattern for TensorFlow.
    """
    check_literal(f"model {model}, folder", base_path)
    if "://" not in base_path and not os.path.isdir(base_path):
        raise InputError(
            f"model {model}: no folder {base_path}; expected one of version folders, such as "
            "$VGG_HOME/serving/vgg"
        )


def flags() -> dict[str, tuple[type, object, str]]:
    """Type, default and help of each flag by its name."""
    kinds = {str | None: str}
    return {
        each.name: (kinds.get(each.type, each.type), each.default, each.metadata["help"])
        for each in fields(Options)
    }
