"""TensorFlow Serving's configuration files whose messages its package lacks: batching, TLS, metrics."""

from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import Message

from models.errors import InputError

PACKAGE = "vgg_serve"
FIELDS = {
    "Number": {"value": "INT64"},
    "Text": {"value": "STRING"},
    "Truth": {"value": "BOOL"},
    "BatchingParameters": {
        **dict.fromkeys(["max_batch_size", "batch_timeout_micros", "max_enqueued_batches"], "Number"),
        **dict.fromkeys(["num_batch_threads", "max_execution_batch_size"], "Number"),
        "thread_pool_name": "Text",
        "allowed_batch_sizes": "INT64*",
        "pad_variable_length_inputs": "BOOL",
        "enable_large_batch_splitting": "Truth",
    },
    "SSLConfig": {
        "server_key": "STRING",
        "server_cert": "STRING",
        "custom_ca": "STRING",
        "client_verify": "BOOL",
    },
    "PrometheusConfig": {"enable": "BOOL", "path": "STRING"},
    "MonitoringConfig": {"prometheus_config": "PrometheusConfig"},
}
"""Types of the fields by message; `*` for any number of values. The text form has no numbers of fields."""


def read_text(flag: str, path: str, kind: str | Message) -> Message:
    """The message of a file in protobuf's text form: a new one of the name, or the one that is given, filled.

    Raises:
        InputError: it cannot be read, or is no such message.
    """
    message = kind if isinstance(kind, Message) else _kinds()[kind]()
    name = message.DESCRIPTOR.name
    try:
        return text_format.Parse(Path(path).read_text(encoding="utf-8"), message)
    except OSError as error:
        raise InputError(f"--{flag} {path}: {error.strerror}") from None
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise InputError(f"--{flag} {path}: no {name} in text form: {error}") from None


def _kinds() -> dict[str, type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(name=f"{PACKAGE}.proto", package=PACKAGE, syntax="proto3")
    for name, kinds in FIELDS.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(kinds.items(), start=1):
            added = message.field.add(name=field, number=number, label=3 if kind.endswith("*") else 1)
            if kind in FIELDS:
                added.type_name = f".{PACKAGE}.{kind}"
            else:
                added.type = getattr(added, f"TYPE_{kind.rstrip('*')}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    get = getattr(message_factory, "GetMessageClass", None)  # since protobuf 4.22
    get = get or message_factory.MessageFactory(pool).GetPrototype
    return {name: get(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in FIELDS}
