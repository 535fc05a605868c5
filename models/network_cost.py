"""What a network costs, by arithmetic on Table 1: parameters, floating-point operations, receptive field."""

from dataclasses import dataclass

from models.architectures import BLOCK_CHANNELS, LRN, architecture
from models.vgg import Net


@dataclass(frozen=True)
class Cost:
    """Of one network.

    Attributes:
        weight_layers: as Table 1 counts them.
        parameters: weights and biases.
        forward_flop: floating-point operations of one forward pass of one image at the training size; a
            multiplication and an addition are two. Convolutions and fully connected layers only.
        receptive_field: side, in pixels of the image, of what one output of the last convolution sees.
    """

    weight_layers: int
    parameters: int
    forward_flop: int
    receptive_field: int

    @property
    def training_flop(self) -> int:
        """Of a training step's one image: forward, and twice that backward (inputs and weights)."""
        return 3 * self.forward_flop

    @property
    def weight_bytes(self) -> int:
        """In float32."""
        return 4 * self.parameters


def cost(net: Net) -> Cost:
    """Adds up the layers of `net`."""
    parameters = flop = 0
    side, channels_in = net.input_size, 3
    for layers, block_channels in zip(architecture(net.configuration).blocks, BLOCK_CHANNELS, strict=True):
        channels = block_channels // net.width
        for kernel in (layer for layer in layers if layer != LRN):
            weights = kernel * kernel * channels_in * channels
            parameters += weights + channels
            flop += 2 * weights * side * side
            channels_in = channels
        side //= 2
    for channels in (net.fc_channels, net.fc_channels, net.classes):
        weights = side * side * channels_in * channels
        parameters += weights + channels
        flop += 2 * weights
        side, channels_in = 1, channels
    return Cost(architecture(net.configuration).weight_layers, parameters, flop, receptive_field(net))


def receptive_field(net: Net) -> int:
    """A kernel of side k adds (k - 1) strides; a pool adds one and doubles the stride."""
    field, stride = 1, 1
    blocks = architecture(net.configuration).blocks
    for number, layers in enumerate(blocks, start=1):
        field += sum((kernel - 1) * stride for kernel in layers if kernel != LRN)
        if number < len(blocks):
            field += stride
            stride *= 2
    return field
