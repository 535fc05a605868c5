"""Which of a model's versions answer: those that are loaded, of what the policy asks for and the disk has."""

from collections.abc import Mapping

from serving.server.versions.model_config import ModelConfig
from serving.server.versions.version import State, Version


def available(versions: Mapping[int, Version]) -> set[int]:
    """Numbers of those that answer."""
    return {number for number, each in versions.items() if each.state == State.AVAILABLE}


def failures(versions: Mapping[int, Version]) -> dict[int, str]:
    """Why versions could not be loaded, by number."""
    return {number: each.error for number, each in versions.items() if each.failed is not None}


def wanted(versions: Mapping[int, Version], config: ModelConfig, found: Mapping[int, str]) -> list[int]:
    """What the policy asks for, of the versions on the disk, `found`, less those that could not be loaded."""
    return config.wanted(found.keys() - failures(versions).keys())


def kept(versions: Mapping[int, Version], config: ModelConfig, found: Mapping[int, str]) -> set[int]:
    """The versions that go on answering: those wanted, or all where none of them is there."""
    there = available(versions)
    return there & set(wanted(versions, config, found)) or there
