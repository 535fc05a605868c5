"""Backslashes in what ML Metadata writes to PostgreSQL.

ML Metadata (1.16, 1.21) quotes a text with a backslash as PostgreSQL's E'...' and then takes off only the
outer quotes, so that the statement is a syntax error. JSON within JSON has backslashes: the options of
StatisticsGen and a Trainer's configuration could not be recorded. So texts go there with another character in
their place.
"""

import functools
from collections.abc import Mapping, Sequence

import ml_metadata
from google.protobuf.message import Message
from ml_metadata.proto import metadata_store_pb2

BACKSLASH, STANDS_FOR = "\\", "\x1f"
"""ASCII's separator of units: JSON has it only escaped, and no path or name of ours has it."""


@functools.cache
def keep_backslashes() -> None:
    """From now on, in this process; of stores in PostgreSQL alone."""
    plain = ml_metadata.MetadataStore._call_method

    @functools.wraps(plain)
    def call(store, name: str, request: Message, response: Message) -> None:
        if not _is_postgresql(store):
            plain(store, name, request, response)
            return
        _replace(request, BACKSLASH, STANDS_FOR)
        plain(store, name, request, response)
        _replace(response, STANDS_FOR, BACKSLASH)

    ml_metadata.MetadataStore._call_method = call


def _is_postgresql(store: ml_metadata.MetadataStore) -> bool:
    config = store._config
    return isinstance(config, metadata_store_pb2.ConnectionConfig) and config.HasField("postgresql")


def _replace(message: Message, old: str, new: str) -> None:
    """In all texts of a message."""
    for field, value in message.ListFields():
        if isinstance(value, str):
            setattr(message, field.name, value.replace(old, new))
        elif isinstance(value, Message):
            _replace(value, old, new)
        elif isinstance(value, Mapping):
            _replace_each(value, value.keys(), old, new)
        elif isinstance(value, Sequence) and not isinstance(value, bytes):
            _replace_each(value, range(len(value)), old, new)


def _replace_each(container, places, old: str, new: str) -> None:
    for place in list(places):
        if isinstance(container[place], Message):
            _replace(container[place], old, new)
        elif isinstance(container[place], str):
            container[place] = container[place].replace(old, new)
