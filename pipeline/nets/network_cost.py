"""What a network costs, by arithmetic on Table 1: parameters, floating-point operations, receptive field."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.architectures import BLOCK_CHANNELS, LRN, architecture
from models.net import Net


@dataclass(frozen=True)
class Cost:
    """What one network costs.

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
        """Operations of a training step for one image: a forward pass, and twice as many backwards, once for
        the gradients of the inputs and once for those of the weights."""
        return 3 * self.forward_flop

    @property
    def weight_bytes(self) -> int:
        """The size of all weights and biases in float32, bytes."""
        return 4 * self.parameters


def cost(net: Net) -> Cost:
    """Adds up the layers of `net`."""
    layers = list(_layers(net, net.input_size, net.input_size))
    return Cost(
        weight_layers=architecture(net.configuration).weight_layers,
        parameters=sum(weights + biases for weights, biases, _ in layers),
        forward_flop=sum(2 * weights * places for weights, _, places in layers),
        receptive_field=receptive_field(net),
    )


def dense_flop(net: Net, height: int, width: int) -> int:
    """Floating-point operations of one forward pass of the fully convolutional net over an image."""
    return sum(2 * weights * places for weights, _, places in _layers(net, height, width))


def _layers(net: Net, height: int, width: int) -> Iterator[tuple[int, int, int]]:
    """(weights, biases, places that they are applied to) of each layer, for an image of height x width."""
    channels_in = 3
    for layers, block_channels in zip(architecture(net.configuration).blocks, BLOCK_CHANNELS, strict=True):
        channels = block_channels // net.width
        for kernel in (layer for layer in layers if layer != LRN):
            yield kernel * kernel * channels_in * channels, channels, height * width
            channels_in = channels
        height, width = height // 2, width // 2
    side = net.fc6_side
    height, width = height - side + 1, width - side + 1
    for channels in (net.fc_channels, net.fc_channels, net.classes):
        yield side * side * channels_in * channels, channels, height * width
        side, channels_in = 1, channels


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
