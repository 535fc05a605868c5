"""Table 1 of the paper as data: the six configurations A, A-LRN, B, C, D and E.

A digit is a convolution's kernel side; LRN is local response normalisation. Every block ends in a 2x2
max-pool of stride 2, and the three fully connected layers follow.
"""

from dataclasses import dataclass

from models.errors import InputError

LRN = "LRN"
BLOCK_CHANNELS = (64, 128, 256, 512, 512)
FC_CHANNELS = 4096
STRIDE = 32  # five pools of stride 2


@dataclass(frozen=True)
class Architecture:
    """One column of Table 1.

    Attributes:
        name: the paper's letter.
        blocks: for each of the five blocks, its layers: a kernel side or LRN.
    """

    name: str
    blocks: tuple[tuple[int | str, ...], ...]

    @property
    def convolutions(self) -> int:
        """Number of convolutional layers."""
        return sum(layer != LRN for block in self.blocks for layer in block)

    @property
    def weight_layers(self) -> int:
        """Convolutions and the three fully connected layers, as Table 1 counts them."""
        return self.convolutions + 3


ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture("A", ((3,), (3,), (3, 3), (3, 3), (3, 3))),
        Architecture("A-LRN", ((3, LRN), (3,), (3, 3), (3, 3), (3, 3))),
        Architecture("B", ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3))),
        Architecture("C", ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1))),
        Architecture("D", ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3))),
        Architecture("E", ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3))),
    )
}


def architecture(name: str) -> Architecture:
    """The configuration of that name.

    Raises:
        InputError: Table 1 has no such column.
    """
    if name not in ARCHITECTURES:
        raise InputError(
            f"net {name!r}: not in Table 1 of the paper; choose one of {', '.join(ARCHITECTURES)}"
        )
    return ARCHITECTURES[name]
