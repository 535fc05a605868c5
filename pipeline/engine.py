"""What carries a pipeline out."""

from enum import Enum


class Engine(Enum):
    """Where a pipeline runs."""

    LOCAL = "local"
    VERTEX = "vertex"
    KUBEFLOW = "kubeflow"
