"""A view: one trained net's look at an image, by one method at one Q (section 3.2)."""

from dataclasses import dataclass

from models.protocols import Method


@dataclass(frozen=True, order=True)
class View:
    """One forward pass of each image, and of its horizontal flip.

    Attributes:
        weights: name of the trained net.
        method: a models.protocols.Method.
        shorter_side: Q in pixels.
    """

    weights: str
    method: Method
    shorter_side: int

    @property
    def name(self) -> str:
        """The view as part of a component's id, such as demo.dense.64."""
        return f"{self.weights}.{self.method.value}.{self.shorter_side}"
