"""What fixes a network's shape: a configuration of Table 1, its classes, its width, its training crop."""

from dataclasses import dataclass

from models.architectures import BLOCK_CHANNELS, FC_CHANNELS, STRIDE, architecture
from models.errors import InputError


@dataclass(frozen=True)
class Net:
    """What fixes a network's shape.

    Attributes:
        configuration: the paper's letter.
        classes: outputs of fc8.
        width: divisor of every layer's channels except fc8's; 1 is the paper's network.
        input_size: side of the training crop in pixels, a multiple of 32; 224 is the paper's.
    """

    configuration: str
    classes: int = 1000
    width: int = 1
    input_size: int = 224

    def __post_init__(self):
        architecture(self.configuration)
        if self.input_size < STRIDE or self.input_size % STRIDE:
            raise InputError(f"input size {self.input_size}: expected a multiple of {STRIDE} pixels")
        if self.width < 1 or BLOCK_CHANNELS[0] % self.width:
            raise InputError(f"width {self.width}: expected a divisor of {BLOCK_CHANNELS[0]}")
        if self.classes < 1:
            raise InputError(f"classes {self.classes}: expected at least 1")

    @property
    def fc6_side(self) -> int:
        """Side of the last pool's output at the training size: fc6's kernel, 7 in the paper."""
        return self.input_size // STRIDE

    @property
    def fc_channels(self) -> int:
        """Outputs of fc6 and of fc7, 4096 in the paper."""
        return FC_CHANNELS // self.width
